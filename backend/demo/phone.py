"""Plays the phones of a demo county: every open job that is offered to somebody gets repaired.

    python -m backend.demo.phone [--home DIR]

For whoever shows the system without the phones' app. It signs in as the colleague whose job it is,
with the demo passwords of `ready.json`, and says what an app would say, one step after the other.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from backend.commands.words import complain, say

#: What a repair says on its way, with the words that a step needs.
STEPS: Mapping[str, Mapping[str, str]] = {
    "accept": {},
    "depart": {},
    "arrive": {},
    "start": {},
    "restore": {},
    "complete": {"resolution": "更换低压保险,已恢复供电"},
}
ACCURACY_M = 12.0
#: Between two steps, so that people can watch the board and the chat follow.
PAUSE_S = 2.0


class DemoPerson(msgspec.Struct, frozen=True):
    """One sign-in of `ready.json`."""

    employee_no: str
    password: str
    roles: tuple[str, ...] = ()
    on_shift: bool = False


class Ready(msgspec.Struct, frozen=True):
    """The part of `ready.json` that a phone needs."""

    base_url: str
    staff: tuple[DemoPerson, ...]


async def repair_everything(
    client: httpx.AsyncClient,
    staff: Sequence[DemoPerson],
    tell: Callable[[str], None],
    pause_s: float = PAUSE_S,
) -> int:
    """Walk the open jobs that have an assignee (at most a page of them) to their end; how many.

    `client` knows the address of the service. Raises httpx.HTTPStatusError when a step is refused.
    """
    dispatcher = next(person for person in staff if "dispatcher" in person.roles)
    people = {person.employee_no: person for person in staff}
    headers = await _sign_in(client, dispatcher)
    answer = await client.get("/api/v1/work-orders?status=open", headers=headers)
    answer.raise_for_status()
    jobs = [job for job in answer.json()["items"] if job["assignee"]]
    for job in jobs:
        who = people[job["assignee"]["employee_no"]]
        await _repair(client, await _sign_in(client, who), job["id"], tell, pause_s)
    return len(jobs)


async def _sign_in(client: httpx.AsyncClient, person: DemoPerson) -> dict[str, str]:
    answer = await client.post(
        "/api/v1/sessions",
        json={
            "employee_no": person.employee_no,
            "password": person.password,
            "device_id": "demo-phone",
        },
    )
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _repair(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    job_id: str,
    tell: Callable[[str], None],
    pause_s: float,
) -> None:
    """Take the steps that are still possible to the assignee, in the order of a repair."""
    answer = await client.get(f"/api/v1/work-orders/{job_id}", headers=headers)
    answer.raise_for_status()
    job = answer.json()
    here = {"lat": job["lat"], "lon": job["lon"], "accuracy_m": ACCURACY_M}
    who = job["assignee"]
    for verb, fields in STEPS.items():
        if verb not in job["allowed"]:
            continue
        body: dict[str, Any] = {"version": job["version"], **fields}
        if verb == "arrive" and job["lat"] is not None:
            body["position"] = here
        answer = await client.post(
            f"/api/v1/work-orders/{job_id}/{verb}", json=body, headers=headers
        )
        answer.raise_for_status()
        job = answer.json()
        tell(f"{job['number']}  {who['employee_no']} {who['name']}  {verb}: {job['state']}")
        await asyncio.sleep(pause_s)


async def _run(ready: Ready) -> None:
    async with httpx.AsyncClient(base_url=ready.base_url, timeout=20.0) as client:
        if not await repair_everything(client, ready.staff, say):
            say("no open job is offered to anybody: write 没电了 on the chat page first")


def main() -> int:
    """Read `ready.json` of a home that serves and repair what is open; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m backend.demo.phone", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".wangge"))
    path = parser.parse_args().home / "ready.json"
    try:
        ready = msgspec.json.decode(path.read_bytes(), type=Ready)
    except FileNotFoundError:
        complain(f"{path} is not there: is `make up` running?")
        return 1
    asyncio.run(_run(ready))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
