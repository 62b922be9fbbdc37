"""Supervision orders and handovers over the real door."""

from typing import Any

import httpx
import pytest

from backend.demo import DemoFacts
from tests.mobile_api.people import Headers, sign_in, somebody

BASE = "/api/v1/supervision-orders"


@pytest.fixture
async def dispatcher(client: httpx.AsyncClient, demo: DemoFacts) -> Headers:
    return await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))


async def opened(client: httpx.AsyncClient, demo: DemoFacts, headers: Headers, n: int) -> Any:
    """A fault of a demo household."""
    body = {"description": "没电了", "account_no": demo.customers[n].account_no}
    answer = await client.post("/api/v1/work-orders", headers=headers, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_by_hand_answered_and_closed(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    job = await opened(client, demo, dispatcher, 70)
    body = {"work_order_id": job["id"], "words": "客户第三次来电"}
    headers = {**dispatcher, "Idempotency-Key": "supervise-1"}
    made = [await client.post(BASE, headers=headers, json=body) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201], made[0].text
    assert made[0].json() == made[1].json()
    order = made[0].json()
    assert (order["cause"], order["state"]) == ("by_hand", "open")
    listed = (await client.get(BASE, headers=dispatcher, params={"limit": 200})).json()
    assert order["id"] in [one["id"] for one in listed["items"]]
    shown = (await client.get(f"{BASE}/{order['id']}", headers=dispatcher)).json()
    assert next(line["event"] for line in shown["history"]) == "open"
    early = await client.post(
        f"{BASE}/{order['id']}/close", headers=dispatcher, json={"words": "好"}
    )
    assert (early.status_code, early.json()["code"]) == (409, "supervision_step_not_possible")
    for verb, state in (("answer", "answered"), ("reject", "open"), ("answer", "answered")):
        answer = await client.post(
            f"{BASE}/{order['id']}/{verb}", headers=dispatcher, json={"words": "已安排"}
        )
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
    closed = await client.post(
        f"{BASE}/{order['id']}/close", headers=dispatcher, json={"words": "同意"}
    )
    assert closed.json()["state"] == "closed"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"words": "没有对象"}),
        (400, {"work_order_id": "00000000-0000-7000-8000-000000000000", "words": ""}),
        (404, {"work_order_id": "00000000-0000-7000-8000-000000000000", "words": "没有"}),
        (404, {"ticket_id": "00000000-0000-7000-8000-000000000000", "words": "没有"}),
        (400, {"words": "x", "extra": 1}),
    ],
)
async def test_bad_orders_are_refused_by_name(
    client: httpx.AsyncClient, dispatcher: Headers, status: int, body: dict[str, object]
) -> None:
    answer = await client.post(BASE, headers=dispatcher, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "query", ["state=nonsense", "level=heaven", "cursor=x", "limit=201", "cause=none"]
)
async def test_bad_filters_are_refused(
    client: httpx.AsyncClient, dispatcher: Headers, query: str
) -> None:
    answer = await client.get(f"{BASE}?{query}", headers=dispatcher)
    assert answer.status_code == 400, answer.text


async def test_no_other_verb_and_no_other_reader(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    job = await opened(client, demo, dispatcher, 71)
    made = await client.post(
        BASE, headers=dispatcher, json={"work_order_id": job["id"], "words": "请说明"}
    )
    order = made.json()["id"]
    for verb in ("escalate", "open", "delete"):
        answer = await client.post(
            f"{BASE}/{order}/{verb}", headers=dispatcher, json={"words": "好"}
        )
        assert answer.status_code == 404
    operator = somebody(demo, lambda one: "assistant" in one.roles)
    stranger = await sign_in(client, operator, "d-assistant")
    assert (await client.get(f"{BASE}/{order}", headers=stranger)).status_code == 404
    assert (await client.get(BASE, headers=stranger)).json()["items"] == []


async def test_a_ticket_is_handed_over_accepted_and_returned(
    client: httpx.AsyncClient, demo: DemoFacts, dispatcher: Headers
) -> None:
    job = await opened(client, demo, dispatcher, 72)
    body = {
        "direction": "out",
        "ticket_id": job["ticket_id"],
        "reason": "树在村集体地上",
        "agency": "镇综治中心",
        "contact_person": "李主任",
        "contact_phone": "0718-5280000",
    }
    made = await client.post("/api/v1/handovers", headers=dispatcher, json=body)
    assert made.status_code == 201, made.text
    handover = made.json()
    again = await client.post("/api/v1/handovers", headers=dispatcher, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "already_handed_over")
    there = f"/api/v1/handovers/{handover['id']}"
    for verb, state in (("remind", "handed_over"), ("accept", "accepted"), ("return", "returned")):
        answer = await client.post(f"{there}/{verb}", headers=dispatcher, json={"words": "好的"})
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
    shown = (await client.get(there, headers=dispatcher)).json()
    assert [line["event"] for line in shown["trail"]] == [
        "hand_over",
        "remind",
        "accept",
        "return",
    ]
    listed = await client.get(
        "/api/v1/handovers", headers=dispatcher, params={"state": "returned", "direction": "out"}
    )
    assert handover["id"] in [one["id"] for one in listed.json()["items"]]
    wrong = await client.post("/api/v1/handovers", headers=dispatcher, json={**body, "agency": ""})
    assert wrong.status_code == 400
    orders = await client.get("/api/v1/partner-orders", headers=dispatcher)
    assert orders.json() == {"items": [], "next": None}
