"""What the simulators of outside parties have in common: how they start, and whom they refuse."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import uvicorn
from litestar import Litestar, Request
from litestar.exceptions import PermissionDeniedException

#: A simulator serves this machine only.
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})

Config = TypeVar("Config", bound=msgspec.Struct)


class SimulatorRefused(Exception):
    """The simulator will not start with this configuration; the text says why."""


def load_config(path: Path, kind: type[Config]) -> Config:
    """Read and check the JSON file at `path`; SimulatorRefused names what is wrong in it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise SimulatorRefused(f"cannot read the configuration: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SimulatorRefused(f"the configuration is malformed: {error}") from error


def serve(
    module: str,
    port: int,
    kind: type[Config],
    create: Callable[[Config], Litestar],
    harm: str,
    arguments: list[str] | None,
) -> int:
    """`python -m MODULE CONFIG.json --host H --port N`: serve until stopped; 2 when it refuses.

    `harm`: what anybody could do if it listened to other machines.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("config", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    given = parser.parse_args(arguments)
    try:
        if given.host not in LOOPBACK_HOSTS:
            raise SimulatorRefused(f"{given.host} is not this machine: anybody could {harm}")
        app = create(load_config(given.config, kind))
    except SimulatorRefused as error:
        sys.stderr.write(f"simulator refused: {error}\n")
        return 2
    uvicorn.run(
        app,
        host=given.host,
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    return 0


def refuse_other_sites(request: Request[Any, Any, Any]) -> None:
    """Refuse what a web page elsewhere could make this machine's browser send."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if host not in LOOPBACK_HOSTS:
        raise PermissionDeniedException("use a loopback name in Host")
    origin = request.headers.get("origin")
    if request.method != "GET" and origin and urlsplit(origin).hostname != host:
        raise PermissionDeniedException("not from another site")
