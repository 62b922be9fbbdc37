"""A job walked through on the phone, over the real door."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from backend.demo import DemoFacts
from grid.dispatch.service import offer
from tests.mobile_api.people import Headers, manager_of, sign_in, somebody


async def _dispatcher(client: httpx.AsyncClient, demo: DemoFacts) -> Headers:
    return await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))


async def _offered(client: httpx.AsyncClient, demo: DemoFacts, headers: Headers) -> dict[str, Any]:
    """A new fault of a demo customer, offered by dispatch."""
    for customer in demo.customers:
        body = {"description": "没电了", "account_no": customer.account_no}
        opened = await client.post("/api/v1/work-orders", headers=headers, json=body)
        assert opened.status_code == 201, opened.text
        job = opened.json()
        if job["version"] == 0 and await offer(UUID(job["id"])):
            return dict(
                (await client.get(f"/api/v1/work-orders/{job['id']}", headers=headers)).json()
            )
    raise AssertionError("nobody of the demo is on shift")


async def _step(
    client: httpx.AsyncClient, headers: Headers, job: dict[str, Any], verb: str, **more: object
) -> httpx.Response:
    body = {"version": job["version"], **more}
    return await client.post(f"/api/v1/work-orders/{job['id']}/{verb}", headers=headers, json=body)


async def test_from_told_to_repaired(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    dispatcher = await _dispatcher(client, demo)
    job = await _offered(client, demo, dispatcher)
    assert job["state"] == "assigned"
    assert [clock["target"] for clock in job["clocks"]] == ["arrive", "accept"]
    person = somebody(demo, lambda one: one.employee_no == job["assignee"]["employee_no"])
    phone = await sign_in(client, person)
    today = (await client.get("/api/v1/today", headers=phone)).json()
    assert job["id"] in [one["id"] for one in today["items"]]
    near = {"lat": job["lat"], "lon": job["lon"], "accuracy_m": 12.0}
    steps: list[tuple[str, dict[str, object]]] = [
        ("accept", {}),
        ("depart", {"occurred_at": "2026-11-22T08:00:00+08:00"}),
        ("arrive", {"position": near}),
        ("start", {}),
        ("restore", {}),
        ("complete", {"resolution": "更换保险丝"}),
    ]
    for verb, more in steps:
        answer = await _step(client, phone, job, verb, **more)
        assert answer.status_code == 200, answer.text
        job = answer.json()
    assert job["state"] == "completed"
    assert job["arrival_grade"] == "weak"
    assert {clock["state"] for clock in job["clocks"]} == {"met"}
    full = (await client.get(f"/api/v1/work-orders/{job['id']}", headers=dispatcher)).json()
    events = [one["event"] for one in full["history"]]
    assert events == ["intake", "assign", *[verb for verb, _ in steps]]
    depart = full["history"][3]
    assert depart["device_at"] == "2026-11-22T00:00:00Z"
    assert depart["at"] != depart["device_at"]


async def test_stale_version_and_wrong_step_change_nothing(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher = await _dispatcher(client, demo)
    job = await _offered(client, demo, dispatcher)
    person = somebody(demo, lambda one: one.employee_no == job["assignee"]["employee_no"])
    phone = await sign_in(client, person)
    stale = await _step(client, phone, job | {"version": job["version"] - 1}, "accept")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    early = await _step(client, phone, job, "complete", resolution="x")
    assert (early.status_code, early.json()["code"]) == (409, "work_order_step_not_possible")
    silent = await _step(client, phone, job, "decline")
    assert (silent.status_code, silent.json()["field"]) == (400, "reason")
    unknown = await _step(client, phone, job, "teleport")
    assert unknown.status_code == 404
    now = (await client.get(f"/api/v1/work-orders/{job['id']}", headers=phone)).json()
    assert (now["state"], now["version"]) == ("assigned", job["version"])


async def test_the_same_key_does_it_once(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    dispatcher = await _dispatcher(client, demo)
    job = await _offered(client, demo, dispatcher)
    keyed = dispatcher | {"Idempotency-Key": str(uuid4())}
    first = await _step(client, keyed, job, "comment", reason="先看一下")
    again = await _step(client, keyed, job, "comment", reason="先看一下")
    assert first.status_code == again.status_code == 200
    assert first.json()["version"] == again.json()["version"] == job["version"] + 1
    other = await _step(client, keyed, job, "comment", reason="别的话")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_not_yours_is_404_and_not_your_role_is_403(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher = await _dispatcher(client, demo)
    job = await _offered(client, demo, dispatcher)
    grids = (await client.get("/api/v1/grids?limit=200", headers=dispatcher)).json()["items"]
    own = next(grid["code"] for grid in grids if grid["name"] == job["grid"])
    far = manager_of(demo, next(grid["code"] for grid in grids if grid["code"] != own))
    if far.employee_no != job["assignee"]["employee_no"]:
        stranger = await sign_in(client, far)
        answer = await client.get(f"/api/v1/work-orders/{job['id']}", headers=stranger)
        assert answer.status_code == 404
        assert (await _step(client, stranger, job, "accept")).status_code == 404
    assert (await _step(client, dispatcher, job, "accept")).status_code == 403
    missing = await client.get(f"/api/v1/work-orders/{uuid4()}", headers=dispatcher)
    assert missing.status_code == 404


async def test_lists_page_through_everything_once(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher = await _dispatcher(client, demo)
    for _ in range(3):
        await _offered(client, demo, dispatcher)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/v1/work-orders", headers=dispatcher, params=query)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) >= 3
    near = await client.get("/api/v1/work-orders?near=29.89,110.02", headers=dispatcher)
    far_m = [one["distance_m"] for one in near.json()["items"]]
    assert far_m == sorted(far_m)
