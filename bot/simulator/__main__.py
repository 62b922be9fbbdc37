"""`python -m bot.simulator CONFIG.json --host H --port N`."""

import argparse
import ipaddress
import sys
from pathlib import Path

import msgspec
import uvicorn

from bot.simulator.app import create_simulator
from bot.simulator.config import SimulatorRefused, load_config


def is_loopback(host: str) -> bool:
    """Is `host` this machine only?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 2 when the simulator refuses to start."""
    parser = argparse.ArgumentParser(prog="python -m bot.simulator")
    parser.add_argument("config", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8801)
    parser.add_argument("--allow-remote", action="store_true")
    given = parser.parse_args(arguments)
    try:
        if not given.allow_remote and not is_loopback(given.host):
            raise SimulatorRefused(
                f"{given.host} is not loopback: the simulator shows everything to whoever asks; "
                "--allow-remote if you mean it"
            )
        config = load_config(given.config)
        if given.allow_remote:
            config = msgspec.structs.replace(config, allow_remote=True)
        app = create_simulator(config)
    except SimulatorRefused as error:
        sys.stderr.write(f"simulator refused: {error}\n")
        return 2
    uvicorn.run(
        app,
        host=given.host,
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
