"""Service grids: neighbouring villages of one town, joined until a grid is full."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from backend.demo.facts import Town
from backend.demo.sketch import geojson, plane_of, union
from backend.demo.types import DemoGrid, DemoStation, DemoVillage

# A grid worker serves about 1,000 to 1,500 customers; an average village has about 390.
GRID_WEIGHT = 3.3


def stations(towns: Sequence[Town]) -> list[DemoStation]:
    """Give one supply station a town, at the town's point."""
    return [
        DemoStation(
            code=town.short,
            name=f"{town.name[:-1]}供电所（演示）",
            town_code=town.code,
            town_name=town.name,
            place=town.place,
        )
        for town in towns
    ]


def grids(
    towns: Sequence[Town], villages: Sequence[DemoVillage], cells: Mapping[str, Any]
) -> list[DemoGrid]:
    """Group the villages of each town into grids; every village lands in exactly one."""
    answer: list[DemoGrid] = []
    for town in towns:
        own = [village for village in villages if village.town_code == town.code]
        for number, members in enumerate(_groups(own, cells, town), start=1):
            answer.append(
                DemoGrid(
                    code=f"{town.short}-{number:02d}",
                    name=f"{town.name[:-1]}第{number}网格",
                    station_code=town.short,
                    village_codes=tuple(sorted(village.code for village in members)),
                    shape=geojson(union([cells[village.code] for village in members])),
                )
            )
    return answer


def _groups(
    villages: Sequence[DemoVillage], cells: Mapping[str, Any], town: Town
) -> list[list[DemoVillage]]:
    """Grow grids from the outside of the town inward, so that no far village is left over."""
    neighbours = _neighbours(villages, cells)
    home = plane_of(town.place)
    free = {village.code: village for village in villages}
    groups: list[list[DemoVillage]] = []
    while free:
        first = max(free.values(), key=lambda village: _gap_km(plane_of(village.place), home))
        groups.append(_grow(first, free, neighbours))
    return _join_scraps(groups, neighbours)


def _grow(
    first: DemoVillage, free: dict[str, DemoVillage], neighbours: Mapping[str, set[str]]
) -> list[DemoVillage]:
    """Take villages out of `free`, nearest first, until the grid is full or walled in."""
    members = [free.pop(first.code)]
    start = plane_of(first.place)
    while True:
        touching = {code for village in members for code in neighbours[village.code]} & free.keys()
        if not touching:
            return members
        nearest = min(touching, key=lambda code: (_gap_km(plane_of(free[code].place), start), code))
        # Half a village too much is better than half a village too little, and no more than that.
        if _weight(members) + free[nearest].weight / 2 > GRID_WEIGHT:
            return members
        members.append(free.pop(nearest))


def _join_scraps(
    groups: list[list[DemoVillage]], neighbours: Mapping[str, set[str]]
) -> list[list[DemoVillage]]:
    """Give a grid that stayed under half full to its lightest neighbour."""
    kept = list(groups)
    for scrap in sorted(groups, key=_weight):
        if _weight(scrap) >= GRID_WEIGHT / 2:
            continue
        around = {code for village in scrap for code in neighbours[village.code]}
        hosts = [
            group
            for group in kept
            if group is not scrap and around & {village.code for village in group}
        ]
        if hosts:
            min(hosts, key=_weight).extend(scrap)
            kept = [group for group in kept if group is not scrap]
    return kept


def _neighbours(villages: Sequence[DemoVillage], cells: Mapping[str, Any]) -> dict[str, set[str]]:
    """Say which villages share a stretch of border, not merely a corner."""
    answer: dict[str, set[str]] = {village.code: set() for village in villages}
    for one in villages:
        for other in villages:
            if one.code < other.code:
                shared = shapely.intersection(cells[one.code], cells[other.code])
                if shapely.length(shared) > 0:
                    answer[one.code].add(other.code)
                    answer[other.code].add(one.code)
    return answer


def _weight(group: Sequence[DemoVillage]) -> float:
    """Sum the customer weight of a group."""
    return sum(village.weight for village in group)


def _gap_km(one: Any, other: Any) -> float:
    """Give the distance of two positions on the plane."""
    return float(np.linalg.norm(one - other))
