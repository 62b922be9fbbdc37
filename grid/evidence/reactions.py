"""A file that came is made presentable; a picture that is known is held against all others."""

from grid.evidence.preparing import flag_near_duplicates, prepare_blob
from grid.evidence.types import BlobCompleted, BlobPrepared, EvidenceAttached
from grid.kit.outbox import reaction


@reaction(BlobCompleted)
async def prepare_completed(event: BlobCompleted) -> None:
    """Copy, thumbnail and difference hash, once."""
    await prepare_blob(event.sha256)


@reaction(BlobPrepared)
async def compare_prepared(event: BlobPrepared) -> None:
    """Its items may have been attached before the picture came."""
    await flag_near_duplicates(event.sha256)


@reaction(EvidenceAttached)
async def compare_attached(event: EvidenceAttached) -> None:
    """The picture may have been known before the item was attached."""
    await flag_near_duplicates(event.sha256)
