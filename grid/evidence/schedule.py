"""What time does to files: uploads that nobody finished are forgotten."""

from grid.evidence.store import store
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch
from grid.kit.schedule import schedule

#: Uploads forgotten in one run; the rest goes with the next one.
_BATCH = 200


@schedule("evidence.forget_partials", every_s=600)
async def forget_partials() -> None:
    """Drop the bytes, then the rows, of uploads whose time is over and that nobody writes now.

    Somebody who goes on in between begins anew: the store says that the bytes are lost. Items that
    name such a file stay and are listed as missing (Y28).
    """
    now = await business_now()
    due = await fetch(
        "SELECT id FROM blob_upload WHERE state = 'open' AND expires_at <= $1"
        " AND (writing_until IS NULL OR writing_until <= $2) ORDER BY expires_at LIMIT $3",
        now,
        machine_now(),
        _BATCH,
    )
    if not due:
        return
    ids = [row["id"] for row in due]
    await store().drop([upload_id.hex for upload_id in ids])
    await execute(
        "DELETE FROM blob_upload WHERE id = ANY($1::uuid[]) AND state = 'open'"
        " AND expires_at <= $2 AND (writing_until IS NULL OR writing_until <= $3)",
        ids,
        now,
        machine_now(),
    )
