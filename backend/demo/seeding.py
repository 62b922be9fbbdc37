"""Fills an empty database with the demo county, once."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from backend.demo.batches import Batch, Secrets, keys_for, write
from backend.demo.county import SEED, county, towns_for
from backend.demo.customer_rows import customer_batches
from backend.demo.passwords import hashes_of, totp_secret_of
from backend.demo.ready import DemoFacts, customer_count, customer_facts, staff_facts
from backend.demo.territory_rows import territory_batches
from backend.demo.types import DemoCounty
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_value, transaction
from grid.territory.authority import needs_second_factor
from grid.territory.types import StaffRole

Progress = Callable[[str, float], None]
"""Told in words what is being done and which share of the whole is behind us (0 to 1).

It is called from the event loop's thread and from a worker thread, never from both at once.
"""

# A number of our own for the advisory lock, so that two seeders do not both find it empty.
SEEDING_LOCK = 422828
SEEDING_TIMEOUT_S = 120
DRAWN_SHARE, HASHED_SHARE, WRITTEN_SHARE = 0.1, 0.5, 0.95


async def seed(
    *, customers: int, home_secret: bytes, progress: Progress, seed: int = SEED
) -> DemoFacts:
    """Fill the database with a demo of `customers` customers, unless it holds a county already.

    `home_secret` (16 bytes or more, made once for a home and kept there) is what passwords and
    second factors follow from; with the same one a later start shows the same sign-ins. The
    pool must be open. Raises ValueError for an impossible number of customers.
    """
    started_s = time.monotonic()
    now = await business_now()
    seeded = False
    if not await _holds_a_county():
        batches = await asyncio.to_thread(_prepare, customers, seed, home_secret, now, progress)
        seeded = await write_all(batches, progress)
    facts = DemoFacts(
        seeded=seeded,
        took_s=round(time.monotonic() - started_s, 3),
        customer_count=await customer_count(),
        staff=await staff_facts(home_secret, now),
        customers=await customer_facts(),
    )
    progress(f"演示数据：{facts.customer_count} 户，用时 {facts.took_s:.1f} 秒", 1.0)
    return facts


async def _holds_a_county() -> bool:
    """Say whether there is any station, demo or real."""
    return bool(await fetch_value("SELECT EXISTS (SELECT 1 FROM supply_station)"))


def _prepare(
    customers: int, seed: int, home_secret: bytes, now: datetime, progress: Progress
) -> list[Batch]:
    """Build every row in memory; blocks for seconds, so it is called in a thread."""
    progress("绘制演示县（示意图，非行政区划界线）", 0.0)
    found = county(seed, customers, towns_for(customers), business_day(now))
    progress("为员工设置密码", DRAWN_SHARE)
    secrets = _secrets(found, home_secret, progress)
    keys = keys_for(found, now)
    return [*territory_batches(found, keys, secrets), *customer_batches(found, keys)]


def _secrets(found: DemoCounty, home_secret: bytes, progress: Progress) -> Secrets:
    """Hash everybody's password; give a second factor to those whose posts ask for one."""
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        share = DRAWN_SHARE + (HASHED_SHARE - DRAWN_SHARE) * done / len(found.staff)
        progress("为员工设置密码", share)

    return Secrets(
        password_hashes=hashes_of(home_secret, [p.employee_no for p in found.staff], one_more),
        totp_secrets={
            person.employee_no: totp_secret_of(home_secret, person.employee_no)
            for person in found.staff
            if needs_second_factor(frozenset(StaffRole(role) for role in person.roles))
        },
    )


async def write_all(batches: list[Batch], progress: Progress) -> bool:
    """Store all rows or none; gives False when somebody else was faster."""
    total = sum(len(batch.rows) for batch in batches)
    written = 0
    async with transaction():
        # Time-outs that guard the daily work are too short for a whole county at once.
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            await fetch_value("SELECT set_config($1, $2, true)", name, f"{SEEDING_TIMEOUT_S}s")
        await execute("SELECT pg_advisory_xact_lock($1)", SEEDING_LOCK)
        if await _holds_a_county():
            return False
        for batch in batches:
            await write(batch)
            written += len(batch.rows)
            share = HASHED_SHARE + (WRITTEN_SHARE - HASHED_SHARE) * written / total
            progress("写入演示数据", share)
    return True
