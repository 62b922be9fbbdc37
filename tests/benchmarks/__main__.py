"""`python -m tests.benchmarks`: run the rows, print the table, write `bench.json`."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.benchmarks import doors, events, journeys, worklists
from tests.benchmarks.figures import Row, table, write
from tests.benchmarks.services import Services, running

Measure = Callable[..., Awaitable[list[Row]]]

#: Letters of the rows and what measures them.
GROUPS: dict[str, Measure] = {
    "abc": doors.measure,
    "d": events.measure,
    "e": journeys.measure,
    "f": worklists.measure_lists,
    "g": worklists.measure_verbs,
}


async def run(letters: list[str], *, quick: bool) -> list[Row]:
    """Every chosen group on fresh servers of its own."""
    rows: list[Row] = []
    for letter in letters:
        print(f"measuring {letter} ...", file=sys.stderr, flush=True)
        services: Services
        async with running() as services:
            rows += await GROUPS[letter](services, quick=quick)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--rows",
        default=",".join(GROUPS),
        help=f"letters by comma, of {', '.join(GROUPS)}",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    arguments = parser.parse_args()
    letters = [letter.strip() for letter in arguments.rows.split(",")]
    if unknown := set(letters) - set(GROUPS):
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    rows = asyncio.run(run(letters, quick=arguments.quick))
    print(table(rows))
    write(rows, arguments.output)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
