"""Showing a file: the copy to whoever reaches an item of it, the original to very few."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from asyncpg import Record

from grid.evidence.reading import reached, scope_of
from grid.evidence.rules import REFUSAL_WORDS
from grid.evidence.store import store
from grid.evidence.types import BlobState, MediaType, RefusalWord
from grid.kit import audit
from grid.kit.database import fetch_one
from grid.kit.refusals import NotFound, Refusal
from grid.territory.authority import Action
from grid.territory.types import Actor, StaffActor


class CopyNotReady(Refusal):
    """The copy that may be seen is not made yet; it takes seconds."""

    title = "图片正在处理,请稍后再看"


class OriginalRestricted(Refusal):
    """The original is for those who may read originals; `sha256` names the copy for all others."""

    status = 403
    title = "原件只供审计和所长查看"


class ShownBlob(NamedTuple):
    """A file that may be shown; `pieces` are its bytes."""

    sha256: str
    media_type: str
    size_bytes: int
    pieces: AsyncIterator[bytes]

    @property
    def is_picture(self) -> bool:
        return self.media_type in {MediaType.JPEG, MediaType.WEBP, MediaType.PNG}


#: A file under either of its names, with whether its items let the actor see copy or original. The
#: one who sent it sees the copy, too, unless it proves something that is sealed.
_ITEMS = (
    "SELECT FROM evidence_item i JOIN evidence_chain c ON c.subject_id = i.subject_id"
    " WHERE i.sha256 = b.sha256 AND"
)
_SHOWN = (
    "SELECT * FROM (SELECT b.*,"  # noqa: S608 - the clauses are ours
    f" EXISTS ({_ITEMS} {reached(8)}) AS sees_original,"
    f" EXISTS ({_ITEMS} {reached(2)}) OR (EXISTS (SELECT FROM blob_upload u"
    " WHERE u.sha256 = b.sha256 AND u.staff = $5 AND u.state = 'complete')"
    f" AND NOT EXISTS ({_ITEMS} c.sealed)) AS sees_copy"
    " FROM blob b WHERE (b.sha256 = $1 OR b.copy_sha256 = $1) AND b.kept) seen"
    " WHERE sees_copy OR sees_original"
    " ORDER BY (seen.sha256 = $1) DESC, sees_original DESC LIMIT 1"
)


async def show(actor: Actor, sha256: str, *, thumb: bool = False) -> ShownBlob:
    """A file by the hash of its original or of its copy, or its thumbnail. Audited.

    Raises NotFound for what does not exist or is not the actor's to see, CopyNotReady,
    OriginalRestricted.
    """
    if not isinstance(actor, StaffActor):
        raise NotFound("没有这个文件")
    row = await fetch_one(
        _SHOWN,
        sha256,
        *scope_of(actor, Action.READ_EVIDENCE),
        *scope_of(actor, Action.READ_ORIGINALS),
    )
    if row is None:
        raise NotFound("没有这个文件")
    shown = _thumb_of(row) if thumb else _full(row, sha256)
    if await store().size(shown[0]) is None:
        raise NotFound("文件已不在存储中,请联系运维人员")
    is_original = shown[0] == row["sha256"] and row["copy_sha256"] != row["sha256"]
    await audit.record(
        "evidence.read_original" if is_original else "evidence.read", row["sha256"], thumb=thumb
    )
    name, media_type, size_bytes = shown
    return ShownBlob(name, media_type, size_bytes, store().read(name))


_Shown = tuple[str, str, int]


def _thumb_of(row: Record) -> _Shown:
    if row["state"] == BlobState.STORED:
        raise CopyNotReady()
    if row["thumb_sha256"] is None:
        raise NotFound("这个文件没有缩略图")
    return row["thumb_sha256"], MediaType.JPEG.value, row["thumb_bytes"]


def _full(row: Record, sha256: str) -> _Shown:
    """The copy under its own name, or the original under its name for those who may read it."""
    if sha256 == row["copy_sha256"]:
        return sha256, row["copy_media_type"], row["copy_bytes"]
    if row["sees_original"]:
        refused = row["state"] == BlobState.REFUSED
        kind = "application/octet-stream" if refused else row["media_type"]
        return sha256, kind, row["size_bytes"]
    if row["state"] == BlobState.STORED:
        raise CopyNotReady()
    if row["state"] == BlobState.REFUSED:
        raise NotFound(REFUSAL_WORDS[RefusalWord(row["refusal"])])
    raise OriginalRestricted(sha256=row["copy_sha256"])
