"""Tickets over the real door: a complaint's whole way, lists, refusals, what auditors may read."""

from typing import Any
from uuid import uuid4

import httpx
import pyotp

from backend.demo import DemoFacts
from backend.demo.ready import DemoStaffFact
from grid.kit.database import execute, fetch_value
from tests.mobile_api.people import Headers, manager_of, sign_in, sign_in_body, somebody

TICKETS = "/api/v1/tickets"


async def _post(client: httpx.AsyncClient, demo: DemoFacts, role: str) -> Headers:
    return await sign_in(client, somebody(demo, lambda one: role in one.roles), device=role)


async def _strong(client: httpx.AsyncClient, person: DemoStaffFact) -> Headers:
    """Signed in with the second factor."""
    assert person.totp_secret is not None
    await execute(
        "UPDATE staff SET totp_last_step = NULL WHERE employee_no = $1", person.employee_no
    )
    code = pyotp.TOTP(person.totp_secret).now()
    answer = await client.post(
        "/api/v1/sessions", json={**sign_in_body(person, f"s{uuid4().hex[:6]}"), "code": code}
    )
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _staff_id(person: DemoStaffFact) -> str:
    found: str = await fetch_value(
        "SELECT id::text FROM staff WHERE employee_no = $1", person.employee_no
    )
    return found


async def _take(
    client: httpx.AsyncClient, headers: Headers, **body: object
) -> tuple[int, dict[str, Any]]:
    told = {"kind": "complaint", "description": "收费员态度差", "channel": "phone", **body}
    answer = await client.post(TICKETS, headers=headers, json=told)
    return answer.status_code, answer.json()


async def _step(
    client: httpx.AsyncClient, headers: Headers, ticket_id: str, verb: str, **more: object
) -> httpx.Response:
    seen = (await client.get(f"{TICKETS}/{ticket_id}", headers=headers)).json()
    body = {"version": seen.get("version", 0), **more}
    return await client.post(f"{TICKETS}/{ticket_id}/{verb}", headers=headers, json=body)


async def test_a_complaint_goes_its_way_and_the_accused_finds_nothing(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher = await _post(client, demo, "dispatcher")
    customer = demo.customers[0]
    account = (
        await client.get(f"/api/v1/customers/{customer.account_no}", headers=dispatcher)
    ).json()
    accused = manager_of(demo, account["grid"])
    status, ticket = await _take(
        client,
        dispatcher,
        account_no=customer.account_no,
        complaint_class="service",
        about=[accused.employee_no],
    )
    assert status == 201, ticket
    phone = await sign_in(client, accused)
    listed = (await client.get(TICKETS, headers=phone)).json()
    assert ticket["id"] not in [one["id"] for one in listed["items"]]
    hidden = await client.get(f"{TICKETS}/{ticket['id']}", headers=phone)
    assert hidden.status_code == 404
    assert "态度" not in hidden.text
    accused_id = await _staff_id(accused)
    refused = await _step(client, dispatcher, ticket["id"], "dispatch", staff_id=accused_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "accused_may_not_handle")
    clerk = somebody(demo, lambda one: "back_office" in one.roles)
    clerk_id = await _staff_id(clerk)
    given = await _step(client, dispatcher, ticket["id"], "dispatch", staff_id=clerk_id)
    assert given.status_code == 200, given.text
    clerk_at = await sign_in(client, clerk)
    for verb, words in (("take", None), ("handle", "已批评教育"), ("reply", "已核实,向您道歉")):
        more = {} if words is None else {"words": words}
        answer = await _step(client, clerk_at, ticket["id"], verb, **more)
        assert answer.status_code == 200, answer.text
    own = await _step(client, clerk_at, ticket["id"], "callback", outcome="satisfied")
    assert own.status_code == 403
    due = (await client.get("/api/v1/callbacks", headers=dispatcher)).json()["items"]
    assert ticket["id"] in [one["ticket_id"] for one in due]
    assert "openid" not in str(due)
    done = await _step(
        client, dispatcher, ticket["id"], "callback", outcome="unsatisfied", stars=2, words="慢"
    )
    assert done.status_code == 200, done.text
    rated = (await client.get("/api/v1/ratings?stars_max=2", headers=dispatcher)).json()["items"]
    assert [one["stars"] for one in rated if one["ticket_id"] == ticket["id"]] == [2]
    closed = await _step(client, dispatcher, ticket["id"], "archive")
    assert closed.json()["state"] == "closed"


async def test_a_form_that_does_not_fit_names_the_field(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher = await _post(client, demo, "dispatcher")
    status, problem = await _take(client, dispatcher, account_no=demo.customers[0].account_no)
    assert (status, problem["field"]) == (400, "complaint_class")
    forms = (await client.get(f"{TICKETS}/forms", headers=dispatcher)).json()
    assert {"更名", "增容", "销户"} <= set(forms["service_request"][0]["choices"].values())
    status, problem = await _take(
        client,
        dispatcher,
        kind="inquiry",
        account_no=demo.customers[0].account_no,
        form={"topic": "weather"},
    )
    assert (status, problem["field"]) == (400, "form.topic")
    assert (await client.post(f"{TICKETS}/x/take", headers=dispatcher)).status_code == 404
    nowhere = await client.post(f"{TICKETS}/{uuid4()}/fly", headers=dispatcher, json={"version": 0})
    assert nowhere.status_code == 404


async def test_a_tip_off_is_the_county_auditors_and_every_opening_of_the_seal_counts(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    clerk = await _post(client, demo, "dispatcher")
    key = {"Idempotency-Key": f"tip-{uuid4().hex}"}
    told = {
        "kind": "tip_off",
        "description": "有人夜里接线偷电",
        "channel": "phone",
        "phone": "13977778888",
        "reporter_name": "周不具",
        "form": {"subject": "theft"},
    }
    first = await client.post(TICKETS, headers={**clerk, **key}, json=told)
    again = await client.post(TICKETS, headers={**clerk, **key}, json=told)
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    assert "13977778888" not in first.text
    ticket_id = first.json()["id"]
    assert (await client.get(f"{TICKETS}/{ticket_id}", headers=clerk)).status_code == 404
    person = somebody(demo, lambda one: "auditor" in one.roles)
    weak = await sign_in(client, person, device="weak")
    assert (await client.get(f"{TICKETS}/{ticket_id}", headers=weak)).status_code == 404
    auditor = await _strong(client, person)
    seen = await client.get(f"{TICKETS}/{ticket_id}", headers=auditor)
    assert seen.status_code == 200
    assert "13977778888" not in seen.text
    assert "周不具" not in seen.text
    url = f"{TICKETS}/{ticket_id}/author"
    assert (await client.post(url, headers=auditor, json={})).status_code == 400
    opened = await client.post(url, headers=auditor, json={"reason": "需要核实时间"})
    assert opened.status_code == 200, opened.text
    assert (opened.json()["phone"], opened.json()["name"]) == ("13977778888", "周不具")
    for headers in (clerk, weak):
        assert (await client.post(url, headers=headers, json={"reason": "看看"})).status_code == 403
        lookups = await client.get("/api/v1/sealed-lookups", headers=headers)
        assert lookups.status_code == 403
    assert (await client.get("/api/v1/sealed-lookups", headers=auditor)).status_code == 200
