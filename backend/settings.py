"""The settings of one Wangge installation: read once, typed, refused by name when wrong.

Values come from environment variables `WANGGE_<NAME>` and from an optional TOML file named by
`WANGGE_CONFIG` (lower-case names, no prefix); the environment wins. `backend/README.md` lists
every setting, and a test keeps that table true.
"""

import functools
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from backend.keys import KeyRing, Secret, SecretRefused
from backend.refused import Refused

PREFIX = "WANGGE_"
CONFIG_VARIABLE = "WANGGE_CONFIG"

Url = Annotated[str, Meta(max_length=2048)]

_WEB = {"schemes": ("http", "https")}
_POSTGRES = {"schemes": ("postgresql", "postgres")}


class SettingsError(Refused):
    """Settings are missing, unknown or malformed; the text names each one and no value."""


class DatabaseSettings(Struct, frozen=True, kw_only=True):
    """What the commands need that only speak to the database."""

    database_url: Annotated[
        Secret,
        Meta(description="PostgreSQL address of the run-time role", extra=_POSTGRES),
    ]
    migration_database_url: Annotated[
        Secret | None,
        Meta(
            description="PostgreSQL address of the role that owns the tables, for migrations and "
            "backups; the run-time address when absent",
            extra=_POSTGRES,
        ),
    ] = None
    database_pool_max: Annotated[
        int, Meta(ge=1, le=200, description="most connections one process holds")
    ] = 8
    demo: Annotated[
        bool, Meta(description="a demo or test installation: business time may be moved")
    ] = False
    home: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        Meta(description="directory of a one-machine installation"),
    ] = None
    blob_dir: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        Meta(
            description="folder of photos and files; without one none can be sent or seen; "
            "several machines share one"
        ),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level that is logged")
    ] = "info"

    @property
    def owner_database_url(self) -> Secret:
        """The address that migrations, backups and restores use."""
        return self.migration_database_url or self.database_url


class Settings(DatabaseSettings, frozen=True, kw_only=True):
    """Everything a web or worker process is told from outside."""

    redis_url: Annotated[
        Secret,
        Meta(
            description="address of Valkey or Redis (transport only)",
            extra={"schemes": ("redis", "rediss", "unix")},
        ),
    ]
    base_url: Annotated[
        Url,
        Meta(description="the outside address of this service, without a final slash", extra=_WEB),
    ]
    session_keys: Annotated[
        KeyRing,
        Meta(
            description="keys that sign staff access tokens: `kid:secret,kid2:secret2`; "
            "the first signs, the others still verify"
        ),
    ]
    cookie_keys: Annotated[
        KeyRing, Meta(description="keys that sign cookies of browser pages, same form")
    ]
    wechat_app_id: Annotated[
        str, Meta(pattern=r"^wx[0-9A-Za-z]{6,62}$", description="AppID of the official account")
    ]
    wechat_app_secret: Annotated[
        Secret, Meta(description="AppSecret of the official account", extra={"min_length": 16})
    ]
    wechat_original_id: Annotated[
        str, Meta(pattern=r"^gh_[0-9A-Za-z]{6,61}$", description="original id (原始ID), `gh_…`")
    ]
    wechat_token: Annotated[
        Secret, Meta(description="token that signs callbacks", extra={"min_length": 16})
    ]
    wechat_token_previous: Annotated[
        Secret | None,
        Meta(description="the token before a rotation, still accepted", extra={"min_length": 16}),
    ] = None
    wechat_encoding_aes_key: Annotated[
        Secret, Meta(description="EncodingAESKey of safe mode", extra={"length": 43})
    ]
    wechat_encoding_aes_key_previous: Annotated[
        Secret | None,
        Meta(description="the EncodingAESKey before a rotation", extra={"length": 43}),
    ] = None
    wechat_api_base_url: Annotated[
        Url,
        Meta(
            description="where the platform's interfaces are called (the simulator in a demo)",
            extra=_WEB,
        ),
    ] = "https://api.weixin.qq.com"
    wechat_oauth_base_url: Annotated[
        Url,
        Meta(description="where a page inside WeChat sends the reader to authorize", extra=_WEB),
    ] = "https://open.weixin.qq.com"
    wechat_allow_plain: Annotated[
        bool, Meta(description="accept callbacks that are not encrypted")
    ] = False
    head_end_readings_keys: Annotated[
        KeyRing,
        Meta(
            description="keys the head-end may send readings with: `kid:secret`, or "
            "`kid:secret@10.1.0.0/16+10.2.0.7` to bind one to addresses; none refuses all"
        ),
    ] = KeyRing()
    head_end_events_keys: Annotated[
        KeyRing, Meta(description="keys for meter and terminal events, same form")
    ] = KeyRing()
    head_end_results_keys: Annotated[
        KeyRing, Meta(description="keys for results of commands, same form")
    ] = KeyRing()
    head_end_base_url: Annotated[
        Url | None,
        Meta(description="address of the head-end that takes our commands", extra=_WEB),
    ] = None
    head_end_commands_key: Annotated[
        Secret | None,
        Meta(description="the key we show the head-end with a command", extra={"min_length": 16}),
    ] = None
    province_keys: Annotated[
        KeyRing,
        Meta(
            description="keys shared with the province's 95598, same form; the first signs what "
            "we send; none refuses its orders"
        ),
    ] = KeyRing()
    province_base_url: Annotated[
        Url | None,
        Meta(description="address of the province's 95598 that takes our feedback", extra=_WEB),
    ] = None
    metrics_key: Annotated[
        Secret | None,
        Meta(
            description="bearer key of `GET /metrics`; without one only this machine may read it",
            extra={"min_length": 16},
        ),
    ] = None
    location_convert: Annotated[
        bool, Meta(description="WeChat locations are GCJ-02 and are converted to WGS-84")
    ] = True
    map_tile_url: Annotated[
        Url | None,
        Meta(
            description="address pattern of map tiles with `{z}/{x}/{y}`; none draws our own lines",
            extra=_WEB,
        ),
    ] = None
    forwarded_allow_ips: Annotated[
        str,
        Meta(max_length=1000, description="proxies whose X-Forwarded-For is believed, by comma"),
    ] = "127.0.0.1"


def _decode(kind: type, value: Any) -> Any:
    """Build our own types from the text of a setting (msgspec's `dec_hook`)."""
    if not isinstance(value, str):
        raise SecretRefused("expected text")
    if kind is KeyRing:
        return KeyRing.parse(value)
    if kind is Secret:
        return Secret(value)
    # By msgspec's protocol: a type that is none of ours, which it then refuses by its own words.
    raise NotImplementedError(kind)


def _check_extra(value: Any, extra: dict[str, Any]) -> None:
    """Hold a value against the limits msgspec does not know for our types."""
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str):
        return
    if "min_length" in extra and len(text) < extra["min_length"]:
        raise SecretRefused(f"expected at least {extra['min_length']} characters")
    if "length" in extra and len(text) != extra["length"]:
        raise SecretRefused(f"expected exactly {extra['length']} characters")
    if "schemes" in extra and text.split("://", 1)[0] not in extra["schemes"]:
        raise SecretRefused(f"expected an address that begins with {extra['schemes'][0]}://")
    if "http" in extra.get("schemes", ()) and text.endswith("/"):
        raise SecretRefused("expected an address without a final slash")


def _read_toml(path_text: str) -> dict[str, Any]:
    """Read the file named by `WANGGE_CONFIG`; raises SettingsError naming what is wrong."""
    path = Path(path_text)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{CONFIG_VARIABLE}: cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's message can quote the line, and a line can hold a secret.
        raise SettingsError(f"{CONFIG_VARIABLE}: {path} is not valid TOML in UTF-8") from None


def _gather(environ: Mapping[str, str]) -> dict[str, Any]:
    """Join file and environment into `{lower-case name: raw value}`; the environment wins."""
    raw: dict[str, Any] = {}
    if path_text := environ.get(CONFIG_VARIABLE):
        raw.update(_read_toml(path_text))
    for name, value in environ.items():
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE:
            raw[name.removeprefix(PREFIX).lower()] = value
    return raw


class SettingInfo(Struct, frozen=True):
    """One setting as the documents and the loader see it; `default` is None where required."""

    name: str
    field: msgspec.structs.FieldInfo
    description: str
    limits: dict[str, Any]

    @property
    def variable(self) -> str:
        """The environment variable that carries it."""
        return PREFIX + self.name.upper()


def describe(kind: type[DatabaseSettings]) -> Iterator[SettingInfo]:
    """Every setting of a settings Struct with its words and limits."""
    for field in msgspec.structs.fields(kind):
        metas = [part for part in get_args(field.type)[1:] if isinstance(part, Meta)]
        limits: dict[str, Any] = {}
        for meta in metas:
            limits |= meta.extra or {}
        words = " ".join(meta.description for meta in metas if meta.description)
        yield SettingInfo(field.name, field, words, limits)


def _read_one(info: SettingInfo, value: Any) -> Any:
    """Turn one raw value into its type; raises ValueError whose text holds no value."""
    try:
        built = msgspec.convert(value, info.field.type, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        # msgspec quotes a wrong word of a Literal, and a value must not be quoted.
        words = str(error).split(" - at")[0]
        raise ValueError("is not one of the words" if "enum value" in words else words) from None
    _check_extra(built, info.limits)
    return built


_Kind = TypeVar("_Kind", bound=DatabaseSettings)


def _build(kind: type[_Kind], environ: Mapping[str, str]) -> _Kind:
    """Read and check `kind`; raises SettingsError with every wrong setting on its own line."""
    raw = _gather(environ)
    known = {info.name: info for info in describe(Settings)}
    problems = [f"{PREFIX}{name.upper()}: no such setting" for name in sorted(raw.keys() - known)]
    values: dict[str, Any] = {}
    wanted = {field.name for field in msgspec.structs.fields(kind)}
    for name, info in known.items():
        if name in raw:
            try:
                values[name] = _read_one(info, raw[name])
            except ValueError as error:
                problems.append(f"{info.variable}: {error}")
        elif name in wanted and info.field.required:
            problems.append(f"{info.variable}: is required ({info.description})")
    if problems:
        raise SettingsError("\n".join(problems))
    return kind(**{name: value for name, value in values.items() if name in wanted})


def load(environ: Mapping[str, str]) -> Settings:
    """Read every setting from `environ`; raises SettingsError naming each wrong one."""
    return _build(Settings, environ)


def load_database(environ: Mapping[str, str]) -> DatabaseSettings:
    """Read only what database commands need; a wrong value of any other setting still refuses."""
    return _build(DatabaseSettings, environ)


@functools.cache
def settings() -> Settings:
    """The settings of this process, read from its environment the first time."""
    return load(os.environ)
