"""The people of the demo county and the three roles of each grid."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from backend.demo.people import names, phone
from backend.demo.rota import TEAMS, Rota
from backend.demo.types import (
    DemoAppointment,
    DemoGrid,
    DemoSkill,
    DemoStaff,
    DemoStation,
)
from grid.territory.types import GridRole, Skill, StaffRole

CREW_PER_TEAM = 2
GRIDS_PER_SUPERVISOR = 3
SKILL_VALID_DAYS = (420, 1_000)
CREW_SKILLS = (Skill.LOW_VOLTAGE, Skill.CLIMBING, Skill.FAULT_REPAIR)
# The first of each pair reads meters too, the second works under voltage.
EXTRA_SKILLS = (Skill.METERING, Skill.LIVE_LINE)
MANAGER_SKILLS = (Skill.LOW_VOLTAGE, Skill.CLIMBING, Skill.FAULT_REPAIR, Skill.METERING)
CENTRE = "SC"
CENTRE_POSTS = (
    (StaffRole.DISPATCHER, "D", 4, Rota.ROUND_THE_CLOCK),
    (StaffRole.BACK_OFFICE, "B", 2, Rota.OFFICE),
    (StaffRole.FINANCE, "F", 2, Rota.OFFICE),
    (StaffRole.AUDITOR, "A", 2, Rota.OFFICE),
    (StaffRole.OPERATOR, "O", 2, Rota.OFFICE),
)


class Hiring:
    """Makes people one after another, so that names, phones and numbers never clash."""

    def __init__(self, seed: int, today: date) -> None:
        self._dice = np.random.default_rng([seed, 3])
        self._today = today
        self.people: list[DemoStaff] = []

    def hire(
        self,
        employee_no: str,
        rota: Rota,
        *,
        station_code: str | None = None,
        roles: Sequence[StaffRole] = (),
        skills: Sequence[Skill] = (),
        team: int = 0,
    ) -> DemoStaff:
        """Add a person whose certificates hold for more than a year yet."""
        earliest, latest = SKILL_VALID_DAYS
        person = DemoStaff(
            employee_no=employee_no,
            name=names(self._dice, 1)[0],
            phone=phone(len(self.people)),
            station_code=station_code,
            roles=tuple(role.value for role in roles),
            skills=tuple(
                DemoSkill(
                    skill=skill.value,
                    valid_until=self._today
                    + timedelta(days=int(self._dice.integers(earliest, latest))),
                )
                for skill in skills
            ),
            rota=rota.value,
            team=team,
        )
        self.people.append(person)
        return person


def staffing(
    seed: int, today: date, stations: Sequence[DemoStation], grids: Sequence[DemoGrid]
) -> tuple[list[DemoStaff], list[DemoAppointment]]:
    """Give the service centre, the stations' heads and crews, and the three roles of each grid."""
    hiring = Hiring(seed, today)
    for role, letter, count, rota in CENTRE_POSTS:
        for number in range(count):
            hiring.hire(f"{CENTRE}-{letter}{number + 1}", rota, roles=(role,), team=number % TEAMS)
    for station in stations:
        _station(hiring, station)
    return hiring.people, _appoint(hiring, grids)


def _station(hiring: Hiring, station: DemoStation) -> None:
    """Hire the head and four teams of two."""
    hiring.hire(
        f"{station.code}-H", Rota.OFFICE, station_code=station.code, roles=(StaffRole.STATION_HEAD,)
    )
    for number in range(TEAMS * CREW_PER_TEAM):
        hiring.hire(
            f"{station.code}-C{number + 1}",
            Rota.ROUND_THE_CLOCK,
            station_code=station.code,
            roles=(StaffRole.CREW,),
            skills=(*CREW_SKILLS, EXTRA_SKILLS[number % CREW_PER_TEAM]),
            team=number // CREW_PER_TEAM,
        )


def _appoint(hiring: Hiring, grids: Sequence[DemoGrid]) -> list[DemoAppointment]:
    """Give each grid a manager and an assistant of its own, and a supervisor from the centre."""
    answer: list[DemoAppointment] = []
    supervisor_no = ""
    for number, grid in enumerate(grids):
        if number % GRIDS_PER_SUPERVISOR == 0:
            supervisor = hiring.hire(
                f"{CENTRE}-S{number // GRIDS_PER_SUPERVISOR + 1:02d}", Rota.OFFICE
            )
            supervisor_no = supervisor.employee_no
        manager = hiring.hire(
            f"{grid.code}-M",
            Rota.VILLAGE,
            station_code=grid.station_code,
            skills=MANAGER_SKILLS,
            team=number,
        )
        assistant = hiring.hire(
            f"{grid.code}-A", Rota.VILLAGE, station_code=grid.station_code, team=number + 3
        )
        answer += [
            DemoAppointment(grid_code=grid.code, employee_no=employee_no, role=role.value)
            for employee_no, role in (
                (manager.employee_no, GridRole.MANAGER),
                (assistant.employee_no, GridRole.ASSISTANT),
                (supervisor_no, GridRole.SUPERVISOR),
            )
        ]
    return answer
