"""What time does to outages: planned ones begin, children move on, followers are told, all ends."""

from grid.kit.clock import business_now
from grid.kit.schedule import schedule
from grid.outages.children import settle_due
from grid.outages.policies import answer_within
from grid.outages.service import close_due, start_due
from grid.outages.telling import tell_next_batch

#: Looked at in one run; the rest is due at once in the next.
_BATCH = 100


@schedule("outages.start_planned", every_s=5)
async def start_planned() -> None:
    """A planned outage is on from its start, whether or not somebody taps it."""
    await start_due(_BATCH)


@schedule("outages.settle_children", every_s=1)
async def settle_children() -> None:
    """Children follow their outage, end by their limit, or become matters of their own."""
    await settle_due(_BATCH)


@schedule("outages.tell_followers", every_s=2)
async def tell_followers() -> None:
    """Followers of planned outages are told, at a pace."""
    await tell_next_batch()


@schedule("outages.close_answered", every_s=60)
async def close_answered() -> None:
    """An outage whose children have all ended is over, once nobody can answer any more."""
    now = await business_now()
    await close_due(now - await answer_within(now), _BATCH)
