"""What one simulated official account is: its credentials, its callback and its followers."""

import base64
import binascii
from pathlib import Path
from typing import Annotated

import msgspec

from bot.simulator.hosts import split

SIMULATED_APP_ID_PREFIX = "wxsim"
MAX_FOLLOWERS = 100_000

Openid = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{6,64}\Z")]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Short = Annotated[str, msgspec.Meta(max_length=256)]


class SimulatorRefused(Exception):
    """The simulator will not start with this configuration; the text says why."""


class FollowerSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One demo follower; `lat` and `lon` (WGS-84 degrees) are the home shown on the small map."""

    openid: Openid
    nickname: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    lat: Latitude | None = None
    lon: Longitude | None = None


class NoticeTemplate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template of the account; `fields` are the keys that `data` must carry, e.g. `thing1`."""

    template_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    title: Short
    fields: Annotated[tuple[Short, ...], msgspec.Meta(max_length=10)]
    long_term: bool = False


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file, whole. Without `templates`, every well-formed id is accepted.

    `quotas` replaces daily limits by name (see `quotas.DAILY_LIMITS`). `messages_per_follower`
    bounds memory: older messages are forgotten. `journal_path` is a file in which people and
    messages outlive the process; without it everything starts empty.
    """

    app_id: Annotated[str, msgspec.Meta(min_length=8, max_length=32)]
    app_secret: Annotated[str, msgspec.Meta(min_length=16, max_length=64)]
    original_id: Annotated[str, msgspec.Meta(min_length=4, max_length=64)]
    token: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{3,64}\Z")]
    encoding_aes_key: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9+/]{43}\Z")]
    callback_url: Annotated[str, msgspec.Meta(max_length=1024)]
    followers: Annotated[tuple[FollowerSeed, ...], msgspec.Meta(max_length=MAX_FOLLOWERS)] = ()
    templates: Annotated[tuple[NoticeTemplate, ...], msgspec.Meta(max_length=200)] = ()
    quotas: dict[str, int] = {}
    messages_per_follower: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    allow_remote: bool = False
    journal_path: Annotated[str, msgspec.Meta(min_length=1)] | None = None


def check_config(config: SimulatorConfig) -> SimulatorConfig:
    """The same configuration, or `SimulatorRefused`.

    A production app id is `wx` and 16 hexadecimal digits. Anything but the `wxsim` prefix is
    refused, so that real secrets never reach a program that shows them to whoever asks.
    """
    if not config.app_id.startswith(SIMULATED_APP_ID_PREFIX):
        raise SimulatorRefused(
            f"app_id must start with {SIMULATED_APP_ID_PREFIX!r}: "
            "the simulator refuses the credentials of a real official account"
        )
    try:
        base64.b64decode(config.encoding_aes_key + "=", validate=True)
    except binascii.Error as error:
        raise SimulatorRefused("encoding_aes_key is not base64 of a 32-byte key") from error
    parts = split(config.callback_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise SimulatorRefused("callback_url must be an http(s) address without a query")
    openids = {follower.openid for follower in config.followers}
    if len(openids) != len(config.followers):
        raise SimulatorRefused("two followers have the same openid")
    return config


def load_config(path: Path) -> SimulatorConfig:
    """Read and check the JSON file at `path`; `SimulatorRefused` names what is wrong in it."""
    try:
        config = msgspec.json.decode(path.read_bytes(), type=SimulatorConfig)
    except OSError as error:
        raise SimulatorRefused(f"cannot read the configuration: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SimulatorRefused(f"the configuration is malformed: {error}") from error
    return check_config(config)
