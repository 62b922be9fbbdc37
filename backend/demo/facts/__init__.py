"""The few real facts under the demo county; NOTICE.md beside names their origin and licence."""

import csv
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from grid.geography.types import Place

COMMUNITY_ENDING = "社区居民委员会"
VILLAGE_ENDING = "村民委员会"


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """A town: statistics code of nine digits, name, short letters, and its point."""

    code: str
    name: str
    short: str
    place: Place
    is_approximate: bool


class Village(msgspec.Struct, frozen=True, kw_only=True):
    """A village committee: statistics code of twelve digits, everyday name, and its town.

    `is_community` is true for the committees of the town's built-up centre.
    """

    code: str
    name: str
    town_code: str
    is_community: bool


def towns() -> list[Town]:
    """Give the nine towns by code."""
    return [
        Town(
            code=row["code"],
            name=row["name"],
            short=row["short"],
            place=Place(float(row["lat"]), float(row["lon"])),
            is_approximate=row["point"] == "approximate",
        )
        for row in _rows("towns.csv")
    ]


def villages() -> list[Village]:
    """Give the 164 village committees by code."""
    return [
        Village(
            code=row["code"],
            name=_everyday_name(row["name"]),
            town_code=row["town_code"],
            is_community=row["name"].endswith(COMMUNITY_ENDING),
        )
        for row in _rows("villages.csv")
    ]


def _everyday_name(committee: str) -> str:
    """Shorten 大溪村村民委员会 to 大溪村 and 车站路社区居民委员会 to 车站路社区."""
    if committee.endswith(COMMUNITY_ENDING):
        return committee.removesuffix("居民委员会")
    return committee.removesuffix(VILLAGE_ENDING)


def _rows(name: str) -> Iterator[dict[str, str]]:
    """Read one CSV that is shipped beside this file."""
    with files(__name__).joinpath(name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)
