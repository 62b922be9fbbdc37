"""What time does to what other systems owe us: it is chased; old nonces are forgotten."""

from grid.kit.schedule import schedule
from grid.partners.feedback import chase_unacknowledged
from grid.partners.nonces import forget_old


@schedule("partners.chase", every_s=5)
async def chase() -> None:
    """Ask again for acknowledgements that are overdue."""
    await chase_unacknowledged()


@schedule("partners.sweep", every_s=600)
async def sweep() -> None:
    """Forget old nonces."""
    await forget_old()
