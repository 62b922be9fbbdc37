"""The door of the province's 95598: orders, urges and acknowledgements, signed JSON over HTTP.

Order of the guards: size, signature and freshness, nonce, shape. What is not the province's
changes nothing and learns nothing. An order is answered when it is stored; sent again it gets the
same answer and changes nothing.
"""

from typing import Any, TypeVar

import msgspec
from litestar import Request, Response, Router, post

from backend.http.staff import PUBLIC
from backend.province.signing import Asked, Untrusted, check
from backend.settings import settings
from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.refusals import Invalid, Refusal
from grid.partners.feedback import acknowledge
from grid.partners.intake import take_order
from grid.partners.nonces import use_nonce
from grid.partners.types import Acknowledge, OrderReceipt, ProvinceOrder

BODY_MAX_BYTES = 64 * 1024

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T", bound=msgspec.Struct)


class NotFromProvince(Refusal):
    """Signature, freshness, nonce: one refusal for all, so that it tells nothing."""

    status = 403
    title = "请求无效"


@post("/orders", opt={PUBLIC: True}, status_code=200, include_in_schema=False)
async def take(request: AnyRequest) -> OrderReceipt:
    """One order or urge."""
    with context.acting("province"):
        return await take_order(await _opened(request, ProvinceOrder), "port")


@post("/acknowledgements", opt={PUBLIC: True}, status_code=204, include_in_schema=False)
async def take_acknowledgement(request: AnyRequest) -> Response[None]:
    """The province's word on a message of ours."""
    with context.acting("province"):
        await acknowledge(await _opened(request, Acknowledge))
    return Response(None, status_code=204)


async def _opened(request: AnyRequest, kind: type[T]) -> T:
    """The command of a request that is the province's. Raises NotFromProvince, Invalid."""
    body = await request.body()
    asked = Asked(request.method, request.scope["path"], body)
    address = "" if request.client is None else request.client.host
    try:
        nonce = check(settings().province_keys, request.headers, asked, machine_now(), address)
    except Untrusted:
        raise NotFromProvince() from None
    if not await use_nonce(nonce):
        raise NotFromProvince()
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        field = str(error).rsplit("$.", 1)[-1].rstrip("`") if "$." in str(error) else "body"
        raise Invalid(field[:60], "内容不符合接口约定") from error


def router() -> Router:
    """Every route of the province."""
    return Router(
        path="/province/v1",
        route_handlers=[take, take_acknowledgement],
        request_max_body_size=BODY_MAX_BYTES,
    )
