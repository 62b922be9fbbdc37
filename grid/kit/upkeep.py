"""What the kit does when time passes: seal the audit trail, forget what was delivered long ago."""

from datetime import timedelta

from grid.kit import audit, deliveries
from grid.kit.clock import machine_now
from grid.kit.schedule import schedule

#: Far longer than any transaction may run, so the usual sealing misses nobody.
SEAL_BACK = timedelta(minutes=10)
#: The second look, for entries of a machine whose clock was behind.
SEAL_FAR_BACK = timedelta(days=2)
#: Batches in one run of a schedule; the rest is left for the next run.
BATCHES_MAX = 20


@schedule("kit.seal_audit", every_s=3)
async def seal_audit() -> None:
    """Link the newest audit entries."""
    await _seal_since(SEAL_BACK)


@schedule("kit.seal_audit_again", every_s=3600)
async def seal_audit_again() -> None:
    """Link what came late."""
    await _seal_since(SEAL_FAR_BACK)


@schedule("kit.prune_outbox", every_s=60)
async def prune_outbox() -> None:
    """Forget handled deliveries and their events after two weeks."""
    for _ in range(BATCHES_MAX):
        if await deliveries.prune() < deliveries.PRUNE_BATCH:
            return


async def _seal_since(back: timedelta) -> None:
    for _ in range(BATCHES_MAX):
        if await audit.seal(machine_now() - back) < audit.SEAL_BATCH:
            return
