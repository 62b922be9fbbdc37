"""Moments as forms give them: the browser's local time is Shanghai's."""

from datetime import datetime

from grid.kit.clock import SHANGHAI
from grid.kit.refusals import Invalid


def aware(text: str, field: str, shown: str) -> str:
    """`2026-11-22T08:05` with its zone. Raises Invalid naming the field."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).isoformat()
    except ValueError as error:
        raise Invalid(field, f"{shown}的格式不对") from error


def local(moment: datetime | None) -> str:
    """A moment as a field of a form shows it, to the second."""
    return "" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"
