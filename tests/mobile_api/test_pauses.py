"""Pauses, corrections, priorities and policies over the real door."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from backend.demo import DemoFacts
from grid.kit.clock import business_now
from tests.mobile_api.people import Headers, sign_in, somebody


async def _job(client: httpx.AsyncClient, headers: Headers, account_no: str) -> dict[str, Any]:
    body = {"description": "没电了", "account_no": account_no}
    opened = await client.post("/api/v1/work-orders", headers=headers, json=body)
    assert opened.status_code == 201, opened.text
    return dict(opened.json())


async def _people(client: httpx.AsyncClient, demo: DemoFacts) -> tuple[Headers, Headers]:
    """A dispatcher and an auditor of the county."""
    return (
        await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles)),
        await sign_in(client, somebody(demo, lambda one: "auditor" in one.roles)),
    )


async def test_a_pause_is_asked_for_listed_and_approved(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    asking, deciding = await _people(client, demo)
    job = await _job(client, asking, demo.customers[0].account_no)
    path = f"/api/v1/work-orders/{job['id']}/pauses"
    until = (await business_now() + timedelta(hours=2)).isoformat()
    body = {"reason": "weather", "words": "路断了", "until": until}
    keyed = {**asking, "Idempotency-Key": f"pause-{uuid4()}"}
    first = await client.post(path, headers=keyed, json=body)
    assert first.status_code == 201, first.text
    again = await client.post(path, headers=keyed, json=body)
    assert again.json() == first.json(), "a retry is one pause"
    pause = first.json()
    twice = await client.post(path, headers=asking, json=body)
    assert (twice.status_code, twice.json()["code"]) == (409, "pause_already_open")
    waiting = (await client.get("/api/v1/pauses", headers=deciding)).json()["items"]
    assert pause["id"] in [one["pause"]["id"] for one in waiting]
    decide = f"/api/v1/pauses/{pause['id']}"
    own = await client.post(f"{decide}/approve", headers=asking, json={})
    assert (own.status_code, own.json()["code"]) == (403, "same_person")
    done = await client.post(f"{decide}/approve", headers=deciding, json={})
    assert (done.status_code, done.json()["state"]) == (200, "running")
    shown = (await client.get(f"/api/v1/work-orders/{job['id']}", headers=asking)).json()
    assert "paused" in [clock["state"] for clock in shown["clocks"]]
    ended = await client.post(f"{decide}/end", headers=asking, json={})
    assert ended.json()["state"] == "ended"
    listed = (await client.get(path, headers=asking)).json()
    assert [one["state"] for one in listed["items"]] == ["ended"]
    nowhere = await client.post(f"{decide}/forget", headers=asking, json={})
    assert nowhere.status_code == 404


async def test_bad_pauses_and_corrections_name_what_is_wrong(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    asking, _ = await _people(client, demo)
    job = await _job(client, asking, demo.customers[1].account_no)
    path = f"/api/v1/work-orders/{job['id']}"
    good = {"reason": "weather", "words": "路断了", "until": "2031-01-01T00:00:00+08:00"}
    bad: list[tuple[str, dict[str, object], str]] = [
        ("pauses", good, "until"),
        ("pauses", {**good, "reason": "lunch"}, "reason"),
        ("pauses", {**good, "words": "x" * 501}, "words"),
        ("pauses", {**good, "until": "2031-01-01T00:00:00"}, "until"),
        ("corrections", {"field": "born_at", "new_at": good["until"], "reason": "x"}, "field"),
    ]
    for place, body, field in bad:
        answer = await client.post(f"{path}/{place}", headers=asking, json=body)
        assert answer.status_code == 400, (body, answer.text)
        assert field in answer.text
    correction = {"field": "arrived_at", "new_at": good["until"], "reason": "没有信号"}
    answer = await client.post(f"{path}/corrections", headers=asking, json=correction)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_recorded")
    foreign = await client.post(
        f"/api/v1/work-orders/{uuid4()}/corrections", headers=asking, json=correction
    )
    assert foreign.status_code == 404
    listed = (await client.get("/api/v1/corrections?status=proposed", headers=asking)).json()
    assert listed == {"items": [], "next": None}


async def test_a_priority_is_changed_with_the_version_that_was_read(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    asking, _ = await _people(client, demo)
    job = await _job(client, asking, demo.customers[2].account_no)
    path = f"/api/v1/work-orders/{job['id']}/priority"
    body = {"version": job["version"] + 7, "priority": "danger", "reason": "有人触电"}
    stale = await client.post(path, headers=asking, json=body)
    assert stale.status_code == 409
    now = (await client.get(f"/api/v1/work-orders/{job['id']}", headers=asking)).json()
    body["version"] = now["version"]
    done = await client.post(path, headers=asking, json=body)
    assert (done.status_code, done.json()["priority"]) == (200, "danger")


async def test_policies_are_for_the_second_factor_and_for_who_may(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    asking, _ = await _people(client, demo)
    operator = await sign_in(client, somebody(demo, lambda one: "operator" in one.roles))
    for headers in (asking, operator):
        answer = await client.get("/api/v1/policies", headers=headers)
        assert answer.status_code == 403, "a phone's password alone sets no limits"
        answer = await client.post(
            "/api/v1/policies",
            headers=headers,
            json={
                "kind": "fault_repair",
                "target": "arrive",
                "limit_s": 60,
                "hours": "always",
                "source": "依据说明",
            },
        )
        assert answer.status_code == 403
