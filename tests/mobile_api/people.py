"""Signing demo people in, as their phones would."""

from collections.abc import Callable

import httpx

from backend.demo import DemoFacts
from backend.demo.ready import DemoStaffFact

Headers = dict[str, str]


def somebody(demo: DemoFacts, wanted: Callable[[DemoStaffFact], bool]) -> DemoStaffFact:
    """The first demo colleague that fits."""
    return next(person for person in demo.staff if wanted(person))


async def sign_in(client: httpx.AsyncClient, person: DemoStaffFact, device: str = "d1") -> Headers:
    """The headers of a signed-in phone."""
    answer = await client.post("/api/v1/sessions", json=sign_in_body(person, device))
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def sign_in_body(person: DemoStaffFact, device: str = "d1") -> dict[str, str]:
    return {
        "employee_no": person.employee_no,
        "password": person.password,
        "device_id": device,
    }


def manager_of(demo: DemoFacts, grid: str) -> DemoStaffFact:
    return somebody(demo, lambda person: "manager" in person.roles and grid in person.grids)
