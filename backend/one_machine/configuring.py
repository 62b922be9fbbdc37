"""The settings of a home: what `wangge up` decides, and what the environment may add."""

import msgspec

from backend.embedded.home import write_private
from backend.one_machine.home import Home, HomeRefused, HomeSecrets
from backend.settings import CONFIG_VARIABLE, PREFIX, Settings, SettingsError, load


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything of one home listens."""

    base_url: str
    owner_url: str
    app_url: str
    redis_url: str
    wechat_simulator_url: str
    head_end_simulator_url: str
    province_simulator_url: str


def decided(home: Home, secrets: HomeSecrets, at: Addresses, *, is_demo: bool) -> dict[str, str]:
    """The settings that follow from the home itself, by name without prefix."""
    head_end_ring = f"home:{secrets.head_end_api_key}"
    return {
        "database_url": at.app_url,
        "migration_database_url": at.owner_url,
        "redis_url": at.redis_url,
        "base_url": at.base_url,
        "demo": "true" if is_demo else "false",
        "home": str(home.directory),
        "blob_dir": str(home.blobs),
        "session_keys": f"home:{secrets.session_key}",
        "cookie_keys": f"home:{secrets.cookie_key}",
        "wechat_app_id": secrets.wechat_app_id,
        "wechat_app_secret": secrets.wechat_app_secret,
        "wechat_original_id": secrets.wechat_original_id,
        "wechat_token": secrets.wechat_token,
        "wechat_encoding_aes_key": secrets.wechat_encoding_aes_key,
        "wechat_api_base_url": at.wechat_simulator_url,
        "wechat_oauth_base_url": at.wechat_simulator_url,
        "head_end_readings_keys": head_end_ring,
        "head_end_events_keys": head_end_ring,
        "head_end_results_keys": head_end_ring,
        "head_end_base_url": at.head_end_simulator_url,
        "head_end_commands_key": secrets.head_end_commands_key,
        "province_keys": secrets.province_key_ring,
        "province_base_url": at.province_simulator_url,
        "metrics_key": secrets.metrics_key,
    }


def write_settings(home: Home, values: dict[str, str], environ: dict[str, str]) -> Settings:
    """Write the home's settings file and return what it says; raises HomeRefused.

    The environment may add settings the home does not decide (a log level, map tiles).
    """
    added = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE
    }
    # JSON strings are TOML strings.
    lines = [
        f"{name} = {msgspec.json.encode(value).decode()}\n"
        for name, value in sorted((added | values).items())
    ]
    write_private(home.settings_file, "".join(lines))
    try:
        return load({CONFIG_VARIABLE: str(home.settings_file)})
    except SettingsError as error:
        raise HomeRefused(f"the settings are not right:\n{error}") from None


def child_environment(home: Home, environ: dict[str, str]) -> dict[str, str]:
    """The environment of our own children: no setting but the name of the settings file."""
    kept = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
    return kept | {CONFIG_VARIABLE: str(home.settings_file)}
