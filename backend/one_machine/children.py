"""The children of one machine: web processes, worker, simulators."""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from backend.embedded.home import LOOPBACK, write_private
from backend.one_machine.configuring import Addresses
from backend.one_machine.home import Home, HomeSecrets
from backend.supervisor.child import ChildSpec

PROGRAM_ROOT = Path(__file__).parents[2]


def _spec(
    home: Home, environ: Mapping[str, str], name: str, arguments: Sequence[str], fd: int | None
) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=[sys.executable, "-m", *arguments],
        log_path=home.logs / f"{name}.log",
        environ=environ,
        # When the launcher was killed there is nobody left to stop in order for.
        orphan_signal=signal.SIGKILL,
        grace_s=15.0,
        # `-m` looks in the working directory first, where a stranger's `backend` may lie.
        cwd=PROGRAM_ROOT,
        pass_fds=() if fd is None else (fd,),
    )


def web_name(number: int) -> str:
    """The first web process is `web`, the others `web-2`, `web-3`, …"""
    return "web" if number == 1 else f"web-{number}"


def web(home: Home, environ: Mapping[str, str], number: int, fd: int) -> ChildSpec:
    """A web process on the listening socket that all of them share, as they share their metrics."""
    counted = {**environ, "PROMETHEUS_MULTIPROC_DIR": str(home.metrics)}
    return _spec(home, counted, web_name(number), ["backend", "serve", "--fd", str(fd)], fd)


def worker(home: Home, environ: Mapping[str, str]) -> ChildSpec:
    return _spec(home, environ, "worker", ["backend", "worker"], None)


def simulator(
    home: Home, environ: Mapping[str, str], name: str, module: str, config: Path, port: int
) -> ChildSpec:
    """A simulator of an outside party, on the loopback address only."""
    arguments = [module, str(config), "--host", LOOPBACK, "--port", str(port)]
    return _spec(home, environ, name, arguments, None)


def write_simulator_files(
    home: Home, secrets: HomeSecrets, at: Addresses, customers: Sequence[Mapping[str, object]]
) -> None:
    """Tell each simulator who it is and which customers it plays."""
    followers = [
        {
            "openid": customer["openid"],
            "nickname": customer["name"],
            "lat": customer["lat"],
            "lon": customer["lon"],
        }
        for customer in customers
        if customer.get("openid")
    ]
    wechat = {
        "app_id": secrets.wechat_app_id,
        "app_secret": secrets.wechat_app_secret,
        "original_id": secrets.wechat_original_id,
        "token": secrets.wechat_token,
        "encoding_aes_key": secrets.wechat_encoding_aes_key,
        "callback_url": f"{at.base_url}/wechat/callback",
        "followers": followers,
        # People and messages outlive the process, as they would at the platform.
        "journal_path": str(home.directory / "wechat-simulator.journal"),
    }
    head_end = {
        "commands_key": secrets.head_end_commands_key,
        "results_url": f"{at.base_url}/head-end/v1/command-results",
        "results_key": secrets.head_end_api_key,
        "meters": [customer["meter_no"] for customer in customers],
    }
    province = {
        "key": secrets.province_key_ring,
        "orders_url": f"{at.base_url}/province/v1",
    }
    write_private(home.wechat_simulator_file, msgspec.json.encode(wechat).decode())
    write_private(home.head_end_simulator_file, msgspec.json.encode(head_end).decode())
    write_private(home.province_simulator_file, msgspec.json.encode(province).decode())
