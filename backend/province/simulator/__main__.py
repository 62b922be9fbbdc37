"""`python -m backend.province.simulator CONFIG.json --host H --port N`."""

import argparse
import sys
from pathlib import Path

import msgspec
import uvicorn

from backend.province.simulator.app import LOOPBACK_HOSTS, create_simulator
from backend.province.simulator.types import SimulatorConfig, SimulatorRefused

DEFAULT_PORT = 8803


def load_config(path: Path) -> SimulatorConfig:
    """Read and check the JSON file at `path`; SimulatorRefused names what is wrong in it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SimulatorConfig)
    except OSError as error:
        raise SimulatorRefused(f"cannot read the configuration: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SimulatorRefused(f"the configuration is malformed: {error}") from error


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 2 when the simulator refuses to start."""
    parser = argparse.ArgumentParser(prog="python -m backend.province.simulator")
    parser.add_argument("config", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    given = parser.parse_args(arguments)
    try:
        if given.host not in LOOPBACK_HOSTS:
            raise SimulatorRefused(f"{given.host} is not this machine: anybody could send orders")
        app = create_simulator(load_config(given.config))
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


if __name__ == "__main__":
    sys.exit(main())
