"""`python -m backend.province.simulator CONFIG.json --host H --port N`."""

import sys

from backend.province.simulator.app import create_simulator
from backend.province.simulator.types import SimulatorConfig
from backend.simulating import serve

DEFAULT_PORT = 8803


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 2 when the simulator refuses to start."""
    return serve(
        "backend.province.simulator",
        DEFAULT_PORT,
        SimulatorConfig,
        create_simulator,
        "send orders",
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
