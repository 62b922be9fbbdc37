"""Rows of figures: what we reached, what the limit reached in the same run, and their ratio."""

import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison; `ratio` is better when larger, `floor` is what it must reach."""

    row: str
    what: str
    unit: str
    ours: float
    limit: float
    limit_is: str
    ratio: float
    floor: float | None
    rounds: int
    notes: dict[str, float] = {}

    @property
    def reached(self) -> bool:
        return self.floor is None or self.ratio >= self.floor


def rate_row(
    row: str,
    what: str,
    limit_is: str,
    ours: Sequence[float],
    limits: Sequence[float],
    floor: float | None,
    unit: str = "per s",
    notes: dict[str, float] | None = None,
) -> Row:
    """A row of rates (more is better): the median of each side's interleaved rounds."""
    return Row(
        row=row,
        what=what,
        unit=unit,
        ours=median(ours),
        limit=median(limits),
        limit_is=limit_is,
        ratio=median(ours) / median(limits),
        floor=floor,
        rounds=len(ours),
        notes=notes or {},
    )


def wait_row(
    row: str,
    what: str,
    limit_is: str,
    ours_ms: Sequence[float],
    limits_ms: Sequence[float],
    floor: float | None,
    notes: dict[str, float] | None = None,
) -> Row:
    """A row of waits in milliseconds (less is better): the ratio is limit over ours."""
    return Row(
        row=row,
        what=what,
        unit="ms",
        ours=median(ours_ms),
        limit=median(limits_ms),
        limit_is=limit_is,
        ratio=median(limits_ms) / median(ours_ms),
        floor=floor,
        rounds=len(ours_ms),
        notes=notes or {},
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each, with their notes below."""
    lines = [f"{'row':<5}{'ours':>10}{'limit':>10} {'unit':<7}{'ratio':>7}{'floor':>7}  what"]
    for row in rows:
        floor = "" if row.floor is None else f"{row.floor:.2f}"
        missed = "" if row.reached else "  MISSED"
        lines.append(
            f"{row.row:<5}{row.ours:>10.1f}{row.limit:>10.1f} {row.unit:<7}{row.ratio:>7.2f}"
            f"{floor:>7}  {row.what}; limit: {row.limit_is}{missed}"
        )
        if row.notes:
            words = ", ".join(f"{name} {value:g}" for name, value in row.notes.items())
            lines.append(f"{'':<5}{words}")
    return "\n".join(lines)


def write(rows: Sequence[Row], path: Path) -> None:
    """The rows and the machine's kind as JSON, for comparing with a later run."""
    machine = {"system": platform.platform(), "python": platform.python_version()}
    path.write_bytes(
        msgspec.json.format(msgspec.json.encode({"machine": machine, "rows": rows})) + b"\n"
    )
