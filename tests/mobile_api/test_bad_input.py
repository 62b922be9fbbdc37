"""Every route of the phone refuses what does not fit: named, without effect, never a 500."""

import re

import httpx
import pytest
from litestar import Litestar

from backend.demo import DemoFacts
from grid.kit.database import fetch_value
from tests.mobile_api.people import sign_in, somebody

_BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "application/json"),
    "not json": (b"{", "application/json"),
    "a list": (b"[]", "application/json"),
    "null": (b"null", "application/json"),
    "number": (b"1e999", "application/json"),
    "missing fields": (b"{}", "application/json"),
    "unknown field": (b'{"surprise": 1}', "application/json"),
    "not utf-8": (b'{"description": "\xff\xfe"}', "application/json"),
    "half a surrogate": (b'{"description": "\\ud800", "reason": "\\ud800"}', "application/json"),
    "nul": (b'{"description": "a\\u0000b", "reason": "a\\u0000b"}', "application/json"),
    "deep": (b'{"description":' + b"[" * 50_000, "application/json"),
    "wrong types": (b'{"description": 1, "version": "x", "fixes": {}}', "application/json"),
    "huge number": (b'{"version": 1' + b"0" * 400 + b"}", "application/json"),
    "form": (b"description=x", "application/x-www-form-urlencoded"),
    "xml": (b"<a/>", "text/xml"),
    "msgpack": (b"\x81\xa1a\x01", "application/x-msgpack"),
}


_PARTS = {
    "account_no": "4200000000",
    "number": "1",
    "period": "2026-10",
    "name": "arrive_met",
    "sha256": "0" * 64,
    "verb": "comment",
}


def _filled(part: re.Match[str]) -> str:
    """A value for a part of a path, so that the route itself answers."""
    return _PARTS.get(part[1], "01a20093-8c42-7272-bbef-f8aa9146b99e")


def _routes(application: Litestar) -> list[tuple[str, str]]:
    found = []
    for route in application.routes:
        for method in sorted(getattr(route, "methods", [])):
            path = re.sub(r"\{(\w+)\}", _filled, route.path_format)
            if path.startswith("/api/v1") and method in ("GET", "POST", "DELETE"):
                found.append((method, path))
    return found


@pytest.mark.parametrize("kind", _BODIES)
async def test_bad_bodies_are_refused_by_every_writing_route(
    application: Litestar, client: httpx.AsyncClient, demo: DemoFacts, kind: str
) -> None:
    headers = await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))
    body, media_type = _BODIES[kind]
    before = await fetch_value("SELECT count(*) FROM ticket")
    posts = [path for method, path in _routes(application) if method == "POST"]
    assert len(posts) >= 7
    for path in posts:
        answer = await client.post(
            path, headers=headers | {"Content-Type": media_type}, content=body
        )
        if path.endswith("/replay"):  # takes no body; a dispatcher may not replay
            assert answer.status_code == 403
            continue
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == answer.status_code
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert {"type", "title", "detail", "code"} <= problem.keys()
    assert await fetch_value("SELECT count(*) FROM ticket") == before


async def test_a_body_over_the_limit_is_413(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    headers = await sign_in(client, demo.staff[0])
    body = b'{"description": "' + b"x" * 1_100_000 + b'"}'
    answer = await client.post(
        "/api/v1/work-orders", headers=headers | {"Content-Type": "application/json"}, content=body
    )
    assert answer.status_code == 413
    assert answer.json()["code"] == "request_entity_too_large"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/work-orders?limit=0", "limit"),
        ("/work-orders?limit=201", "limit"),
        ("/work-orders?limit=x", "limit"),
        ("/work-orders?status=lost", "status"),
        ("/work-orders?kind=1", "kind"),
        ("/work-orders?cursor=%00%00", "cursor"),
        ("/work-orders?cursor=eyJ4IjoxfQ", "cursor"),
        ("/work-orders?near=here", "near"),
        ("/work-orders?near=91,0", "near"),
        ("/work-orders?near=nan,nan", "near"),
        ("/work-orders?mine=perhaps", "mine"),
        ("/work-orders?q=", "q"),
        ("/customers?q=" + "x" * 61, "q"),
        ("/customers?near=1", "near"),
        ("/customers?cursor=!", "cursor"),
        ("/staff?on_shift=maybe", "on_shift"),
        ("/grids?cursor=W10", "cursor"),
    ],
)
async def test_bad_parameters_name_the_field(
    client: httpx.AsyncClient, demo: DemoFacts, path: str, field: str
) -> None:
    headers = await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))
    answer = await client.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field


@pytest.mark.parametrize("query", ["q=%00", "q=%ff%fe", "q=%ed%a0%80", "q='%22;--", "q=%25%25"])
async def test_odd_searches_find_nothing_and_break_nothing(
    client: httpx.AsyncClient, demo: DemoFacts, query: str
) -> None:
    headers = await sign_in(client, somebody(demo, lambda one: "dispatcher" in one.roles))
    for path in ("/work-orders", "/customers"):
        answer = await client.get(f"/api/v1{path}?{query}", headers=headers)
        assert answer.status_code in (200, 400), answer.text
        assert answer.status_code == 400 or answer.json()["items"] == []


async def test_every_closed_route_wants_a_sign_in(
    application: Litestar, client: httpx.AsyncClient
) -> None:
    open_to_all = {"/api/v1/sessions", "/api/v1/sessions/refresh", "/api/v1/openapi.json"}
    for method, path in _routes(application):
        if path in open_to_all and not (path == "/api/v1/sessions" and method == "GET"):
            continue
        answer = await client.request(method, path)
        assert answer.status_code == 401, (method, path, answer.status_code)


async def test_wrong_methods_and_paths_are_problems(client: httpx.AsyncClient) -> None:
    wrong = await client.put("/api/v1/work-orders")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["allow"]
    for path in ("/nothing", "/api/v1/nothing", "/api/openapi/nothing", "/api/v1/work-orders/1"):
        missing = await client.get(path)
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found"), path
