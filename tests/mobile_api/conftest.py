"""The web application over ASGI, on the real database and a real Valkey, with the demo station."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from backend.app import create_app
from backend.demo import DemoFacts, seed
from backend.embedded import EmbeddedPostgres, EmbeddedValkey
from backend.http.budgets import close_budgets, open_budgets
from backend.http.live import HUB
from backend.settings import settings
from tests.conftest import empty_tables
from tests.support.serving import TEST_SECRET, serving, web_settings


@pytest.fixture(scope="session")
async def valkey() -> AsyncIterator[EmbeddedValkey]:
    """A Valkey of this test process."""
    with tempfile.TemporaryDirectory(prefix="wangge-test-") as place:
        async with EmbeddedValkey(Path(place) / "home") as server:
            yield server


@pytest.fixture(scope="session")
async def application(
    database_url: str, valkey: EmbeddedValkey, pool: None
) -> AsyncIterator[Litestar]:
    """The application with test settings; the pool is this process's own."""
    values = web_settings(database_url, valkey.url)
    before = dict(os.environ)
    os.environ.update(values)
    settings.cache_clear()
    app = create_app()
    open_budgets(valkey.url)
    await HUB.start(valkey.url)
    yield app
    await HUB.stop()
    await close_budgets()
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()


@pytest.fixture(scope="module")
async def demo(application: Litestar, postgres: EmbeddedPostgres) -> AsyncIterator[DemoFacts]:
    """容美镇 with a few hundred customers, emptied after the module."""
    facts = await seed(
        customers=200,
        seed=422828,
        progress=lambda words, done: None,
        home_secret=TEST_SECRET.encode(),
    )
    yield facts
    await empty_tables(postgres.owner_url)


@pytest.fixture
async def client(application: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application."""
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as caller:
        yield caller


@pytest.fixture(scope="module")
async def web(
    database_url: str, valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The address of a real web process on the same database, for what ASGI cannot show."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    async with serving(web_settings(database_url, valkey.url), log) as base_url:
        yield base_url
