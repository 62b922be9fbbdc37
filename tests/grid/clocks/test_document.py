"""The README names every limit that a county starts with, and every rule of a pause."""

from grid.clocks.policies import PAUSE_HOURS, SEEDS, Policy
from grid.clocks.rules import PAUSE_RULES
from grid.clocks.types import Hours, Target
from grid.kit.dated_settings import definitions
from tests.house.source import TOP

_HOURS = {
    Hours.ALWAYS: "round the clock",
    Hours.WORKDAYS: "working days",
    Hours.OFFICE: "office hours",
}


def length(limit_s: int) -> str:
    """`3 min`, `2 h`, `5 d`: in the largest unit that fits."""
    for unit, name in ((86_400, "d"), (3600, "h")):
        if limit_s % unit == 0:
            return f"{limit_s // unit} {name}"
    return f"{limit_s // 60} min"


def row_of(one: Policy) -> str:
    where = one.place_class or "everywhere"
    warned = "" if one.warn_percent is None else f"{one.warn_percent} %"
    return (
        f"| `{one.kind}` | {one.target} | {length(one.limit_s)} | {_HOURS[one.hours]} | {where}"
        f" | {warned} | {one.source} |"
    )


def lines() -> list[str]:
    return (TOP / "grid" / "README.md").read_text(encoding="utf-8").splitlines()


def test_every_limit_that_a_county_starts_with_is_documented() -> None:
    written = lines()
    assert [row_of(one) for one in SEEDS if row_of(one) not in written] == []
    kinds = {one.kind for one in SEEDS}
    shown = [line for line in written if line.split("`")[1:2] and line.split("`")[1] in kinds]
    limits = [line for line in shown if any(f"| {word} |" in line for word in _HOURS.values())]
    assert len(limits) == len(SEEDS), "and none that is not"


def test_every_reason_of_a_pause_is_documented_with_its_targets() -> None:
    boxes = {known.name: known.seed for known in definitions()}
    wanted = [
        f"| `{reason}` | {', '.join(one for one in Target if one in rule.targets)}"
        f" | {boxes[PAUSE_HOURS[reason]]} h | {'the county' if rule.outside else 'nobody'} |"
        for reason, rule in PAUSE_RULES.items()
    ]
    assert [row for row in wanted if row not in lines()] == []
