"""Builds the simulator: the platform's interface, the control side and the chat page."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
from litestar import HttpMethod, Litestar, Request, Response, route
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from bot.simulator.account_endpoints import ACCOUNT_ENDPOINTS
from bot.simulator.asset_endpoints import ASSET_ENDPOINTS
from bot.simulator.authorize import authorize
from bot.simulator.config import SimulatorConfig, check_config
from bot.simulator.control import Control
from bot.simulator.errors import ControlRefusal, PlatformError
from bot.simulator.gate import AnyRequest, Endpoint, as_json, pass_gate
from bot.simulator.hosts import LOOPBACK_HOSTS, split
from bot.simulator.message_endpoints import MESSAGE_ENDPOINTS
from bot.simulator.page.routes import PAGE_ROUTES, SECURITY_HEADERS
from bot.simulator.world import InWorld, World

ENDPOINTS = ACCOUNT_ENDPOINTS | MESSAGE_ENDPOINTS | ASSET_ENDPOINTS
LARGEST_BODY_BYTES = 16 * 1024 * 1024
PUSH_CONNECTIONS = 220
# The push knobs set the real limit; this one only ends what they would leave hanging.
LONGEST_EXCHANGE_S = 65.0


def create_simulator(
    config: SimulatorConfig, *, callback_transport: httpx.AsyncBaseTransport | None = None
) -> Litestar:
    """The simulator as an ASGI application; its lifespan owns the client that pushes.

    `callback_transport` lets tests hand pushes to an application without a socket. The state
    is `app.state.world`. SimulatorRefused for a configuration that must not run.
    """
    world = World(check_config(config))
    app = Litestar(
        route_handlers=[
            *(_platform_route(path, endpoint) for path, endpoint in ENDPOINTS.items()),
            authorize,
            Control,
            *PAGE_ROUTES,
        ],
        dependencies={"world": Provide(lambda: world, sync_to_thread=False)},
        exception_handlers={
            ControlRefusal: _refused,
            HTTPException: _http_error,
            PlatformError: _platform_error,
        },
        before_request=_guard(config),
        lifespan=[_lifespan(world, callback_transport)],
        openapi_config=None,
        logging_config=None,
        response_headers=SECURITY_HEADERS,
        request_max_body_size=LARGEST_BODY_BYTES,
    )
    app.state.world = world
    return app


def _lifespan(
    world: World, transport: httpx.AsyncBaseTransport | None
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=PUSH_CONNECTIONS, max_keepalive_connections=50)
        async with httpx.AsyncClient(
            transport=transport, timeout=LONGEST_EXCHANGE_S, limits=limits, trust_env=False
        ) as client:
            world.pusher.client = client
            world.start()
            try:
                yield
            finally:
                await world.stop()
                world.pusher.client = None

    return lifespan


def _platform_route(path: str, endpoint: Endpoint) -> HTTPRouteHandler:
    @route(path, http_method=[HttpMethod.GET, HttpMethod.POST], include_in_schema=False)
    async def answer(request: Request[Any, Any, Any], world: InWorld) -> Response[Any]:
        return await pass_gate(world, request, path, endpoint)

    return answer


def _guard(config: SimulatorConfig) -> Callable[[AnyRequest], None]:
    """Refuses what a web page elsewhere could make this machine's browser send to `/control`."""

    def check(request: AnyRequest) -> None:
        host = split(f"//{request.headers.get('host', '')}").hostname
        if host is None:
            raise ControlRefusal(400, "host_malformed", "Host is missing or malformed")
        if request.scope["path"].startswith(("/cgi-bin/", "/sns/", "/connect/")):
            return
        if not config.allow_remote and host not in LOOPBACK_HOSTS:
            raise ControlRefusal(403, "host_not_loopback", "use a loopback name in Host")
        origin = request.headers.get("origin")
        if request.method != "GET" and origin and split(origin).hostname != host:
            raise ControlRefusal(403, "foreign_origin", "not from another site")

    return check


def _refused(_request: AnyRequest, error: ControlRefusal) -> Response[dict[str, Any]]:
    return _problem(error.status, error.code, error.detail)


def _http_error(_request: AnyRequest, error: HTTPException) -> Response[dict[str, Any]]:
    detail = str(error.extra) if error.extra else error.detail
    return _problem(error.status_code, "http_error", detail)


def _platform_error(_request: AnyRequest, error: PlatformError) -> Response[Any]:
    return as_json(error.body())


def _problem(status: int, code: str, detail: str) -> Response[dict[str, Any]]:
    return Response({"error": code, "detail": detail}, status_code=status)
