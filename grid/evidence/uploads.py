"""Sending files: chunks from an offset on; the last one finishes the upload.

Every person sends their own bytes: to know a hash is no proof that one has the file, and nobody's
wrong bytes stand in anybody's way. Equal files become one when they are whole. A chunk is claimed
by a conditional update, written and fsynced outside of any transaction, and only then counted, so
the offset that a phone is told is always on the disk.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.evidence import policies
from grid.evidence.rules import REFUSAL_WORDS, FileLimits, Verdict, judge
from grid.evidence.store import PartialLost, store
from grid.evidence.types import (
    BlobCompleted,
    BlobState,
    RefusalWord,
    UploadState,
    UploadView,
)
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch_one, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor

#: The largest chunk that a phone may send at once.
CHUNK_MAX_BYTES = 256 * 1024
#: Whoever writes a chunk has it to themselves for so long; a dead process holds it no longer.
_WRITER_LEASE = timedelta(seconds=30)


class OffsetWrong(Refusal):
    """The chunk does not begin where the upload stands; `offset` is where it stands."""

    title = "续传位置不对"


class UploadBusy(Refusal):
    """Another chunk of the same upload is being written; ask for the offset and go on."""

    title = "同一个文件正在上传,请稍后再试"


class ChunkDamaged(Refusal):
    """The chunk is not what its checksum says: only this chunk is to be sent again."""

    status = 400
    title = "这一段在传输中损坏,请重传这一段"


class DigestWrong(Refusal):
    """All bytes came and do not hash to the name: the upload begins again from 0."""

    title = "文件内容与登记的不一致,请从头重传"


class ContentNotAccepted(Refusal):
    """The content is not what is accepted here; `word` says why. Sending it again is in vain."""

    status = 415
    title = "不接受这个文件"


class _Claim(NamedTuple):
    """An upload that this call alone writes."""

    id: UUID
    size_bytes: int
    token: UUID

    @property
    def partial(self) -> str:
        return self.id.hex


async def progress(actor: StaffActor, sha256: str) -> UploadView:
    """How far the actor's own upload is. Raises NotFound."""
    require(actor, Action.ATTACH_EVIDENCE)
    row = await _upload_row(actor, sha256)
    return UploadView(sha256=sha256, offset=row["received_bytes"], bytes=row["size_bytes"])


async def take_chunk(
    actor: StaffActor, sha256: str, offset: int, chunk: bytes, checksum: str | None = None
) -> UploadView:
    """Store a chunk that begins at `offset`; the last one finishes the upload.

    `checksum` is `sha256 <base64>` of the chunk. Raises NotFound, OffsetWrong and UploadBusy with
    the right offset, ChunkDamaged, StorageFull, DigestWrong, ContentNotAccepted, Invalid.
    """
    require(actor, Action.ATTACH_EVIDENCE)
    if not 0 < len(chunk) <= CHUNK_MAX_BYTES:
        raise Invalid("body", f"每段 1 到 {CHUNK_MAX_BYTES} 字节", limit=CHUNK_MAX_BYTES)
    if checksum is not None:
        _refuse_damaged(chunk, checksum)
    async with _claimed(actor, sha256, offset) as claim:
        end = offset + len(chunk)
        if end > claim.size_bytes:
            raise Invalid("body", "超出登记的文件大小", limit=claim.size_bytes)
        try:
            await store().write(claim.partial, offset, chunk)
            if end == claim.size_bytes:
                await _finish(sha256, claim)
            else:
                await _count(claim, end)
        except PartialLost:
            await _count(claim, 0)
            raise OffsetWrong("请从头重传", offset=0) from None
    return UploadView(sha256=sha256, offset=end, bytes=claim.size_bytes)


def _refuse_damaged(chunk: bytes, checksum: str) -> None:
    kind, _, encoded = checksum.partition(" ")
    try:
        told = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        told = b""
    if kind != "sha256" or len(told) != hashlib.sha256().digest_size:
        raise Invalid("Upload-Checksum", "应为 sha256 加空格加 base64")
    if hashlib.sha256(chunk).digest() != told:
        raise ChunkDamaged()


@asynccontextmanager
async def _claimed(actor: StaffActor, sha256: str, offset: int) -> AsyncIterator[_Claim]:
    """Hold the upload for one chunk at `offset`; what fails lets it go.

    What succeeds lets it go with the statement that counts the bytes (`_count`, `_settle`).
    """
    token, now = new_id(), machine_now()
    row = await fetch_one(
        "UPDATE blob_upload SET writer = $4, writing_until = $5 WHERE sha256 = $1 AND staff = $2"
        " AND state = 'open' AND received_bytes = $3"
        " AND (writing_until IS NULL OR writing_until <= $6) RETURNING id, size_bytes",
        sha256,
        actor.staff_id,
        offset,
        token,
        now + _WRITER_LEASE,
        now,
    )
    if row is None:
        await _say_why_not(actor, sha256, offset)
    assert row is not None
    claim = _Claim(row["id"], row["size_bytes"], token)
    try:
        yield claim
    except BaseException:
        await execute(
            "UPDATE blob_upload SET writer = NULL, writing_until = NULL"
            " WHERE id = $1 AND writer = $2",
            claim.id,
            claim.token,
        )
        raise


async def _say_why_not(actor: StaffActor, sha256: str, offset: int) -> None:
    """Raises the reason for which nobody may write at this offset now."""
    row = await _upload_row(actor, sha256)
    if row["state"] == UploadState.REFUSED and row["refusal"] is not None:
        raise _not_accepted(RefusalWord(row["refusal"]))
    if row["state"] == UploadState.OPEN and row["received_bytes"] == offset:
        raise UploadBusy(offset=offset)
    raise OffsetWrong(offset=row["received_bytes"])


async def _upload_row(actor: StaffActor, sha256: str) -> Record:
    row = await fetch_one(
        "SELECT u.*, b.refusal FROM blob_upload u LEFT JOIN blob b ON b.sha256 = u.sha256"
        " WHERE u.sha256 = $1 AND u.staff = $2",
        sha256,
        actor.staff_id,
    )
    if row is None:
        raise NotFound("没有登记过这个文件")
    return row


async def _count(claim: _Claim, received: int) -> None:
    """Say that so much is on the disk. Raises UploadBusy when the claim was lost meanwhile."""
    counted = await execute(
        "UPDATE blob_upload SET received_bytes = $3, writer = NULL, writing_until = NULL"
        " WHERE id = $1 AND writer = $2",
        claim.id,
        claim.token,
        received,
    )
    if not counted:
        raise UploadBusy()


async def _finish(sha256: str, claim: _Claim) -> None:
    """All bytes came: hold them against their hash and judge them; then they are kept, or gone.

    The file gets its name before the row that speaks of it is written, so no row is without a file.
    A process that dies between the two makes the phone send the last chunk, or all, again.
    """
    content = await store().read_partial(claim.partial, claim.size_bytes)
    limits = await policies.file_limits(await business_now())
    digest, verdict = await asyncio.to_thread(_digest_and_judge, content, limits)
    if digest != sha256:
        await store().drop([claim.partial])
        await _count(claim, 0)
        raise DigestWrong(offset=0)
    if verdict.refusal is not None and await _is_kept(sha256):
        # It was accepted when the limits were wider, and that stands.
        verdict = verdict._replace(refusal=None)
    if verdict.refusal is None:
        await store().keep(claim.partial, sha256, claim.size_bytes)
    await _settle(sha256, claim, verdict)
    if verdict.refusal is not None:
        await store().drop([claim.partial])
        raise _not_accepted(verdict.refusal)


async def _is_kept(sha256: str) -> bool:
    return bool(await fetch_value("SELECT kept FROM blob WHERE sha256 = $1", sha256))


def _digest_and_judge(content: bytes, limits: FileLimits) -> tuple[str, Verdict]:
    return hashlib.sha256(content).hexdigest(), judge(content, limits)


async def _settle(sha256: str, claim: _Claim, verdict: Verdict) -> None:
    """Write down what became of it; the first whole copy of a file is said to the others."""
    async with transaction():
        counted = await execute(
            "UPDATE blob_upload SET state = $3, received_bytes = size_bytes,"
            " writer = NULL, writing_until = NULL WHERE id = $1 AND writer = $2 AND state = 'open'",
            claim.id,
            claim.token,
            (UploadState.REFUSED if verdict.refusal else UploadState.COMPLETE).value,
        )
        if not counted:
            raise UploadBusy()
        is_first = await execute(
            "INSERT INTO blob (sha256, media_type, size_bytes, state, refusal, kept, width_px,"
            " height_px, completed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT (sha256) DO NOTHING",
            sha256,
            verdict.media_type.value if verdict.media_type else "application/octet-stream",
            claim.size_bytes,
            (BlobState.REFUSED if verdict.refusal else BlobState.STORED).value,
            verdict.refusal.value if verdict.refusal else None,
            verdict.refusal is None,
            verdict.width_px or None,
            verdict.height_px or None,
            await business_now(),
        )
        if is_first and verdict.refusal is None:
            await say(BlobCompleted(sha256=sha256))


def _not_accepted(word: RefusalWord) -> ContentNotAccepted:
    return ContentNotAccepted(REFUSAL_WORDS[word], word=word.value)
