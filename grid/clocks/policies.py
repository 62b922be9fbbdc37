"""Which limits hold for a matter: the company's released policies over the values to start with.

Sources: State Grid's ten promises (arrival 45 / 90 / 120 minutes on average, which county boards
measure order by order; restoration 3 h in cities, 4 h in the country; complaints: contact in 24 h,
answer in 5 working days). The handling times of the other 95598 kinds and everything marked
unconfirmed are company practice until the county says otherwise.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import msgspec

from grid.clocks.rules import OfficeHours, Ticking
from grid.clocks.types import Hours, Limit, PauseReason, Target
from grid.kit.calendar import load_calendar
from grid.kit.database import fetch
from grid.kit.dated_settings import EVERYWHERE, define, definitions, value_at

_PROMISES = "国家电网供电服务十项承诺"
_ORDERS = "95598 工单处理时限惯例,待核实"
_BOARD = "县公司指标看板,现场复电 45 分钟"
_UNCONFIRMED = "公司惯例,待核实"

_OFFICE_MINUTES = {
    "opens": define("office_opens_minute", low=0, high=1439, seed=510, source=_UNCONFIRMED),
    "lunch": define("office_lunch_from_minute", low=0, high=1439, seed=720, source=_UNCONFIRMED),
    "back": define("office_lunch_until_minute", low=0, high=1439, seed=840, source=_UNCONFIRMED),
    "closes": define("office_closes_minute", low=1, high=1439, seed=1050, source=_UNCONFIRMED),
}


def _pause_hours(reason: PauseReason, hours: int) -> str:
    name = f"pause_hours.{reason.value}"
    return define(name, low=1, high=720, seed=hours, source=_UNCONFIRMED)


#: The longest time box of a pause for each reason, in hours by the wall clock.
PAUSE_HOURS: dict[PauseReason, str] = {
    PauseReason.CUSTOMER_ABSENT: _pause_hours(PauseReason.CUSTOMER_ABSENT, 24),
    PauseReason.CUSTOMER_ASKED: _pause_hours(PauseReason.CUSTOMER_ASKED, 72),
    PauseReason.SITE_BLOCKED: _pause_hours(PauseReason.SITE_BLOCKED, 24),
    PauseReason.WEATHER: _pause_hours(PauseReason.WEATHER, 48),
    PauseReason.WAITING_MATERIAL: _pause_hours(PauseReason.WAITING_MATERIAL, 120),
    PauseReason.UPSTREAM_OUTAGE: _pause_hours(PauseReason.UPSTREAM_OUTAGE, 48),
    PauseReason.GOVERNMENT: _pause_hours(PauseReason.GOVERNMENT, 240),
}

MINUTE, HOUR, DAY = 60, 3600, 86400


async def longest_pause(reason: PauseReason, at: datetime) -> timedelta:
    """How long a pause for this reason may be, in force at a moment."""
    return timedelta(hours=await value_at(PAUSE_HOURS[reason], at))


async def ticking_now() -> Ticking:
    """The working days, and the office hours with every change that was released."""
    values = {name: _seed(name) for name in _OFFICE_MINUTES.values()}
    base, changes = office_of(values), list[tuple[datetime, OfficeHours]]()
    for row in await fetch(
        "SELECT name, value, effective_from FROM dated_setting WHERE name = ANY($1::varchar[])"
        " AND state = 'released' AND scope = $2 ORDER BY effective_from, released_at",
        list(values),
        EVERYWHERE,
    ):
        values[row["name"]] = int(msgspec.json.decode(row["value"]))
        changes.append((row["effective_from"], office_of(values)))
    return Ticking(await load_calendar(), base, tuple(changes))


def _seed(name: str) -> int:
    return next(known.seed for known in definitions() if known.name == name)


def office_of(minutes: Mapping[str, int]) -> OfficeHours:
    """The stretches of a working day by the four settings; lunch is shut.

    Settings that leave no minute open are a slip of somebody's: then the whole day counts.
    """
    opens, lunch, back, closes = (minutes[name] for name in _OFFICE_MINUTES.values())
    whole = [(opens, closes)]
    stretches = [(opens, lunch), (back, closes)] if opens <= lunch < back <= closes else whole
    found = tuple((_clock(a), _clock(b)) for a, b in stretches if a < b)
    return OfficeHours(found or ((time(0), time(23, 59)),))


def _clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


class Policy(NamedTuple):
    """A limit by kind and target; what is None holds for every station, place, priority or tag."""

    kind: str
    target: Target
    limit_s: int
    hours: Hours
    warn_percent: int | None
    source: str
    station_code: str | None = None
    place_class: str | None = None
    priority: str | None = None
    tag: str | None = None
    effective_from: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    is_company: bool = False


_ALWAYS, _WORKDAYS, _OFFICE = Hours.ALWAYS, Hours.WORKDAYS, Hours.OFFICE


def _place(kind: str, target: Target, place: str, limit_s: int, source: str) -> Policy:
    return Policy(kind, target, limit_s, _ALWAYS, 80, source, place_class=place)


def _job(
    kind: str, accept_s: int | None, complete_s: int, hours: Hours, source: str
) -> list[Policy]:
    found = [Policy(kind, Target.COMPLETE, complete_s, hours, 80, source)]
    if accept_s is not None:
        accepts = _ALWAYS if hours is _ALWAYS else _OFFICE
        found.append(Policy(kind, Target.ACCEPT, accept_s, accepts, None, source))
    return found


#: What a county starts with.
SEEDS: tuple[Policy, ...] = (
    Policy("fault_repair", Target.ACCEPT, 3 * MINUTE, _ALWAYS, None, _UNCONFIRMED),
    _place("fault_repair", Target.ARRIVE, "city", 45 * MINUTE, _PROMISES),
    _place("fault_repair", Target.ARRIVE, "rural", 90 * MINUTE, _PROMISES),
    _place("fault_repair", Target.ARRIVE, "remote", 120 * MINUTE, _PROMISES),
    _place("fault_repair", Target.RESTORE, "city", 3 * HOUR, _PROMISES),
    _place("fault_repair", Target.RESTORE, "rural", 4 * HOUR, _PROMISES),
    _place("fault_repair", Target.RESTORE, "remote", 4 * HOUR, _UNCONFIRMED),
    Policy("onsite_restore", Target.ACCEPT, 3 * MINUTE, _ALWAYS, None, _UNCONFIRMED),
    Policy("onsite_restore", Target.RESTORE, 45 * MINUTE, _ALWAYS, 80, _BOARD),
    *_job("outage_work", 10 * MINUTE, 12 * HOUR, _ALWAYS, _UNCONFIRMED),
    *_job("visit", None, 10 * DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("dunning_visit", 4 * HOUR, 3 * DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("manual_reading", 4 * HOUR, DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("supervised_reading", 4 * HOUR, 3 * DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("meter_change", 4 * HOUR, 5 * DAY, _WORKDAYS, _PROMISES),
    *_job("inspection", 4 * HOUR, 5 * DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("collection_ops", 2 * HOUR, DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("connection_survey", 4 * HOUR, 2 * DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("connection_energise", 4 * HOUR, 3 * DAY, _WORKDAYS, _UNCONFIRMED),
    *_job("notice_delivery", 4 * HOUR, DAY, _WORKDAYS, _UNCONFIRMED),
    Policy("fault", Target.CALLBACK, 24 * HOUR, _ALWAYS, None, _ORDERS),
    Policy("complaint", Target.FIRST_CONTACT, 24 * HOUR, _ALWAYS, 80, _PROMISES),
    Policy("complaint", Target.ANSWER, 5 * DAY, _WORKDAYS, 80, _PROMISES),
    Policy("complaint", Target.CALLBACK, 24 * HOUR, _ALWAYS, None, _ORDERS),
    Policy("tip_off", Target.ANSWER, 10 * DAY, _WORKDAYS, 80, _ORDERS),
    Policy("suggestion", Target.ANSWER, 10 * DAY, _WORKDAYS, 80, _ORDERS),
    Policy("opinion", Target.ANSWER, 10 * DAY, _WORKDAYS, 80, _ORDERS),
    Policy("opinion", Target.CALLBACK, 24 * HOUR, _ALWAYS, None, _ORDERS),
    Policy("inquiry", Target.ANSWER, 5 * DAY, _WORKDAYS, 80, _ORDERS),
    Policy("service_request", Target.FIRST_CONTACT, 24 * HOUR, _ALWAYS, 80, _UNCONFIRMED),
    Policy("service_request", Target.ANSWER, 5 * DAY, _WORKDAYS, 80, _UNCONFIRMED),
    Policy("service_request", Target.CALLBACK, 24 * HOUR, _ALWAYS, None, _ORDERS),
    Policy("praise", Target.ANSWER, 10 * DAY, _WORKDAYS, None, _UNCONFIRMED),
    Policy("government_handover", Target.ACCEPT, DAY, _WORKDAYS, None, _UNCONFIRMED),
    Policy("government_handover", Target.ANSWER, 10 * DAY, _WORKDAYS, 80, _UNCONFIRMED),
)


class Facts(NamedTuple):
    """What a policy may narrow by, of one matter."""

    kind: str
    place_class: str
    priority: str
    tags: tuple[str, ...] = ()
    station_code: str | None = None


def chosen(policies: Sequence[Policy], facts: Facts) -> list[Limit]:
    """The most specific policy of each target: station, then tag, priority and place.

    Of equals the company's goes before the one to start with, and the newer before the older. Of
    several tags the shorter limit holds.
    """
    best: dict[Target, tuple[tuple[object, ...], Policy]] = {}
    for one in policies:
        if not _fits(one, facts):
            continue
        rank = (
            one.station_code is not None,
            one.tag is not None,
            one.priority is not None,
            one.place_class is not None,
            one.is_company,
            one.effective_from,
            -one.limit_s,
        )
        if one.target not in best or rank > best[one.target][0]:
            best[one.target] = (rank, one)
    return [
        Limit(
            target=one.target,
            limit_s=one.limit_s,
            hours=one.hours,
            warn_percent=one.warn_percent,
            source=one.source,
        )
        for _, one in best.values()
    ]


def _fits(one: Policy, facts: Facts) -> bool:
    return (
        one.kind == facts.kind
        and one.station_code in (None, facts.station_code)
        and one.place_class in (None, facts.place_class)
        and one.priority in (None, facts.priority)
        and (one.tag is None or one.tag in facts.tags)
    )


async def limits_at(at: datetime, facts: Facts) -> list[Limit]:
    """The limits in force at a moment for a matter of these facts; one statement."""
    return chosen(await policies_of(facts.kind, at), facts)


async def policies_of(kind: str, at: datetime) -> list[Policy]:
    """Every policy of a kind in force at a moment, for many matters at once; one statement."""
    rows = await fetch(
        "SELECT * FROM sla_policy WHERE state = 'released' AND kind = $1 AND effective_from <= $2"
        " ORDER BY effective_from, released_at",
        kind,
        at,
    )
    released = [
        Policy(
            kind=row["kind"],
            target=Target(row["target"]),
            limit_s=row["limit_s"],
            hours=Hours(row["hours"]),
            warn_percent=row["warn_percent"],
            source=row["source"],
            station_code=row["station_code"],
            place_class=row["place_class"],
            priority=row["priority"],
            tag=row["tag"],
            effective_from=row["effective_from"],
            is_company=True,
        )
        for row in rows
    ]
    return [*(one for one in SEEDS if one.kind == kind), *released]
