"""Visits and special care over the phone's door: plan, report, find, check, card."""

from typing import Any

import httpx

from backend.demo import DemoFacts
from grid.kit.database import execute
from grid.visits.checking import look
from tests.mobile_api.people import Headers, manager_of, sign_in, somebody

API = "/api/v1"
ORDINARY = {"supply": "正常", "wiring_ok": True, "contact_right": True, "notice_way": "微信"}


async def _people(client: httpx.AsyncClient, demo: DemoFacts) -> tuple[str, Headers, Headers]:
    """A grid with somebody of it, its manager and its supervisor."""
    grid = next(one for person in demo.staff if "manager" in person.roles for one in person.grids)
    manager = await sign_in(client, manager_of(demo, grid), "visits-m")
    watching = somebody(demo, lambda one: "supervisor" in one.roles and grid in one.grids)
    return grid, manager, await sign_in(client, watching, "visits-s")


async def _account(client: httpx.AsyncClient, headers: Headers, grid: str) -> dict[str, Any]:
    found = await client.get(f"{API}/customers", headers=headers, params={"grid": grid})
    return next(one for one in found.json()["items"] if not one["tags"])


def _told(account: dict[str, Any], **more: object) -> dict[str, Any]:
    place = account["place"]
    return {
        "account_no": account["account_no"],
        "form": "ordinary",
        "form_version": 1,
        "answers": ORDINARY,
        "position": {"lat": place["lat"], "lon": place["lon"], "accuracy_m": 10},
        "findings": [{"kind": "opinion", "words": "停电通知太晚"}],
        **more,
    }


async def test_a_visit_from_the_card_to_the_verdict(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    grid, manager, supervisor = await _people(client, demo)
    account = await _account(client, manager, grid)
    card = await client.get(f"{API}/customers/{account['account_no']}/care-card", headers=manager)
    assert card.status_code == 200, card.text
    assert card.json()["form"] == "ordinary"
    forms = (await client.get(f"{API}/visit-forms", headers=manager)).json()
    assert {one["form"] for one in forms["items"]} >= {"ordinary", "special_care"}
    key = {**manager, "Idempotency-Key": "visit-one-1"}
    told = await client.post(f"{API}/visits", headers=key, json=_told(account))
    assert told.status_code == 201, told.text
    again = await client.post(f"{API}/visits", headers=key, json=_told(account))
    assert again.json() == told.json()
    visit = told.json()
    path = f"{API}/visits/{visit['id']}"
    ticket = await client.post(f"{path}/findings/1/ticket", headers=manager)
    twice = await client.post(f"{path}/findings/1/ticket", headers=manager)
    assert ticket.json()["id"] == twice.json()["id"]
    assert (await client.post(f"{path}/findings/77/ticket", headers=manager)).status_code == 404
    body = {"method": "call", "outcome": "not_confirmed", "words": "没有人来过"}
    early = await client.post(f"{path}/verify", headers=supervisor, json=body)
    assert early.json()["code"] == "visit_not_finished"
    await execute(
        "UPDATE work_order SET state = 'completed', completed_at = arrived_at WHERE id = $1",
        visit["work_order_id"],
    )
    await look()
    inbox = await client.get(f"{API}/visit-checks?state=open&grid={grid}", headers=supervisor)
    assert [one["visit_id"] for one in inbox.json()["items"]] == [visit["id"]]
    own = await client.post(f"{path}/verify", headers=manager, json=body)
    assert own.status_code == 403
    done = await client.post(f"{path}/verify", headers=supervisor, json=body)
    assert done.json()["checks"] == ["not_confirmed"]
    listed = await client.get(f"{API}/visits?account_no={account['account_no']}", headers=manager)
    assert [one["id"] for one in listed.json()["items"]] == [visit["id"]]
    assert (await client.get(f"{API}/visit-draws", headers=supervisor)).status_code == 200


async def test_a_plan_from_draft_to_release(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    grid, manager, supervisor = await _people(client, demo)
    today = (await client.get(f"{API}/today", headers=manager)).json()["as_of"]
    month = today[:7]
    made = await client.post(
        f"{API}/visit-plans", headers=manager, json={"month": month, "grid": grid}
    )
    if made.status_code == 409:
        # Late in a month no working day may be left; the next one has them.
        year, number = int(month[:4]), int(month[5:])
        month = f"{year + number // 12}-{number % 12 + 1:02d}"
        made = await client.post(
            f"{API}/visit-plans", headers=manager, json={"month": month, "grid": grid}
        )
    assert made.status_code == 201, made.text
    plan = made.json()
    assert plan["stops"]
    path = f"{API}/visit-plans/{plan['id']}"
    refused = await client.post(
        f"{path}/release", headers=supervisor, json={"version": plan["version"]}
    )
    assert refused.status_code == 403
    stop = plan["stops"][-1]
    removed = await client.post(
        f"{path}/remove",
        headers=manager,
        json={"version": plan["version"], "stop_id": stop["id"], "reason": "客户外出"},
    )
    assert removed.status_code == 200, removed.text
    stale = await client.post(
        f"{path}/move",
        headers=manager,
        json={
            "version": plan["version"],
            "stop_id": plan["stops"][0]["id"],
            "day": plan["stops"][0]["day"],
            "reason": "改期",
        },
    )
    assert stale.json()["code"] == "stale_version"
    released = await client.post(
        f"{path}/release", headers=manager, json={"version": removed.json()["version"]}
    )
    assert released.status_code == 200, released.text
    assert released.json()["state"] == "released"
    shown = await client.get(f"{API}/visit-plans?month={month}&grid={grid}", headers=supervisor)
    assert [one["id"] for one in shown.json()["items"]] == [plan["id"]]
    assert (await client.get(path, headers=supervisor)).json()["stops_count"] == plan[
        "stops_count"
    ] - 1


async def test_special_care_is_marked_listed_and_ended(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    grid, manager, supervisor = await _people(client, demo)
    account = await _account(client, manager, grid)
    path = f"{API}/customers/{account['account_no']}/care-tags"
    body = {"tag": "special_group", "reason": "老人独居", "consent": True}
    assert (await client.post(path, headers=supervisor, json=body)).status_code == 403
    tag = await client.post(path, headers=manager, json=body)
    assert tag.status_code == 201, tag.text
    lines = (await client.get(f"{API}/care-list?grid={grid}&limit=200", headers=supervisor)).json()[
        "items"
    ]
    assert account["account_no"] in [one["account_no"] for one in lines]
    ending = f"{path}/{tag.json()['id']}"
    longer = await client.post(
        f"{ending}/extend", headers=manager, json={"reason": "延", "until_day": "2020-01-01"}
    )
    assert longer.status_code == 400
    ended = await client.post(f"{ending}/end", headers=manager, json={"reason": "子女接走"})
    assert ended.status_code == 200, ended.text


async def test_bad_input_is_refused_by_name(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    grid, manager, _ = await _people(client, demo)
    account = await _account(client, manager, grid)
    for body, field in (
        (_told(account, answers={**ORDINARY, "supply": "好极了"}), "answers.supply"),
        (_told(account, form_version=9), "form_version"),
        (_told(account, leaflets=["safety", "safety"]), "leaflets"),
    ):
        answer = await client.post(f"{API}/visits", headers=manager, json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    for query in ("visit-plans?month=2026-13", "visit-checks?state=bad", "visits?cursor=zzz"):
        assert (await client.get(f"{API}/{query}", headers=manager)).status_code == 400
