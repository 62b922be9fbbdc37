"""What each indicator's records are, said a second time: plain Python over the raw rows."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tests.grid.indicators.world import Row, World

HOURS_72 = timedelta(hours=72)


class Truth(NamedTuple):
    """One record as it ought to be; `why` is what leaves it out."""

    record: UUID
    at: datetime
    matter: str
    grid: UUID | None
    station: UUID | None
    hit: bool
    why: str | None = None
    amount: int | None = None
    staff: UUID | None = None


Oracle = Callable[[World], Iterator[Truth]]
ORACLES: dict[str, Oracle] = {}


def truth(row: Row, at: datetime, place: Row, ticket: Row | None, **more: Any) -> Truth:
    """A record of a place; what is sealed is nobody's but the county's."""
    sealed = ticket is not None and ticket["sealed"]
    if more.get("why") is not None:
        more["hit"] = False
    if sealed:
        more.pop("staff", None)
    return Truth(
        record=row["id"],
        at=at,
        grid=None if sealed else place["grid"],
        station=None if sealed else place["station"],
        **more,
    )


def by_id(rows: list[Row]) -> dict[UUID, Row]:
    return {row["id"]: row for row in rows}


def _clocks(world: World, subject: str, target: str) -> Iterator[tuple[Row, Row, Row | None]]:
    """Clock, its ticket or job, and the ticket behind both."""
    tickets, jobs = by_id(world.of("ticket")), by_id(world.of("work_order"))
    for clock in world.of("sla_clock"):
        if (clock["subject"], clock["target"]) != (subject, target) or not clock["started_at"]:
            continue
        if subject == "ticket":
            yield clock, tickets[clock["subject_id"]], tickets[clock["subject_id"]]
        else:
            job = jobs[clock["subject_id"]]
            yield clock, job, tickets.get(job["ticket"])


def _decided(clock: Row) -> tuple[datetime, bool, str | None]:
    """When it was decided, whether it was met, and why it does not count."""
    due, stopped, given_up = clock["due_at"], clock["stopped_at"], clock["given_up_at"]
    if stopped is not None and stopped <= due:
        return stopped, True, None
    if given_up is not None and given_up <= due:
        return given_up, False, "given_up"
    return due, False, None


def _met(subject: str, target: str, kind: str | None = None) -> Oracle:
    def oracle(world: World) -> Iterator[Truth]:
        for clock, matter, ticket in _clocks(world, subject, target):
            if kind is None or matter["kind"] == kind:
                at, hit, why = _decided(clock)
                yield truth(clock, at, matter, ticket, matter=matter["kind"], hit=hit, why=why)

    return oracle


def _unpaused(target: str) -> Oracle:
    def oracle(world: World) -> Iterator[Truth]:
        for clock, job, ticket in _clocks(world, "work_order", target):
            if clock["hours"] == "always":
                at, _, why = _decided(clock)
                bare = clock["started_at"] + timedelta(seconds=clock["limit_s"])
                hit = clock["stopped_at"] is not None and clock["stopped_at"] <= bare
                yield truth(clock, at, job, ticket, matter=job["kind"], hit=hit, why=why)

    return oracle


def _average(target: str, place_class: str) -> Oracle:
    def oracle(world: World) -> Iterator[Truth]:
        for clock, job, ticket in _clocks(world, "work_order", target):
            of_place = job["kind"] == "fault_repair" and job["place_class"] == place_class
            if of_place and clock["stopped_at"] is not None:
                took_s = (clock["stopped_at"] - clock["started_at"]).total_seconds()
                yield truth(
                    clock,
                    clock["stopped_at"],
                    job,
                    ticket,
                    matter=job["kind"],
                    hit=clock["stopped_at"] <= clock["due_at"],
                    amount=round(took_s),
                )

    return oracle


for _target in ("accept", "arrive", "restore", "complete"):
    ORACLES[f"{_target}_met"] = _met("work_order", _target)
for _target in ("first_contact", "answer", "callback"):
    ORACLES[f"{_target}_met"] = _met("ticket", _target)
for _target in ("arrive", "restore"):
    ORACLES[f"{_target}_met_without_pauses"] = _unpaused(_target)
    for _place in ("city", "rural", "remote"):
        ORACLES[f"{_target}_average_{_place}"] = _average(_target, _place)
del ORACLES["restore_average_remote"]
ORACLES["onsite_restore_met"] = _met("work_order", "restore", "onsite_restore")


def _steps(world: World, ticket: Row, event: str) -> list[Row]:
    return [
        step
        for step in world.of("ticket_transition")
        if step["ticket"] == ticket["id"] and step["event"] == event
    ]


def _reopened(world: World, ticket: Row, archived: Row) -> bool:
    return any(
        archived["at"] <= step["at"] <= archived["at"] + HOURS_72
        for step in _steps(world, ticket, "reopen")
    )


def _of_grid(world: World, ticket: Row, staff: UUID | None) -> bool:
    """Its manager or assistant; in these worlds nobody's appointment ever ended."""
    return any(
        grid.id == ticket["grid"] and staff in (grid.manager, grid.assistant)
        for grid in world.grids
    )


def _solved(world: World) -> Iterator[Truth]:
    for ticket in world.of("ticket"):
        archived = _steps(world, ticket, "archive")
        if not archived:
            continue
        first = archived[0]
        jobs = {job["id"] for job in world.of("work_order") if job["ticket"] == ticket["id"]}
        doers = [
            one["staff"]
            for one in world.of("assignment")
            if one["work_order"] in jobs and one["state"] == "finished"
        ]
        raised = any(
            (order["ticket"] == ticket["id"] or order["work_order"] in jobs)
            and order["level"] != "grid"
            and order["cause"] != "sos"
            and order["opened_at"] <= first["at"]
            for order in world.of("supervision_order")
        )
        own = all(_of_grid(world, ticket, doer) for doer in doers or [ticket["handler"]])
        why = "no_grid" if ticket["grid"] is None else None
        why = "merged" if ticket["parent"] else why
        why = "other_kind" if ticket["kind"] in ("tip_off", "praise") else why
        hit = own and not raised and not _reopened(world, ticket, first)
        yield truth(ticket, first["at"], ticket, ticket, matter=ticket["kind"], hit=hit, why=why)


def _asked(world: World) -> Iterator[Truth]:
    for ticket in world.of("ticket"):
        for step in _steps(world, ticket, "callback"):
            outcome = step["_facts"]["outcome"]
            yield truth(
                step,
                step["at"],
                ticket,
                ticket,
                matter=ticket["kind"],
                hit=outcome == "satisfied",
                why="no_answer" if outcome == "no_answer" else None,
            )


def _called(world: World) -> Iterator[Truth]:
    rated = {row["ticket"]: row["rated_at"] for row in world.of("rating")}
    for ticket in world.of("ticket"):
        archived = _steps(world, ticket, "archive")
        if not archived or ticket["kind"] not in (
            "fault",
            "complaint",
            "opinion",
            "service_request",
        ):
            continue
        reached = any(
            step["version"] < archived[0]["version"] and step["_facts"]["outcome"] != "no_answer"
            for step in _steps(world, ticket, "callback")
        )
        stars = ticket["id"] in rated and rated[ticket["id"]] <= archived[0]["at"]
        yield truth(
            ticket,
            archived[0]["at"],
            ticket,
            ticket,
            matter=ticket["kind"],
            hit=reached or stars,
            why="merged" if ticket["parent"] else None,
        )


def _rated(world: World) -> Iterator[Truth]:
    tickets = by_id(world.of("ticket"))
    jobs = {job["id"]: job["ticket"] for job in world.of("work_order")}
    for rating in world.of("rating"):
        ticket = tickets[rating["ticket"]]
        done = [
            one
            for one in world.of("assignment")
            if jobs[one["work_order"]] == ticket["id"] and one["state"] == "finished"
        ]
        last = max(done, key=lambda one: (one["ended_at"], one["id"]), default=None)
        yield truth(
            rating,
            rating["rated_at"],
            ticket,
            ticket,
            matter=ticket["kind"],
            hit=rating["stars"] >= 4,
            amount=rating["stars"],
            staff=None if last is None else last["staff"],
        )


def _complaints(world: World) -> Iterator[Truth]:
    for ticket in world.of("ticket"):
        was = any(
            step["_facts"]["from_kind"] == "complaint"
            for step in _steps(world, ticket, "reclassify")
        )
        if was or ticket["kind"] == "complaint":
            at, kind = ticket["reported_at"], ticket["kind"]
            yield truth(ticket, at, ticket, ticket, matter=kind, hit=True)


def _made_other(world: World) -> Iterator[Truth]:
    for one in _complaints(world):
        yield one._replace(hit=one.matter != "complaint")


def _paused(who: str) -> Oracle:
    def oracle(world: World) -> Iterator[Truth]:
        tickets, jobs = by_id(world.of("ticket")), by_id(world.of("work_order"))
        people = {number: staff for staff, number in world.numbers.items()}
        for pause in world.of("sla_pause"):
            if pause["state"] not in ("running", "ended"):
                continue
            job = jobs.get(pause["subject_id"])
            matter = job or tickets[pause["subject_id"]]
            ticket = tickets.get(job["ticket"]) if job else matter
            until = min(pause["ended_at"] or pause["box_until"], pause["box_until"])
            named = pause[who]
            yield truth(
                pause,
                pause["from_at"],
                matter,
                ticket,
                matter=pause["reason"],
                hit=pause["decided_by"] is not None,
                why="needs_nobody" if named is None else None,
                amount=round(max(0.0, (until - pause["from_at"]).total_seconds())),
                staff=None if named is None else people[named.removeprefix("staff:")],
            )

    return oracle


def _reopenings(world: World) -> Iterator[Truth]:
    for ticket in world.of("ticket"):
        for step in _steps(world, ticket, "archive"):
            hit = _reopened(world, ticket, step)
            yield truth(step, step["at"], ticket, ticket, matter=ticket["kind"], hit=hit)


def _arrivals(world: World) -> Iterator[Truth]:
    tickets, jobs = by_id(world.of("ticket")), by_id(world.of("work_order"))
    for step in world.of("work_order_transition"):
        if step["event"] != "arrive":
            continue
        job = jobs[step["work_order"]]
        yield truth(
            step,
            step["at"],
            job,
            tickets.get(job["ticket"]),
            matter=job["kind"],
            hit=step["grade"] == "disputed",
            staff=step["staff"],
        )


def _endings(world: World) -> Iterator[Truth]:
    tickets, jobs = by_id(world.of("ticket")), by_id(world.of("work_order"))
    for step in world.of("work_order_transition"):
        if step["event"] in ("complete", "cannot-complete", "cancel"):
            job = jobs[step["work_order"]]
            yield truth(
                step,
                step["at"],
                job,
                tickets.get(job["ticket"]),
                matter=job["kind"],
                hit=step["event"] != "complete",
                staff=step["staff"],
            )


def _corrected(world: World) -> Iterator[Truth]:
    tickets, jobs = by_id(world.of("ticket")), by_id(world.of("work_order"))
    people = {number: staff for staff, number in world.numbers.items()}
    for row in world.of("time_correction"):
        job = jobs[row["work_order"]]
        yield truth(
            row,
            row["proposed_at"],
            job,
            tickets.get(job["ticket"]),
            matter=row["field"],
            hit=True,
            why=None if row["state"] == "approved" else "not_approved",
            staff=people[row["proposed_by"].removeprefix("staff:")],
        )


ORACLES |= {
    "solved_in_grid": _solved,
    "callback_satisfied": _asked,
    "callback_made": _called,
    "rating_satisfied": _rated,
    "rating_average": _rated,
    "complaints": _complaints,
    "reclassified_complaints": _made_other,
    "pause_minutes_asked": _paused("requested_by"),
    "pause_minutes_approved": _paused("decided_by"),
    "reopened_soon": _reopenings,
    "disputed_arrivals": _arrivals,
    "given_up_jobs": _endings,
    "time_corrections": _corrected,
}


def within(found: list[Truth], from_at: datetime, until_at: datetime) -> list[Truth]:
    return [one for one in found if from_at <= one.at < until_at]
