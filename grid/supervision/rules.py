"""Who is asked, who may answer, and what may happen to an order. Pure."""

from collections.abc import Mapping, Set
from typing import NamedTuple
from uuid import UUID

from grid.kit.refusals import Refusal
from grid.supervision.types import Cause, Level, OrderState, SupervisionEvent
from grid.territory.types import Actor, GridRole, StaffActor, StaffRole

_E, _S = SupervisionEvent, OrderState

LEVELS = (Level.GRID, Level.STATION, Level.COUNTY)
#: Where an order begins. Somebody who calls for help from the field needs the dispatcher; a visit
#: that was not so was found out by the grid's own supervisor, so the station has to answer.
_FROM_STATION = (Cause.SOS, Cause.VISIT_DENIED)
FIRST_LEVEL: Mapping[Cause, Level] = {
    cause: Level.STATION if cause in _FROM_STATION else Level.GRID for cause in Cause
}

#: (event, from) -> to: the table that code and documents share.
TRANSITIONS: dict[tuple[SupervisionEvent, OrderState], OrderState] = {
    (_E.ANSWER, _S.OPEN): _S.ANSWERED,
    (_E.CLOSE, _S.ANSWERED): _S.CLOSED,
    (_E.REJECT, _S.ANSWERED): _S.OPEN,
    **{(_E.COMMENT, state): state for state in _S},
    (_E.RAISE, _S.OPEN): _S.OPEN,
    (_E.RAISE, _S.ANSWERED): _S.OPEN,
    (_E.ESCALATE, _S.OPEN): _S.OPEN,
    (_E.OVERDUE, _S.OPEN): _S.OPEN,
}
#: What people do; the rest happens.
VERBS = (_E.ANSWER, _E.CLOSE, _E.REJECT, _E.COMMENT)

#: The posts that answer for a station, and for the county.
STATION_ROLES = frozenset({StaffRole.STATION_HEAD, StaffRole.DISPATCHER})
COUNTY_ROLES = frozenset({StaffRole.STATION_HEAD, StaffRole.DISPATCHER, StaffRole.AUDITOR})


class SupervisionStepNotPossible(Refusal):
    """The order's state does not allow this step: only an answered order closes."""

    title = "督办单当前状态不能进行这一步"


class NotForTheOffender(Refusal):
    """Who missed the limit, or is complained about, cannot answer or close the order (W3, W5)."""

    status = 403
    title = "超时的经办人不能自己回复或办结督办单"


class NotAskedYet(Refusal):
    """Another level answers now."""

    status = 403
    title = "督办单不在您这一级,不能操作"


def next_order_state(event: SupervisionEvent, state: OrderState) -> OrderState:
    """The state after an event. Raises SupervisionStepNotPossible."""
    target = TRANSITIONS.get((event, state))
    if target is None:
        raise SupervisionStepNotPossible(event=event.value, state=state.value)
    return target


def asked_from(first: Level, people: Mapping[Level, Set[UUID]]) -> tuple[Level, ...]:
    """The levels gone through from `first` on; the last of them is asked.

    `people` leaves out the offender and the accused, so a level that has nobody else is passed at
    once. The county is the end, with or without somebody.
    """
    passed: list[Level] = []
    for level in LEVELS[LEVELS.index(first) :]:
        passed.append(level)
        if people.get(level):
            break
    return tuple(passed)


def above(level: Level) -> Level | None:
    """The next level, or None at the county."""
    return None if level is Level.COUNTY else LEVELS[LEVELS.index(level) + 1]


class Posts(NamedTuple):
    """What an actor may answer for."""

    grids: frozenset[UUID]
    stations: frozenset[UUID]
    county: bool
    auditor: bool


def posts_of(actor: Actor) -> Posts:
    """The grids somebody supervises, the stations and the county they answer for.

    The auditor of the county alone reads what is sealed.
    """
    if not isinstance(actor, StaffActor) or actor.must_change_password:
        return Posts(frozenset(), frozenset(), False, False)
    return Posts(
        frozenset(post.grid_id for post in actor.grid_roles if post.role is GridRole.SUPERVISOR),
        frozenset(
            post.station_id
            for post in actor.roles
            if post.role in STATION_ROLES and post.station_id is not None
        ),
        any(post.role in COUNTY_ROLES and post.station_id is None for post in actor.roles),
        any(post.role is StaffRole.AUDITOR and post.station_id is None for post in actor.roles),
    )


class Standing(NamedTuple):
    """Where an order stands, and who is kept from it: the offender and the accused."""

    level: Level
    grid: UUID | None
    station: UUID | None
    sealed: bool
    kept_out: frozenset[UUID]


def answers_for(posts: Posts, standing: Standing) -> bool:
    """Whether these posts are asked by the order's level, or stand above it."""
    if standing.sealed:
        return posts.auditor
    if posts.county:
        return True
    if standing.level is not Level.COUNTY and standing.station in posts.stations:
        return True
    return standing.level is Level.GRID and standing.grid in posts.grids


def check_may(actor: StaffActor, event: SupervisionEvent, standing: Standing) -> None:
    """Raises NotForTheOffender, NotAskedYet. Whoever reads an order may comment on it."""
    if event is SupervisionEvent.COMMENT:
        return
    if actor.staff_id in standing.kept_out:
        raise NotForTheOffender()
    if not answers_for(posts_of(actor), standing):
        raise NotAskedYet(level=standing.level.value)
