"""Stations, grids, villages, districts and people of the demo county as table rows."""

import msgspec

from backend.demo.batches import BY_DEMO, SINCE, Batch, Keys, Secrets, batch
from backend.demo.rota import shifts_between
from backend.demo.types import DemoCounty
from grid.kit.clock import business_day
from grid.kit.ids import new_id
from grid.territory.tables import (
    GridAppointment,
    ServiceGrid,
    Shift,
    Staff,
    StaffRoleGrant,
    StaffSkill,
    SupplyStation,
    TransformerDistrict,
    Village,
)
from grid.territory.types import StaffState

# Business time can be pushed 400 days ahead; somebody is on duty until then.
SHIFT_DAYS = 430


def territory_batches(county: DemoCounty, keys: Keys, secrets: Secrets) -> list[Batch]:
    """Give the territory's rows, parents before children."""
    return [
        *_map_batches(county, keys),
        _districts(county, keys),
        _people(county, keys, secrets),
        *_duty_batches(county, keys),
        _appointments(county, keys),
    ]


def _map_batches(county: DemoCounty, keys: Keys) -> list[Batch]:
    """Give stations, grids with their sketched shapes, and villages."""
    grid_of = {code: keys.grids[grid.code] for grid in county.grids for code in grid.village_codes}
    return [
        batch(
            SupplyStation,
            "id code name lat lon",
            (
                (keys.stations[s.code], s.code, s.name, s.place.lat, s.place.lon)
                for s in county.stations
            ),
        ),
        batch(
            ServiceGrid,
            "id code name station shape active_from",
            (
                (
                    keys.grids[g.code],
                    g.code,
                    g.name,
                    keys.stations[g.station_code],
                    msgspec.json.encode(g.shape).decode(),
                    SINCE,
                )
                for g in county.grids
            ),
        ),
        batch(
            Village,
            "id code name grid lat lon",
            (
                (keys.villages[v.code], v.code, v.name, grid_of[v.code], v.place.lat, v.place.lon)
                for v in county.villages
            ),
        ),
    ]


def _districts(county: DemoCounty, keys: Keys) -> Batch:
    """Give the transformer districts."""
    return batch(
        TransformerDistrict,
        "id district_no name grid village place_class lat lon",
        (
            (
                keys.districts[d.district_no],
                d.district_no,
                d.name,
                keys.grids[d.grid_code],
                keys.villages[d.village_code],
                d.place_class.value,
                d.place.lat,
                d.place.lon,
            )
            for d in county.districts
        ),
    )


def _people(county: DemoCounty, keys: Keys, secrets: Secrets) -> Batch:
    """Give the staff, each with a password that is already theirs."""
    return batch(
        Staff,
        "id employee_no name phone station state password_hash must_change_password totp_secret"
        " failed_tries created_at",
        (
            (
                keys.staff[p.employee_no],
                p.employee_no,
                p.name,
                p.phone,
                keys.station_or_none(p.station_code),
                StaffState.ACTIVE.value,
                secrets.password_hashes[p.employee_no],
                False,
                secrets.totp_secrets.get(p.employee_no),
                0,
                keys.now,
            )
            for p in county.staff
        ),
    )


def _duty_batches(county: DemoCounty, keys: Keys) -> list[Batch]:
    """Give posts (in the station, or in the whole county), certificates and shifts."""
    return [
        batch(
            StaffRoleGrant,
            "id staff role station from_day granted_by approved_by",
            (
                (
                    new_id(),
                    keys.staff[p.employee_no],
                    role,
                    keys.station_or_none(p.station_code),
                    SINCE,
                    BY_DEMO,
                    BY_DEMO,
                )
                for p in county.staff
                for role in p.roles
            ),
        ),
        batch(
            StaffSkill,
            "id staff skill valid_until",
            (
                (new_id(), keys.staff[p.employee_no], held.skill, held.valid_until)
                for p in county.staff
                for held in p.skills
            ),
        ),
        batch(
            Shift,
            "id staff starts_at ends_at",
            (
                (new_id(), keys.staff[shift.employee_no], shift.starts_at, shift.ends_at)
                for shift in shifts_between(county.staff, business_day(keys.now), SHIFT_DAYS)
            ),
        ),
    ]


def _appointments(county: DemoCounty, keys: Keys) -> Batch:
    """Give the three roles of each grid."""
    return batch(
        GridAppointment,
        "id grid staff role from_day appointed_by approved_by",
        (
            (
                new_id(),
                keys.grids[a.grid_code],
                keys.staff[a.employee_no],
                a.role,
                SINCE,
                BY_DEMO,
                BY_DEMO,
            )
            for a in county.appointments
        ),
    )
