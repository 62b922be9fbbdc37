"""`ready.json`: what a person or a program needs to use a home that serves."""

import os
from collections.abc import Mapping, Sequence

import msgspec

from backend.embedded.home import write_private
from backend.one_machine.configuring import Addresses
from backend.one_machine.home import Home, HomeSecrets

Facts = Mapping[str, Sequence[Mapping[str, object]]]


def write_ready(
    home: Home,
    secrets: HomeSecrets,
    at: Addresses,
    facts: Facts,
    processes: Sequence[tuple[str, int]],
) -> None:
    """Write the file (mode 0600) in one step; its shape is part of the outside contract."""
    ready = {
        "pid": os.getpid(),
        "processes": [{"name": name, "pid": pid} for name, pid in processes],
        "base_url": at.base_url,
        "database_url": at.app_url,
        "redis_url": at.redis_url,
        "wechat": {
            "callback_url": f"{at.base_url}/wechat/callback",
            "app_id": secrets.wechat_app_id,
            "original_id": secrets.wechat_original_id,
            "token": secrets.wechat_token,
            "encoding_aes_key": secrets.wechat_encoding_aes_key,
            "simulator_url": at.wechat_simulator_url,
        },
        "head_end": {
            "inbound_url": f"{at.base_url}/head-end/v1",
            "api_key": secrets.head_end_api_key,
            "simulator_url": at.head_end_simulator_url,
        },
        "province": {
            "inbound_url": f"{at.base_url}/province/v1",
            "key": secrets.province_key_ring,
            "simulator_url": at.province_simulator_url,
        },
        "metrics_key": secrets.metrics_key,
        "settings_file": str(home.settings_file),
        "staff": list(facts.get("staff", ())),
        "customers": list(facts.get("customers", ())),
    }
    write_private(home.ready_file, msgspec.json.encode(ready).decode())
