"""The load generator: a process of its own that sends prepared requests, one after the other on
each connection, and says how long the answers took."""

import asyncio
import pickle
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import uvloop


class Outcome(NamedTuple):
    """What one round reached; `statuses` counts the answers by HTTP status."""

    per_s: float
    median_ms: float
    p99_ms: float
    statuses: dict[int, int]


async def read_answer(reader: asyncio.StreamReader) -> int:
    """Read one answer with a Content-Length to its end; returns its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    length = 0
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    await reader.readexactly(length)
    return int(lines[0].split(" ")[1])


async def one_connection(
    port: int, requests: list[bytes], waits_ms: list[float], statuses: Counter[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in requests:
            began = time.perf_counter()
            writer.write(request)
            statuses[await read_answer(reader)] += 1
            waits_ms.append((time.perf_counter() - began) * 1000)
    finally:
        writer.close()


async def send(port: int, connections: list[list[bytes]]) -> Outcome:
    """Send every connection's requests, all connections beside each other."""
    waits_ms: list[float] = []
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    await asyncio.gather(
        *(one_connection(port, requests, waits_ms, statuses) for requests in connections)
    )
    took_s = time.perf_counter() - began
    return Outcome(
        len(waits_ms) / took_s,
        median(waits_ms),
        quantiles(waits_ms, n=100)[98],
        dict(statuses),
    )


def main() -> None:
    """`load PORT PLAN OUTCOME`: both files are pickles of this package's own."""
    port, plan, outcome = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    connections: list[list[bytes]] = pickle.loads(plan.read_bytes())
    outcome.write_bytes(pickle.dumps(tuple(uvloop.run(send(port, connections)))))


if __name__ == "__main__":
    main()
