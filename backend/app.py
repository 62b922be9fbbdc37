"""Builds the web application: the only file that knows every door."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Router
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware

import mobile_api
from backend import console
from backend.blob_folder import use_folder
from backend.console.problems import by_address
from backend.http import api_docs, health, logs, metrics
from backend.http.budgets import close_budgets, open_budgets
from backend.http.live import HUB
from backend.http.metrics import metrics_middleware
from backend.http.problems import EXCEPTION_HANDLERS
from backend.http.requests import requests_middleware
from backend.http.staff import PUBLIC, StaffAuthentication
from backend.province import inbound as province
from backend.settings import Settings, settings
from bot import callback
from grid.kit import clock
from grid.kit.database import close_pool, open_pool
from mobile_api import phone

#: The largest body of any route; routes that take less say so.
BODY_MAX = 1_000_000


def create_app() -> Litestar:
    """The web application of one process, from this process's settings."""
    known = settings()
    logs.configure(known.log_level)
    app = Litestar(
        route_handlers=[
            _phones(),
            callback.router(),
            province.router(),
            console.router(),
            health.live,
            health.ready,
            metrics.metrics,
            api_docs.page,
            api_docs.schema,
        ],
        exception_handlers={
            **EXCEPTION_HANDLERS,
            HTTPException: by_address(EXCEPTION_HANDLERS[HTTPException]),
        },
        lifespan=[_lifespan(known)],
        openapi_config=api_docs.OPENAPI,
        request_max_body_size=BODY_MAX,
    )
    # Around everything, also what no route answers and what the sign-in refuses: Litestar's own
    # layers would see neither the addresses nobody serves nor the status of a refusal.
    app.asgi_handler = requests_middleware(metrics_middleware(app.asgi_handler))
    return app


def _phones() -> Router:
    """The phones' door behind its sign-in, and the public page that is a phone in a browser."""
    return Router(
        path="/",
        route_handlers=[mobile_api.router(), phone.router()],
        middleware=[DefineMiddleware(StaffAuthentication, exclude_from_auth_key=PUBLIC)],
    )


def _lifespan(known: Settings) -> AbstractAsyncContextManager[None]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        redis_url = known.redis_url.reveal()
        await open_pool(known.database_url.reveal(), max_size=known.database_pool_max)
        clock.allow_moving(known.demo)
        use_folder(known.blob_dir)
        open_budgets(redis_url)
        await HUB.start(redis_url)
        try:
            yield
        finally:
            await HUB.stop()
            await close_budgets()
            await close_pool()

    return opened()
