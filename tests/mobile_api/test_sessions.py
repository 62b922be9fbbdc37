"""Signing in on the phone: one answer for everything wrong, rotating tokens, ends at once."""

import base64
import json

import httpx
import pytest

from backend.demo import DemoFacts
from grid.kit.database import execute
from tests.mobile_api.people import sign_in, sign_in_body, somebody


async def test_a_signed_in_phone_is_known(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    person = somebody(demo, lambda one: "manager" in one.roles)
    headers = await sign_in(client, person)
    me = (await client.get("/api/v1/me", headers=headers)).json()
    assert me["staff"]["employee_no"] == person.employee_no
    assert me["grid_roles"][0]["role"] == "manager"
    assert "do_work" in me["permissions"]
    assert "assign_work" not in me["permissions"]


async def test_unknown_and_wrong_get_the_same_answer(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    wrong = sign_in_body(demo.staff[0]) | {"password": "not-this-one"}
    unknown = wrong | {"employee_no": "NOBODY-9"}
    answers = [await client.post("/api/v1/sessions", json=body) for body in (wrong, unknown)]
    assert [answer.status_code for answer in answers] == [401, 401]
    texts = [{**answer.json(), "request_id": ""} for answer in answers]
    assert texts[0] == texts[1]


async def test_refresh_rotates_and_reuse_ends_the_session(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    body = sign_in_body(demo.staff[1], "d-rotate")
    first = (await client.post("/api/v1/sessions", json=body)).json()
    renew = {"refresh_token": first["refresh_token"]}
    second = (await client.post("/api/v1/sessions/refresh", json=renew)).json()
    assert second["refresh_token"] != first["refresh_token"]
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 200
    assert (await client.post("/api/v1/sessions/refresh", json=renew)).status_code == 401
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_sign_out_and_other_devices(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    person = demo.staff[2]
    here, there = [await sign_in(client, person, device) for device in ("here", "there")]
    devices = (await client.get("/api/v1/sessions", headers=here)).json()
    other = next(one for one in devices if one["device_id"] == "there")
    assert not other["current"]
    gone = await client.delete(f"/api/v1/sessions/{other['id']}", headers=here)
    assert gone.status_code == 204
    assert (await client.get("/api/v1/me", headers=there)).status_code == 401
    assert (await client.delete("/api/v1/sessions/current", headers=here)).status_code == 204
    assert (await client.get("/api/v1/me", headers=here)).status_code == 401


async def test_a_disabled_persons_token_ends_at_once(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    person = demo.staff[3]
    headers = await sign_in(client, person)
    await execute("UPDATE staff SET state = 'disabled' WHERE employee_no = $1", person.employee_no)
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    await execute("UPDATE staff SET state = 'active' WHERE employee_no = $1", person.employee_no)


def _forged(token: str, **claims: object) -> str:
    """The token with other claims and without a signature that fits."""
    head, body, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps(decoded | claims).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


@pytest.mark.parametrize(
    "make",
    [
        lambda token: "",
        lambda token: "Bearer",
        lambda token: f"Basic {token}",
        lambda token: f"Bearer {token}x",
        lambda token: "Bearer " + "a" * 10_000,
        lambda token: "Bearer a.b.c",
        lambda token: "Bearer " + _forged(token, exp=4_000_000_000),
        lambda token: "Bearer " + _forged(token, aud="console"),
        lambda token: "Bearer eyJhbGciOiJub25lIn0." + token.split(".")[1] + ".",
    ],
)
async def test_a_token_that_is_not_exactly_right_is_nobody(
    client: httpx.AsyncClient, demo: DemoFacts, make: object
) -> None:
    assert callable(make)
    good = (await sign_in(client, demo.staff[4], "forge"))["Authorization"].split()[1]
    answer = await client.get("/api/v1/me", headers={"Authorization": make(good)})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_new_password_signs_the_other_devices_out(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    person = demo.staff[5]
    here, there = [await sign_in(client, person, device) for device in ("mine", "old-phone")]
    wrong = {"old": "not this one", "new": "a new and longer one"}
    refused = await client.post("/api/v1/me/password", headers=here, json=wrong)
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_password")
    short = {"old": person.password, "new": "short"}
    refused = await client.post("/api/v1/me/password", headers=here, json=short)
    assert (refused.status_code, refused.json()["field"]) == (400, "new")
    right = {"old": person.password, "new": "a new and longer one"}
    done = await client.post("/api/v1/me/password", headers=here, json=right)
    assert done.status_code == 204
    assert (await client.get("/api/v1/me", headers=here)).status_code == 200
    assert (await client.get("/api/v1/me", headers=there)).status_code == 401


async def test_relatives_are_declared_once(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    headers = await sign_in(client, demo.staff[6])
    body = {"account_no": demo.customers[0].account_no}
    for _ in range(2):
        answer = await client.post("/api/v1/me/relatives", headers=headers, json=body)
        assert answer.status_code == 204
    mine = await client.get("/api/v1/me/relatives", headers=headers)
    assert mine.json() == [body["account_no"]]
