"""The simulator as an ASGI application: the province's interface and the control side."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from backend.keys import KeyRing, SecretRefused
from backend.province.signing import Asked
from backend.province.simulator.office import Office
from backend.province.simulator.sending import Sender
from backend.province.simulator.types import (
    AcknowledgeKept,
    Kept,
    SendOrders,
    Sent,
    SetMood,
    SimulatorConfig,
)
from backend.simulating import SimulatorRefused, refuse_other_sites
from grid.partners.types import Acknowledge

LARGEST_BODY_BYTES = 1024 * 1024

AnyRequest = Request[Any, Any, Any]


def create_simulator(
    config: SimulatorConfig, *, orders_transport: httpx.AsyncBaseTransport | None = None
) -> Litestar:
    """Build the application. Raises SimulatorRefused.

    `orders_transport` lets tests send orders to an application without a socket.
    """
    try:
        keys = KeyRing.parse(config.key)
    except SecretRefused as error:
        raise SimulatorRefused(f"the key: {error}") from None
    office = Office(keys)
    sender = Sender(config.orders_url, keys.signing, orders_transport)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        yield
        await sender.close()

    return Litestar(
        route_handlers=[_front_page(), _feedback(office), *_control(office, sender)],
        exception_handlers={HTTPException: _http_error},
        before_request=refuse_other_sites,
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=LARGEST_BODY_BYTES,
    )


def _front_page() -> HTTPRouteHandler:
    @get("/", media_type=MediaType.TEXT)
    async def front_page() -> str:
        return (
            "SIMULATOR of the province's 95598 (省 95598 模拟器).\n"
            "POST /control/orders sends orders; GET /control/feedback shows what came back;\n"
            "POST /control/mood and /control/acknowledgements make it misbehave.\n"
        )

    return front_page


def _feedback(office: Office) -> HTTPRouteHandler:
    @post("/feedback")
    async def feedback(request: AnyRequest) -> Response[dict[str, Any]]:
        asked = Asked("POST", request.scope["path"], await request.body())
        return await office.take(request.headers, asked)

    return feedback


def _control(office: Office, sender: Sender) -> tuple[HTTPRouteHandler, ...]:
    @post("/control/orders", status_code=200)
    async def send_orders(data: JSONBody[SendOrders]) -> list[Sent]:
        return await sender.orders(data)

    @get("/control/feedback")
    async def show() -> list[Kept]:
        return office.kept()

    @post("/control/mood", status_code=200)
    async def set_mood(data: JSONBody[SetMood]) -> SetMood:
        office.mood = data.mood
        return data

    @post("/control/acknowledgements", status_code=200)
    async def acknowledge(data: JSONBody[AcknowledgeKept]) -> list[int]:
        waiting = [
            one.feedback.message_id
            for one in office.kept()
            if not one.acknowledged
            and (data.message_ids is None or one.feedback.message_id in data.message_ids)
        ]
        said = [
            Acknowledge(
                message_id=one,
                accepted=data.refuse_because is None,
                reason=data.refuse_because,
            )
            for one in waiting
            for _ in range(data.copies)
        ]
        statuses = await sender.acknowledge(said)
        for one in waiting:
            office.mark(one)
        return statuses

    return send_orders, show, set_mood, acknowledge


def _http_error(_request: AnyRequest, error: HTTPException) -> Response[dict[str, str]]:
    detail = str(error.extra) if error.extra else error.detail
    return Response({"detail": detail}, status_code=error.status_code)
