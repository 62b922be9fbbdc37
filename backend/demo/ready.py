"""What a start of the demo shows to people and programs: who can sign in, who can write in WeChat.

Read from the database each time, so that a second start shows what has become of it. Passwords
are those the seeder made; one that somebody has changed since is no longer true.
"""

from datetime import datetime

import msgspec

from backend.demo.passwords import password_of, totp_secret_of
from backend.demo.people import openid_of
from grid.kit.clock import business_day
from grid.kit.database import fetch, fetch_value

CUSTOMERS_SHOWN_MAX = 2_000
# Only people with an invented phone are of the demo; others were added by its users.
DEMO_PHONES = "199000%"


class DemoStaffFact(msgspec.Struct, frozen=True, kw_only=True):
    """One demo employee: how to sign in, and whether now is their turn."""

    employee_no: str
    password: str
    totp_secret: str | None
    name: str
    roles: list[str]
    grids: list[str]
    on_shift: bool


class DemoCustomerFact(msgspec.Struct, frozen=True, kw_only=True):
    """One demo customer; `openid` is None for people without WeChat."""

    account_no: str
    name: str
    meter_no: str
    phone: str
    openid: str | None
    bound: bool
    grid: str
    district_no: str
    lat: float
    lon: float


class DemoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What `ready.json` says of the demo; `customers` holds at most CUSTOMERS_SHOWN_MAX."""

    seeded: bool
    took_s: float
    customer_count: int
    staff: list[DemoStaffFact]
    customers: list[DemoCustomerFact]


async def customer_count() -> int:
    """Count all service accounts."""
    return int(await fetch_value("SELECT count(*) FROM service_account"))


async def staff_facts(home_secret: bytes, now: datetime) -> list[DemoStaffFact]:
    """Give the demo staff by employee number, with the roles and shifts in force at `now`."""
    rows = await fetch(_STAFF, now, business_day(now), DEMO_PHONES)
    return [
        DemoStaffFact(
            employee_no=row["employee_no"],
            password=password_of(home_secret, row["employee_no"]),
            totp_secret=(
                totp_secret_of(home_secret, row["employee_no"]) if row["has_totp"] else None
            ),
            name=row["name"],
            roles=list(row["roles"]),
            grids=list(row["grids"]),
            on_shift=row["on_shift"],
        )
        for row in rows
    ]


async def customer_facts() -> list[DemoCustomerFact]:
    """Give demo customers of every grid, about equally many, by account number."""
    grids = int(await fetch_value("SELECT count(*) FROM service_grid"))
    rows = await fetch(_CUSTOMERS, DEMO_PHONES, CUSTOMERS_SHOWN_MAX // max(1, grids))
    return [
        DemoCustomerFact(
            account_no=row["account_no"],
            name=row["name"],
            meter_no=row["meter_no"],
            phone=row["phone"],
            openid=row["openid"] or openid_of(row["account_no"]),
            bound=row["openid"] is not None,
            grid=row["grid"],
            district_no=row["district_no"],
            lat=row["lat"],
            lon=row["lon"],
        )
        for row in rows
    ]


_STAFF = """
SELECT s.employee_no, s.name, s.totp_secret IS NOT NULL AS has_totp,
    ARRAY(SELECT g.role FROM staff_role_grant g
          WHERE g.staff = s.id AND g.from_day <= $2 AND (g.until_day IS NULL OR g.until_day > $2)
          UNION SELECT a.role FROM grid_appointment a
          WHERE a.staff = s.id AND a.from_day <= $2 AND (a.until_day IS NULL OR a.until_day > $2)
          ORDER BY 1) AS roles,
    ARRAY(SELECT DISTINCT g.code FROM grid_appointment a JOIN service_grid g ON g.id = a.grid
          WHERE a.staff = s.id AND a.from_day <= $2 AND (a.until_day IS NULL OR a.until_day > $2)
          ORDER BY 1) AS grids,
    EXISTS (SELECT 1 FROM shift
            WHERE shift.staff = s.id AND starts_at <= $1 AND ends_at > $1) AS on_shift
FROM staff s
WHERE s.phone LIKE $3 AND s.state = 'active'
ORDER BY s.employee_no
"""

_CUSTOMERS = """
SELECT c.account_no, c.name, c.phone, c.lat, c.lon, g.code AS grid, d.district_no, m.meter_no,
    (SELECT openid FROM wechat_link l WHERE l.account = c.id AND l.unbound_at IS NULL
     ORDER BY l.bound_at LIMIT 1) AS openid
FROM (SELECT *, row_number() OVER (PARTITION BY grid ORDER BY account_no) AS place_in_grid
      FROM service_account WHERE phone LIKE $1 AND state = 'active') c
JOIN service_grid g ON g.id = c.grid
JOIN transformer_district d ON d.id = c.district
JOIN metering_point p ON p.account = c.id
JOIN meter m ON m.point = p.id AND m.removed_on IS NULL
WHERE c.place_in_grid <= $2
ORDER BY c.account_no
"""
