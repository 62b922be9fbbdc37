"""`python -m backend.head_end.simulator CONFIG.json --host H --port N`."""

import sys

from backend.head_end.simulator.app import create_simulator
from backend.head_end.simulator.types import SimulatorConfig
from backend.simulating import serve

DEFAULT_PORT = 8802


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 2 when the simulator refuses to start."""
    return serve(
        "backend.head_end.simulator",
        DEFAULT_PORT,
        SimulatorConfig,
        create_simulator,
        "set meters",
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
