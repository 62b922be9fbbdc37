"""What people do on site, over the real door: kinds, evidence, proofs, check-ins, help."""

import hashlib
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend.demo import DemoFacts
from grid.kit.database import fetch_value
from tests.mobile_api.people import Headers, sign_in, somebody
from tests.mobile_api.test_work_orders import _dispatcher, _offered, _step

JOBS = "/api/v1/work-orders"


async def _arrived(
    client: httpx.AsyncClient, demo: DemoFacts
) -> tuple[Headers, Headers, dict[str, Any]]:
    """The dispatcher, whoever has a job, and the job with that person on site."""
    dispatcher = await _dispatcher(client, demo)
    job = await _offered(client, demo, dispatcher)
    person = somebody(demo, lambda one: one.employee_no == job["assignee"]["employee_no"])
    phone = await sign_in(client, person)
    near = {"lat": job["lat"], "lon": job["lon"], "accuracy_m": 12.0}
    for verb, more in (("accept", {}), ("depart", {}), ("arrive", {"position": near})):
        answer = await _step(client, phone, job, verb, **more)
        assert answer.status_code == 200, answer.text
        job = answer.json()
    return dispatcher, phone, job


async def test_evidence_goes_to_the_job_and_once(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher, phone, job = await _arrived(client, demo)
    sha256 = hashlib.sha256(uuid4().bytes).hexdigest()
    body = {"sha256": sha256, "purpose": "site_photo", "taken_at": "2026-11-22T09:00:00+08:00"}
    address = f"{JOBS}/{job['id']}/evidence"
    undeclared = await client.post(address, headers=phone, json=body)
    assert (undeclared.status_code, undeclared.json()["code"]) == (404, "not_found")
    declared = {"items": [{"sha256": sha256, "bytes": 1000, "media_type": "image/jpeg"}]}
    told = await client.post("/api/v1/blobs", headers=phone, json=declared)
    assert told.is_success, told.text
    keyed = phone | {"Idempotency-Key": str(uuid4())}
    first = await client.post(address, headers=keyed, json=body)
    assert first.status_code == 201, first.text
    again = await client.post(address, headers=keyed, json=body)
    assert again.json() == first.json()
    assert first.json()["state"] == "missing", "the file may come later"
    seen = (await client.get(address, headers=dispatcher)).json()
    assert [one["id"] for one in seen["items"]] == [first.json()["id"]]
    history = (await client.get(f"{JOBS}/{job['id']}", headers=phone)).json()["history"]
    assert [one["reason"] for one in history if one["event"] == "comment"] == ["上传现场照片"]
    assert (await client.get(f"{JOBS}/{uuid4()}/evidence", headers=phone)).status_code == 404


async def test_an_arrival_is_proved_by_what_the_customer_was_shown(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    _, phone, job = await _arrived(client, demo)
    assert (job["arrival_grade"], job["arrival_proof"]) == ("weak", None)
    code = await fetch_value(
        "SELECT customer_code FROM work_order WHERE number = $1", job["number"]
    )
    assert code not in str(job), "staff never read it"
    body = {"version": job["version"], "customer_code": f"{(int(code) + 1) % 10_000:04d}"}
    tried = await client.post(f"{JOBS}/{job['id']}/prove", headers=phone, json=body)
    assert (tried.status_code, tried.json()["arrival_proof"]) == (200, None)
    body = {"version": tried.json()["version"], "customer_code": code}
    proved = await client.post(f"{JOBS}/{job['id']}/prove", headers=phone, json=body)
    assert proved.json()["arrival_proof"] == "customer_code"
    odd = await client.post(
        f"{JOBS}/{job['id']}/prove", headers=phone, json={"version": 1, "customer_code": "12345"}
    )
    assert odd.status_code == 400


async def test_check_in_and_help_until_the_dispatcher_answers(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher, phone, job = await _arrived(client, demo)
    assert job["check_in_due_at"] is not None
    address = f"{JOBS}/{job['id']}"
    well = await client.post(f"{address}/check-in", headers=phone, json={})
    assert (well.status_code, well.json()["version"]) == (200, job["version"])
    keyed = phone | {"Idempotency-Key": str(uuid4())}
    help_ = {"words": "摔伤了", "position": {"lat": 29.89, "lon": 110.02, "accuracy_m": 20}}
    first = await client.post(f"{address}/sos", headers=keyed, json=help_)
    assert first.status_code == 201, first.text
    assert (await client.post(f"{address}/sos", headers=keyed, json=help_)).json() == first.json()
    alarms = (await client.get("/api/v1/safety-alarms", headers=dispatcher)).json()["items"]
    assert first.json()["id"] in [one["id"] for one in alarms]
    words = {"words": "已派车"}
    own = await client.post(f"{address}/sos/answer", headers=phone, json=words)
    assert own.status_code == 403
    done = await client.post(f"{address}/sos/answer", headers=dispatcher, json=words)
    assert [one["answer"] for one in done.json()] == ["已派车"]
    twice = await client.post(f"{address}/sos/answer", headers=dispatcher, json=words)
    assert (twice.status_code, twice.json()["code"]) == (409, "no_alarm_open")


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("check-in", {"position": {"lat": 0, "lon": 0, "accuracy_m": 5}}, "position"),
        ("sos", {"occurred_at": "2199-01-01T00:00:00Z"}, "occurred_at"),
        ("start", {"position": {"lat": 51.5, "lon": 0.1, "accuracy_m": 5}}, "position"),
        ("start", {"second_person_id": str(uuid4())}, "second_person_id"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    client: httpx.AsyncClient, demo: DemoFacts, verb: str, body: dict[str, object], field: str
) -> None:
    _, phone, job = await _arrived(client, demo)
    body = body if verb != "start" else {**body, "version": job["version"]}
    answer = await client.post(f"{JOBS}/{job['id']}/{verb}", headers=phone, json=body)
    assert (answer.status_code, answer.json().get("field")) == (400, field), answer.text
    now = (await client.get(f"{JOBS}/{job['id']}", headers=phone)).json()
    assert now["version"] == job["version"]


async def test_a_job_of_another_kind_and_one_that_nobody_may_open(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher = await _dispatcher(client, demo)
    body = {"description": "表计失准", "account_no": demo.customers[0].account_no}
    opened = await client.post(JOBS, headers=dispatcher, json={**body, "kind": "meter_change"})
    assert opened.status_code == 201, opened.text
    job = opened.json()
    assert (job["title"], job["gate"]) == ("换表", "when_live")
    assert job["needs"] == [["before_photo"], ["after_photo"], ["signature"]]
    refused = await client.post(JOBS, headers=dispatcher, json={**body, "kind": "onsite_stop"})
    assert (refused.status_code, refused.json()["code"]) == (409, "kind_not_possible")
    unknown = await client.post(JOBS, headers=dispatcher, json={**body, "kind": "party"})
    assert unknown.status_code == 400


async def test_flags_are_not_for_those_who_are_flagged(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    dispatcher, phone, _ = await _arrived(client, demo)
    assert (await client.get("/api/v1/arrival-flags", headers=phone)).status_code == 403
    flags = await client.get("/api/v1/arrival-flags", headers=dispatcher)
    assert flags.json() == {"items": [], "next": None}
