"""The simulator as an ASGI application: the head-end's interface and the control side."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from backend.head_end.simulator.meters import CommandReused, Meters, UnknownMeter
from backend.head_end.simulator.saying import Teller
from backend.head_end.simulator.types import (
    Command,
    ControlMeter,
    ControlView,
    MeterView,
    SimulatorConfig,
)
from backend.keys import Secret
from backend.simulating import refuse_other_sites

LARGEST_BODY_BYTES = 64 * 1024

AnyRequest = Request[Any, Any, Any]


def create_simulator(
    config: SimulatorConfig, *, results_transport: httpx.AsyncBaseTransport | None = None
) -> Litestar:
    """Build the application; its lifespan owns the client that tells results.

    `results_transport` lets tests hand results to an application without a socket.
    """
    meters = Meters(config.meters)
    tellers: list[Teller] = []

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        tellers.append(Teller(config, results_transport))
        try:
            yield
        finally:
            await tellers.pop().close()

    return Litestar(
        route_handlers=[
            _front_page(meters),
            *_head_end_routes(meters, tellers, Secret(config.commands_key)),
            *_control_routes(meters),
        ],
        exception_handlers={
            UnknownMeter: _unknown_meter,
            CommandReused: _command_reused,
            HTTPException: _http_error,
        },
        before_request=refuse_other_sites,
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=LARGEST_BODY_BYTES,
    )


def _front_page(meters: Meters) -> HTTPRouteHandler:
    @get("/", media_type=MediaType.TEXT)
    async def front_page() -> str:
        return (
            f"SIMULATOR of a meter head-end (采集主站模拟器), {len(meters)} meters.\n"
            "GET or POST /control/meters/{meter_no} shows or sets a meter.\n"
        )

    return front_page


def _head_end_routes(
    meters: Meters, tellers: list[Teller], key: Secret
) -> tuple[HTTPRouteHandler, ...]:
    def check_key(request: AnyRequest) -> None:
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not key.matches(shown):
            raise NotAuthorizedException("a command key is needed")

    @post("/commands", status_code=202)
    async def take_command(request: AnyRequest, data: JSONBody[Command]) -> dict[str, str]:
        check_key(request)
        for reply in meters.command(data, datetime.now(UTC)):
            tellers[0].say(reply)
        return {"command_id": data.command_id, "outcome": "accepted"}

    @get("/meters/{meter_no:str}")
    async def read_back(request: AnyRequest, meter_no: FromPath[str]) -> MeterView:
        check_key(request)
        return meters.read_back(meter_no, datetime.now(UTC))

    return take_command, read_back


def _control_routes(meters: Meters) -> tuple[HTTPRouteHandler, ...]:
    @get("/control/meters/{meter_no:str}")
    async def show(meter_no: FromPath[str]) -> ControlView:
        return meters.show(meter_no)

    @post("/control/meters/{meter_no:str}", status_code=200)
    async def change(meter_no: FromPath[str], data: JSONBody[ControlMeter]) -> ControlView:
        return meters.set(meter_no, data)

    return show, change


def _unknown_meter(_request: AnyRequest, error: UnknownMeter) -> Response[dict[str, str]]:
    return _problem(404, f"no meter {error}")


def _command_reused(_request: AnyRequest, error: CommandReused) -> Response[dict[str, str]]:
    return _problem(409, f"command {error} came before with another content")


def _http_error(_request: AnyRequest, error: HTTPException) -> Response[dict[str, str]]:
    return _problem(error.status_code, str(error.extra) if error.extra else error.detail)


def _problem(status: int, detail: str) -> Response[dict[str, str]]:
    return Response({"detail": detail}, status_code=status)
