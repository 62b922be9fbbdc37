"""The page of states: tickets by kind, work orders, assignments, drawn from their tables.

`python -m tests.grid.work_orders.states_page` writes it anew.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from grid.work_orders.rules import (
    ASSIGNEE_ONLY,
    ASSIGNMENT_TRANSITIONS,
    IN_PLACE_OF,
    NEEDED,
    OPEN_ASSIGNMENT,
    RIGHT,
    TRANSITIONS,
)
from grid.work_orders.tickets.rules import (
    DRIVEN_BY_JOB,
    STEPS_OF,
    TICKET_NEEDED,
    TICKET_RIGHT,
    TICKET_TRANSITIONS,
)
from grid.work_orders.words import (
    AssignmentState,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)
from tests.house.source import TOP

PAGE: Path = TOP / "grid" / "work_orders" / "STATES.md"

#: Events that keep the state, possible in every state: drawn they would only hide the rest.
EVERYWHERE = (WorkOrderEvent.SUPERVISE, WorkOrderEvent.COMMENT)
#: Events that are no verb of somebody: who causes them.
BY_THE_HOUSE = {
    WorkOrderEvent.INTAKE: "whoever takes the fault",
    WorkOrderEvent.ASSIGN: "dispatch, or `assign_work` by hand",
    WorkOrderEvent.SILENCE: "the schedule, after the accept limit",
    WorkOrderEvent.RELEASE: "the house, when whoever has it was disabled",
}

Arrow = tuple[str, str, str]


def page() -> str:
    """The whole text of STATES.md."""
    return (
        "# The states of tickets, work orders and assignments\n\n"
        "Written from the transition tables in `rules.py` and `tickets/rules.py` by"
        " `python -m tests.grid.work_orders.states_page`; a test fails when it is out of date.\n\n"
        "## Work order\n\n"
        f"```mermaid\n{diagram()}```\n\n"
        f"{table()}\n"
        "`supervise` and `comment` are possible in every state and keep it."
        " A job whose grid nobody knows begins in `pending_dispatch`, any other in `triaged`."
        " `restore` is only for kinds that restore supply; their `complete` needs it.\n\n"
        "## Assignment\n\n"
        f"```mermaid\n{assignment_diagram()}```\n\n"
        "An assignment moves with the events of its job; `hold` and `resume` leave it working.\n\n"
        "## Ticket\n\n"
        f"{ticket_table()}\n"
        "Of a sealed ticket every verb asks for `read_sealed` instead.\n\n"
        + "\n".join(_of_kind(kind) for kind in TicketKind)
    )


def _drawn(arrows: Iterable[Arrow], begin: Iterable[str], end: Iterable[str]) -> str:
    """A mermaid state diagram; several events between two states share an arrow."""
    between: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event, state, to in arrows:
        between[state, to].append(event)
    lines = ["stateDiagram-v2", *(f"    [*] --> {one}" for one in begin)]
    lines += [f"    {state} --> {to}: {', '.join(by)}" for (state, to), by in between.items()]
    lines += [f"    {state} --> [*]" for state in end]
    return "\n".join(lines) + "\n"


def diagram() -> str:
    """The picture of a work order."""
    arrows = [
        (event.value, state.value, to.value)
        for (event, state), to in TRANSITIONS.items()
        if event not in EVERYWHERE
    ]
    return _drawn(
        arrows,
        ("triaged: intake", "pending_dispatch: intake"),
        [state.value for state in (WorkOrderState.CLOSED, WorkOrderState.CANCELLED)],
    )


def assignment_diagram() -> str:
    """The picture of an assignment."""
    arrows = [
        (event.value, state.value, to.value)
        for (event, state), to in ASSIGNMENT_TRANSITIONS.items()
    ]
    ended = [state.value for state in AssignmentState if state not in OPEN_ASSIGNMENT]
    return _drawn(arrows, ("offered: assign, reassign",), ended)


def ticket_diagram(kind: TicketKind) -> str:
    """The picture of one kind of ticket, without what keeps its state."""
    arrows = [
        (event.value, state.value, to.value)
        for (event, state), to in TICKET_TRANSITIONS[kind].items()
        if state is not to
    ]
    ended = [state.value for state in (TicketState.CLOSED, TicketState.CANCELLED)]
    return _drawn(arrows, ("accepted: intake",), ended)


def _of_kind(kind: TicketKind) -> str:
    staying: dict[str, list[str]] = defaultdict(list)
    for (event, state), to in TICKET_TRANSITIONS[kind].items():
        if state is to:
            staying[event.value].append(state.value)
    kept = "; ".join(f"`{event}` in {', '.join(states)}" for event, states in staying.items())
    loop = " → ".join(state.value for state in STEPS_OF[kind])
    driven = " Its job drives it." if kind in DRIVEN_BY_JOB else ""
    return (
        f"### {kind.value}\n\n{loop}.{driven}\n\n"
        f"```mermaid\n{ticket_diagram(kind)}```\n\nKeep the state: {kept}.\n"
    )


def _rows(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def table() -> str:
    """One row an event of a work order: from, to, who may, the fields it cannot do without."""
    rows = []
    for event in WorkOrderEvent:
        if event in EVERYWHERE:
            continue
        states = [state.value for by, state in TRANSITIONS if by is event]
        to = {after.value for (by, _), after in TRANSITIONS.items() if by is event}
        rows.append(
            (
                event.value,
                ", ".join(states) or "–",
                " or ".join(sorted(to)) or "triaged or pending_dispatch",
                who(event),
                ", ".join(NEEDED.get(event, ())) or "–",
            )
        )
    return _rows(("event", "from", "to", "who", "needs"), rows)


def ticket_table() -> str:
    """One row an event of a ticket: the kinds that have it, who may, what it needs."""
    rows = []
    for event in TicketEvent:
        kinds = [
            kind.value
            for kind in TicketKind
            if any(by is event for by, _ in TICKET_TRANSITIONS[kind])
        ]
        right = TICKET_RIGHT.get(event)
        rows.append(
            (
                event.value,
                "every kind" if len(kinds) == len(TicketKind) else ", ".join(kinds) or "every kind",
                "the house" if right is None else f"`{right.value}`",
                ", ".join(TICKET_NEEDED.get(event, ())) or "–",
            )
        )
    return _rows(("event", "kinds", "who", "needs"), rows)


def who(event: WorkOrderEvent) -> str:
    if event in BY_THE_HOUSE:
        return BY_THE_HOUSE[event]
    if event in IN_PLACE_OF:
        return f"who has the job, or `{IN_PLACE_OF[event].value}`"
    if event in ASSIGNEE_ONLY:
        return "who has the job"
    return f"`{RIGHT[event].value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
