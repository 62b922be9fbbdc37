"""The room whose event and reaction are measured: one row for each event, with its moment."""

import time
from uuid import UUID

from grid.kit.database import execute
from grid.kit.outbox import Event, reaction

CREATE = (
    "CREATE TABLE bench_effect (key uuid NOT NULL, done_at double precision NOT NULL)",
    "GRANT ALL ON bench_effect TO PUBLIC",
)
INSERT = "INSERT INTO bench_effect VALUES ($1, $2)"
PROGRAM = "import tests.benchmarks.bench_room; from backend.worker import main; main()"


class Struck(Event):
    """The event that is timed."""

    key: UUID


@reaction(Struck)
async def note_moment(event: Struck) -> None:
    await execute(INSERT, event.key, time.time())
