"""Declaring files: what a phone will send, and what of it is here already."""

from asyncpg import Record

from grid.evidence import policies
from grid.evidence.rules import FileLimits
from grid.evidence.types import BlobNeed, DeclareBlobs, NeedState, RefusalWord, UploadState
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, TooMany
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor


async def declare(actor: StaffActor, command: DeclareBlobs) -> list[BlobNeed]:
    """Say which files will be sent; answers what is here of each, in the order asked.

    Safe to say again at any time, which also keeps what is unfinished for another while.
    Raises NotAllowed, Invalid naming the item, TooMany.
    """
    require(actor, Action.ATTACH_EVIDENCE)
    now = await business_now()
    limits, uploads = await policies.file_limits(now), await policies.upload_limits(now)
    _refuse_too_large(command, limits)
    items = sorted({item.sha256: item for item in command.items}.values(), key=lambda i: i.sha256)
    async with transaction():
        await execute(
            "INSERT INTO blob_upload AS u (id, sha256, staff, size_bytes, media_type,"
            " received_bytes, state, declared_at, expires_at)"
            " SELECT d.id, d.sha256, $5, d.size_bytes, d.media_type, 0, 'open', $6, $7 FROM"
            " unnest($1::uuid[], $2::varchar[], $3::int[], $4::varchar[])"
            " AS d(id, sha256, size_bytes, media_type) ON CONFLICT (sha256, staff) DO UPDATE SET"
            " expires_at = EXCLUDED.expires_at,"
            # A length that changes was wrong once: what came under it is not believed.
            " received_bytes = CASE WHEN u.size_bytes = EXCLUDED.size_bytes"
            " OR u.state <> 'open' THEN u.received_bytes ELSE 0 END,"
            " size_bytes = CASE WHEN u.state = 'open' THEN EXCLUDED.size_bytes"
            " ELSE u.size_bytes END",
            [new_id() for _ in items],
            [item.sha256 for item in items],
            [item.bytes for item in items],
            [item.media_type.value for item in items],
            actor.staff_id,
            now,
            now + uploads.keep,
        )
        opened = await fetch_value(
            "SELECT count(*) FROM blob_upload WHERE staff = $1 AND state = 'open'", actor.staff_id
        )
        if opened > uploads.open_uploads:
            raise TooMany(
                f"最多同时有 {uploads.open_uploads} 个没传完的文件,请先传完",
                limit=uploads.open_uploads,
            )
        rows = await fetch(
            "SELECT u.sha256, u.state, u.received_bytes, b.refusal FROM blob_upload u"
            " LEFT JOIN blob b ON b.sha256 = u.sha256"
            " WHERE u.staff = $1 AND u.sha256 = ANY($2::varchar[])",
            actor.staff_id,
            [item.sha256 for item in items],
        )
    needs = {row["sha256"]: _need(row) for row in rows}
    return [needs[item.sha256] for item in command.items]


def _refuse_too_large(command: DeclareBlobs, limits: FileLimits) -> None:
    for number, item in enumerate(command.items):
        most = limits.bytes_for(item.media_type)
        if item.bytes > most:
            words = f"文件最大 {most // 1_000_000} MB"
            raise Invalid(f"items[{number}].bytes", words, limit=most)


def _need(row: Record) -> BlobNeed:
    refusal, state = row["refusal"], NeedState.NEED
    if refusal is not None:
        state = NeedState.REFUSED
    elif row["state"] == UploadState.COMPLETE:
        state = NeedState.HAVE
    return BlobNeed(
        sha256=row["sha256"],
        state=state,
        offset=row["received_bytes"],
        refusal=None if refusal is None else RefusalWord(refusal),
    )
