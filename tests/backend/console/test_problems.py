"""Whatever goes wrong inside, a person gets a page and a script gets the problem; no inner text."""

from typing import NoReturn

import httpx
import pytest
from litestar import Litestar, get

from backend.console.problems import CONSOLE_EXCEPTION_HANDLERS
from grid.kit.refusals import TemporarilyUnavailable

PERSON = {"Accept": "text/html,application/xhtml+xml"}


@get("/broken")
async def broken() -> NoReturn:
    raise ZeroDivisionError("geheim 422828")


@get("/lost")
async def lost() -> NoReturn:
    raise ConnectionResetError("10.1.2.3 database secret")


@get("/busy")
async def busy() -> NoReturn:
    raise TemporarilyUnavailable()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/broken", 500, "系统出错"), ("/lost", 503, "请稍后再试"), ("/busy", 503, "系统暂时不可用")],
)
async def test_inner_text_stays_inside(path: str, status: int, words: str) -> None:
    application = Litestar(
        route_handlers=[broken, lost, busy], exception_handlers=CONSOLE_EXCEPTION_HANDLERS
    )
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        page = await client.get(path, headers=PERSON)
        assert page.status_code == status
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert words in page.text
        told = await client.get(path, headers={**PERSON, "X-CSRF-Token": "x"})
        assert told.status_code == status
        assert told.headers["Content-Type"] == "application/problem+json"
        for inner in ("geheim", "secret", "ZeroDivision", "Traceback"):
            assert inner not in page.text + told.text
        if path == "/lost":
            assert page.headers["Retry-After"] == "2"
