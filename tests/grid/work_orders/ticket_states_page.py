"""The page of a ticket's states, drawn from the tables of each kind.

`python -m tests.grid.work_orders.ticket_states_page` writes it anew.
"""

from collections import defaultdict
from pathlib import Path

from grid.work_orders.tickets.rules import (
    DRIVEN_BY_JOB,
    STEPS_OF,
    TICKET_NEEDED,
    TICKET_RIGHT,
    TICKET_TRANSITIONS,
)
from grid.work_orders.words import TicketEvent, TicketKind
from tests.house.source import TOP

PAGE: Path = TOP / "grid" / "work_orders" / "TICKET_STATES.md"


def page() -> str:
    """The whole text of TICKET_STATES.md."""
    parts = [
        "# The states of a ticket\n",
        "Written from the tables in `ticket_rules.py` by"
        " `python -m tests.grid.work_orders.ticket_states_page`; a test fails when it is out of"
        " date. A step that a kind does not need is not in its table. `urge`, `merge`, `contact`,"
        " `comment` and `split` keep the state and are not drawn.\n",
        rights(),
    ]
    parts += [chapter(kind) for kind in TicketKind]
    return "\n".join(parts)


def rights() -> str:
    """One row a verb: the right that it asks for, and what it cannot do without."""
    rows = ["| verb | right | needs |", "| --- | --- | --- |"]
    for event in TicketEvent:
        if event in TICKET_RIGHT:
            needs = ", ".join(TICKET_NEEDED.get(event, ())) or "–"
            rows.append(f"| {event.value} | `{TICKET_RIGHT[event].value}` | {needs} |")
    return "\n".join(rows) + "\n\nOf a sealed ticket every verb asks for `read_sealed` instead.\n"


def chapter(kind: TicketKind) -> str:
    """The closed loop of one kind and its picture."""
    loop = " → ".join(state.value for state in STEPS_OF[kind])
    by_job = " Its job drives it." if kind in DRIVEN_BY_JOB else ""
    return f"## {kind.value}\n\n{loop}.{by_job}\n\n```mermaid\n{diagram(kind)}```\n"


def diagram(kind: TicketKind) -> str:
    """A mermaid state diagram; several events between two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (event, state), to in TICKET_TRANSITIONS[kind].items():
        if state is not to:
            arrows[state.value, to.value].append(event.value)
    lines = ["stateDiagram-v2", "    [*] --> accepted: intake"]
    lines += [f"    {state} --> {to}: {', '.join(by)}" for (state, to), by in arrows.items()]
    return "\n".join([*lines, "    closed --> [*]", "    cancelled --> [*]"]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
