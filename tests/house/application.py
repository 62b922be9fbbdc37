"""The web application as the house rules look at it: built from test settings, never served."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from backend.app import create_app
from backend.settings import PREFIX, settings

SECRET = "0123456789abcdef0123456789abcdef"
SETTINGS = {
    "WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "WANGGE_REDIS_URL": "redis://127.0.0.1:9/0",
    "WANGGE_BASE_URL": "http://testserver",
    "WANGGE_SESSION_KEYS": f"k1:{SECRET}",
    "WANGGE_COOKIE_KEYS": f"c1:{SECRET}",
    "WANGGE_WECHAT_APP_ID": "wxsim0123456789",
    "WANGGE_WECHAT_APP_SECRET": SECRET,
    "WANGGE_WECHAT_ORIGINAL_ID": "gh_1234567890ab",
    "WANGGE_WECHAT_TOKEN": "test-token-0123456789",
    "WANGGE_WECHAT_ENCODING_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


@contextmanager
def built_application() -> Iterator[Litestar]:
    """The application of these settings; the process's own settings come back afterwards."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(SETTINGS)
    settings.cache_clear()
    try:
        yield create_app()
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


class Route(NamedTuple):
    method: str
    path: str
    handler: HTTPRouteHandler

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: Litestar) -> list[Route]:
    """Every method of every route; Litestar's automatic OPTIONS answers are left out."""
    return sorted(
        Route(method, route.path, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    )


def schema_of(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document."""
    return app.openapi_schema.to_schema()
