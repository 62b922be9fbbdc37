"""The page of a work order's states, drawn from the transition table.

`python -m tests.grid.work_orders.states_page` writes it anew.
"""

from collections import defaultdict
from pathlib import Path

from grid.work_orders.rules import ASSIGNEE_ONLY, IN_PLACE_OF, NEEDED, RIGHT, TRANSITIONS
from grid.work_orders.words import WorkOrderEvent, WorkOrderState
from tests.house.source import TOP

PAGE: Path = TOP / "grid" / "work_orders" / "STATES.md"

#: Events that keep the state, possible in every state: drawn they would only hide the rest.
EVERYWHERE = (WorkOrderEvent.SUPERVISE, WorkOrderEvent.COMMENT)
#: Events that are no verb of somebody: who causes them.
BY_THE_HOUSE = {
    WorkOrderEvent.INTAKE: "whoever takes the fault",
    WorkOrderEvent.ASSIGN: "dispatch, or `assign_work` by hand",
    WorkOrderEvent.SILENCE: "the schedule, after the accept limit",
}


def page() -> str:
    """The whole text of STATES.md."""
    return (
        "# The states of a work order\n\n"
        "Written from the transition table in `rules.py` by"
        " `python -m tests.grid.work_orders.states_page`; a test fails when it is out of date.\n\n"
        f"```mermaid\n{diagram()}```\n\n"
        f"{table()}\n"
        "`supervise` and `comment` are possible in every state and keep it."
        " A job whose grid nobody knows begins in `pending_dispatch`, any other in `triaged`.\n"
    )


def diagram() -> str:
    """A mermaid state diagram; several events between two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (event, state), to in TRANSITIONS.items():
        if event not in EVERYWHERE:
            arrows[state.value, to.value].append(event.value)
    lines = [
        "stateDiagram-v2",
        "    [*] --> triaged: intake",
        "    [*] --> pending_dispatch: intake",
    ]
    lines += [f"    {state} --> {to}: {', '.join(by)}" for (state, to), by in arrows.items()]
    lines += [f"    {state.value} --> [*]" for state in final_states()]
    return "\n".join(lines) + "\n"


def final_states() -> list[WorkOrderState]:
    """States that may be the last ones."""
    return [WorkOrderState.CLOSED, WorkOrderState.CANCELLED]


def table() -> str:
    """One row an event: from, to, who may, and the fields it cannot do without."""
    rows = ["| event | from | to | who | needs |", "| --- | --- | --- | --- | --- |"]
    for event in WorkOrderEvent:
        if event in EVERYWHERE:
            continue
        states = [state.value for by, state in TRANSITIONS if by is event]
        to = {after.value for (by, _), after in TRANSITIONS.items() if by is event}
        cells = (
            event.value,
            ", ".join(states) or "–",
            " or ".join(sorted(to)) or "triaged or pending_dispatch",
            who(event),
            ", ".join(NEEDED.get(event, ())) or "–",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


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
