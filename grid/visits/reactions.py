"""A photo that shows (nearly) the same as another one sends the visits of both to be checked."""

from grid.evidence.types import NearDuplicateFound
from grid.kit.outbox import reaction
from grid.visits.checking import flag_copied


@reaction(NearDuplicateFound)
async def check_copied_photos(event: NearDuplicateFound) -> None:
    """Only jobs of visits that were looked at already; the others are seen when they are."""
    subjects = (
        (event.first_subject_kind, event.first_subject_id),
        (event.second_subject_kind, event.second_subject_id),
    )
    await flag_copied([subject_id for kind, subject_id in subjects if kind == "work_order"])
