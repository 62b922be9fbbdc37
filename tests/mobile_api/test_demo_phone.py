"""The phone that plays itself in a demo takes the steps that a colleague would."""

from uuid import UUID

import httpx

from backend.demo import DemoFacts
from backend.demo.phone import DemoPerson, repair_everything
from grid.dispatch.service import offer
from tests.mobile_api.people import sign_in, somebody


async def test_every_offered_job_is_repaired(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    dispatcher = await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))
    body = {"description": "没电了", "account_no": demo.customers[0].account_no}
    job = (await client.post("/api/v1/work-orders", headers=dispatcher, json=body)).json()
    assert await offer(UUID(job["id"]))
    staff = [
        DemoPerson(one.employee_no, one.password, tuple(one.roles), one.on_shift)
        for one in demo.staff
    ]
    told: list[str] = []
    assert await repair_everything(client, staff, told.append, pause_s=0) == 1
    assert [line.split("  ")[2].split(":")[0] for line in told] == [
        *("accept", "depart", "arrive", "start", "restore", "complete")
    ]
    done = (await client.get(f"/api/v1/work-orders/{job['id']}", headers=dispatcher)).json()
    assert (done["state"], done["arrival_grade"]) == ("completed", "strong")
    assert await repair_everything(client, staff, told.append, pause_s=0) == 0
