"""From counts to a figure, and how it stands to its target. Pure, in whole numbers until the end.

Exactly at a target is met. A target of a share is in basis points (10000 is all of them), one of
minutes in minutes, one of pieces in pieces.
"""

from typing import NamedTuple

from grid.indicators.types import Direction, Measure, Standing, Unit

BASIS_POINTS = 10_000
_PER_UNIT = {Unit.MINUTES: 60, Unit.STARS: 1, Unit.PIECES: 1, Unit.SHARE: 1}


class Counts(NamedTuple):
    """What the records of a figure add up to; `amount` in seconds or stars."""

    numerator: int = 0
    denominator: int = 0
    excluded: int = 0
    amount: int = 0


class Manner(NamedTuple):
    """How a figure is made and judged."""

    measure: Measure
    unit: Unit
    direction: Direction


def _fraction(counts: Counts, manner: Manner) -> tuple[int, int]:
    """The figure as numerator and denominator; the denominator is 0 when there is nothing."""
    unit = _PER_UNIT[manner.unit]
    match manner.measure:
        case Measure.RATE:
            return counts.numerator, counts.denominator
        case Measure.AVERAGE:
            return counts.amount, counts.denominator * unit
        case Measure.TOTAL:
            return counts.amount, unit
        case Measure.COUNT:
            return counts.denominator, 1


def value_of(counts: Counts, manner: Manner) -> float | None:
    """The figure in its unit; None when there is nothing to count."""
    over, under = _fraction(counts, manner)
    return None if under == 0 else over / under


def target_of(stored: int | None, manner: Manner) -> float | None:
    """A stored target in the figure's unit."""
    if stored is None:
        return None
    return stored / BASIS_POINTS if manner.measure is Measure.RATE else float(stored)


def standing_of(counts: Counts, manner: Manner, stored: int | None) -> Standing:
    """Met, missed, or nothing to judge."""
    over, under = _fraction(counts, manner)
    if under == 0:
        return Standing.NOTHING
    if stored is None:
        return Standing.NO_TARGET
    reached = over * (BASIS_POINTS if manner.measure is Measure.RATE else 1)
    wanted = stored * under
    met = reached >= wanted if manner.direction is Direction.UP else reached <= wanted
    return Standing.MET if met else Standing.MISSED
