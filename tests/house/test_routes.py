"""Everything is closed unless it says open, and what says open is listed here with its reason."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from litestar import Litestar

from backend.http.staff import PUBLIC
from tests.house.application import built_application, routes_of

PUBLIC_ROUTES = {
    "GET /api/docs": "the contract, to be read by people",
    "GET /api/v1/openapi.json": "the contract, to be read by programs",
    "GET /console/sign-in": "signing in",
    "GET /console/static/{version:str}/{name:str}": "styles and scripts of the sign-in page",
    "GET /health/live": "asked by whatever watches the process",
    "GET /health/ready": "asked by the load balancer",
    "GET /phone": "a page without data; what it shows comes through /api/v1",
    "GET /phone/static/{version:str}/{name:str}": "styles and scripts of that page",
    "GET /metrics": "guarded by its own key, or by the network",
    "POST /api/v1/sessions": "signing in",
    "POST /api/v1/sessions/refresh": "the refresh token is the proof",
    "POST /console/sign-in": "signing in",
    "POST /province/v1/orders": "the province proves itself by signature, freshness and nonce",
    "POST /province/v1/acknowledgements": "the same",
    "GET /wechat/callback": "the platform proves itself by signature",
    "POST /wechat/callback": "the platform proves itself by signature, freshness and encryption",
}
NO_SUCH_ADDRESS = {
    "GET /api/openapi",
    "GET /api/openapi/openapi.json",
    "GET /api/openapi/schema.json",
    "GET /api/openapi/{path:str}",
}
EXAMPLES = {"uuid": "00000000-0000-7000-8000-000000000000", "int": "1", "path": "x"}


@pytest.fixture(scope="module")
def app() -> Iterator[Litestar]:
    with built_application() as application:
        yield application


@pytest.fixture
async def nobody(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without token or cookie."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


def example_of(path: str) -> str:
    return re.sub(r"\{\w+:(\w+)\}", lambda match: EXAMPLES.get(match[1], "x"), path)


def test_every_public_route_is_listed(app: Litestar) -> None:
    marked = {route.name for route in routes_of(app) if route.handler.opt.get(PUBLIC)}
    assert marked == set(PUBLIC_ROUTES)


async def test_every_other_route_turns_nobody_away(
    app: Litestar, nobody: httpx.AsyncClient
) -> None:
    """Before anything is read: this application has no database behind it."""
    answers = {}
    for route in routes_of(app):
        if route.name not in PUBLIC_ROUTES and route.name not in NO_SUCH_ADDRESS:
            answer = await nobody.request(route.method, example_of(route.path))
            answers[route.name] = (answer.status_code, answer.headers.get("location", ""))
    assert len(answers) > 15
    open_doors = {
        name: answer
        for name, answer in answers.items()
        if answer[0] != 401 and not (answer[0] in {302, 303} and "/sign-in" in answer[1])
    }
    assert open_doors == {}


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c", "x" * 5000]
)
async def test_a_token_that_is_none_is_refused(
    app: Litestar, nobody: httpx.AsyncClient, token: str
) -> None:
    answer = await nobody.get("/api/v1/me", headers={"Authorization": token})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"


async def test_addresses_that_litestar_adds_answer_like_any_unknown_one(
    nobody: httpx.AsyncClient,
) -> None:
    unknown = (await nobody.get("/no/such/address")).json()
    for name in sorted(NO_SUCH_ADDRESS):
        answer = await nobody.get(example_of(name.removeprefix("GET ")))
        assert answer.status_code == 404, name
        assert answer.json()["code"] == unknown["code"]
