"""Outages and promises over the real door."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend.demo import DemoFacts
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_value
from tests.mobile_api.people import Headers, manager_of, sign_in, somebody

PATH = "/api/v1/outages"


@pytest.fixture
async def dispatcher(client: httpx.AsyncClient, demo: DemoFacts) -> Headers:
    await execute("UPDATE outage SET state = 'cancelled' WHERE state <> 'cancelled'")
    return await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))


async def body_of(demo: DemoFacts, account: int = 0, **more: object) -> dict[str, Any]:
    number = await fetch_value(
        "SELECT d.district_no FROM service_account a JOIN transformer_district d"
        " ON d.id = a.district WHERE a.account_no = $1",
        demo.customers[account].account_no,
    )
    now = await business_now()
    return {
        "kind": "fault",
        "starts_at": (now - timedelta(minutes=5)).isoformat(),
        "expected_end_at": (now + timedelta(hours=3)).isoformat(),
        "districts": [number],
        "cause": "树压断线",
        **more,
    }


async def test_from_announced_to_a_child_that_gets_its_own_job(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    body = await body_of(demo)
    keyed = {**dispatcher, "Idempotency-Key": "outage-story-1"}
    made = await client.post(PATH, headers=keyed, json=body)
    again = await client.post(PATH, headers=keyed, json=body)
    assert made.status_code == 201, made.text
    assert made.json() == again.json()
    outage = made.json()
    account = demo.customers[0].account_no
    here = await client.get(f"{PATH}/here", headers=dispatcher, params={"account_no": account})
    assert [one["id"] for one in here.json()["items"]] == [outage["id"]]
    fault = {"description": "没电了", "channel": "phone", "account_no": account}
    told = await client.post(f"{PATH}/report", headers=dispatcher, json={"fault": fault})
    assert told.status_code == 201, told.text
    assert (told.json()["joined"], told.json()["known"]["cause"]) == (True, "树压断线")
    ticket = told.json()["ticket"]["id"]
    promises = await client.get(f"/api/v1/tickets/{ticket}/promises", headers=dispatcher)
    (promise,) = promises.json()["items"]
    assert (promise["what"], promise["source"], promise["kept"]) == ("restore", "dispatcher", None)

    children = (await client.get(f"{PATH}/{outage['id']}/children", headers=dispatcher)).json()
    assert [one["ticket_id"] for one in children["items"]] == [ticket]
    split = await client.post(
        f"{PATH}/{outage['id']}/split",
        headers=dispatcher,
        json={"ticket_ids": [ticket], "reason": "家里另有故障"},
    )
    assert split.json()["items"][0]["done"] is True
    job = await fetch_value("SELECT kind FROM work_order WHERE ticket = $1", ticket)
    assert job == "fault_repair"
    full = (await client.get(f"{PATH}/{outage['id']}", headers=dispatcher)).json()
    assert full["children"]["split"] == 1
    closed = await _verb(client, dispatcher, full, "restore")
    closed = await _verb(client, dispatcher, closed, "close")
    assert closed["state"] == "closed"


async def _verb(
    client: httpx.AsyncClient, headers: Headers, outage: dict[str, Any], verb: str, **more: object
) -> dict[str, Any]:
    answer = await client.post(
        f"{PATH}/{outage['id']}/{verb}",
        headers=headers,
        json={"version": outage["version"], **more},
    )
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def test_what_is_refused_names_the_field_and_changes_nothing(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    before = await fetch_value("SELECT count(*) FROM outage")
    now = await business_now()
    for change, field in (
        ({"districts": ["NO-SUCH"]}, "districts"),
        ({"districts": []}, "body"),
        ({"districts": ["x" * 21]}, "body"),
        ({"starts_at": (now + timedelta(hours=1)).isoformat()}, "starts_at"),
        ({"expected_end_at": (now + timedelta(days=30)).isoformat()}, "expected_end_at"),
        ({"kind": "planned", "starts_at": (now + timedelta(days=1)).isoformat()}, None),
        ({"starts_at": "1970-01-01T00:00:00"}, None),
        ({"surprise": 1}, None),
    ):
        answer = await client.post(PATH, headers=dispatcher, json=await body_of(demo, **change))
        assert answer.status_code == 400, (change, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        if field not in (None, "body"):
            assert answer.json()["field"] == field
    assert await fetch_value("SELECT count(*) FROM outage") == before


async def test_a_manager_reads_and_may_not_manage(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    made = (await client.post(PATH, headers=dispatcher, json=await body_of(demo))).json()
    grid = made["districts"][0]["grid"]
    person = await sign_in(client, manager_of(demo, grid))
    listed = (await client.get(PATH, headers=person, params={"status": "open"})).json()
    assert made["id"] in [one["id"] for one in listed["items"]]
    shown = await client.get(f"{PATH}/{made['id']}", headers=person)
    assert shown.json()["allowed"] == []
    refused = await client.post(
        f"{PATH}/{made['id']}/restore", headers=person, json={"version": made["version"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    inside = (
        await client.get(f"{PATH}/{made['id']}/affected", headers=person, params={"limit": 1})
    ).json()
    assert len(inside["items"]) == 1
    counts = (await client.get(f"{PATH}/{made['id']}/affected/counts", headers=person)).json()
    assert counts["accounts"] == made["accounts"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATH}/00000000-0000-7000-8000-000000000000", 404),
        (f"{PATH}/00000000-0000-7000-8000-000000000000/children", 404),
        (f"{PATH}/00000000-0000-7000-8000-000000000000/affected", 404),
        (f"{PATH}/00000000-0000-7000-8000-000000000000/offers", 404),
        ("/api/v1/tickets/00000000-0000-7000-8000-000000000000/promises", 404),
        (f"{PATH}?status=dark", 400),
        (f"{PATH}?kind=storm", 400),
        (f"{PATH}?cursor=x", 400),
        (f"{PATH}?limit=201", 400),
        (f"{PATH}/here?near=1,2,3", 400),
        (f"{PATH}/here?account_no=12345678", 404),
    ],
)
async def test_what_does_not_exist_or_cannot_be_meant(
    client: httpx.AsyncClient, dispatcher: Headers, path: str, status: int
) -> None:
    answer = await client.get(path, headers=dispatcher)
    assert answer.status_code == status, answer.text


async def test_a_sealed_matter_and_one_about_me_promise_me_nothing(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    fault = {
        "description": "没电了",
        "channel": "phone",
        "account_no": demo.customers[5].account_no,
    }
    told = await client.post(f"{PATH}/report", headers=dispatcher, json={"fault": fault})
    ticket = told.json()["ticket"]["id"]
    path = f"/api/v1/tickets/{ticket}/promises"
    assert (await client.get(path, headers=dispatcher)).status_code == 200
    person = somebody(demo, lambda one: "dispatcher" in one.roles)
    await execute(
        "INSERT INTO ticket_accused (id, ticket, staff) SELECT gen_random_uuid(), $1, id"
        " FROM staff WHERE employee_no = $2",
        ticket,
        person.employee_no,
    )
    assert (await client.get(path, headers=dispatcher)).status_code == 404
