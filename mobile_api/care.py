"""Special care on the phone: the card before the door, the one-to-one list, tags."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.customers import care
from grid.customers.care import CareTag, EndCareTag, ExtendCareTag, SetCareTag
from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.visits import caring
from grid.visits.care_types import CareCard, CareFilter, CareLine
from mobile_api.parameters import Code, Cursor, IdempotencyKey, Limit, StaffRequest

_TAGS = "/customers/{account_no:str}/care-tags"


@get("/customers/{account_no:str}/care-card", tags=["visits"])
async def care_card(request: StaffRequest, account_no: FromPath[str]) -> CareCard:
    """What to know before this door opens: whom, what to mind, when was somebody here last."""
    return await caring.care_card(request.user, account_no[:20])


@get("/care-list", tags=["visits"])
async def care_list(
    request: StaffRequest,
    grid: Code = None,
    mine: Annotated[bool, QueryParameter()] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[CareLine]:
    """Who is in special care in my grids, the longest overdue first; `mine`: my own ones."""
    wanted = CareFilter(grid=grid, mine=mine, cursor=cursor, limit=limit)
    return await caring.care_list(request.user, wanted)


@post(_TAGS, tags=["visits"])
async def set_care_tag(
    request: StaffRequest,
    account_no: FromPath[str],
    data: JSONBody[SetCareTag],
    idempotency_key: IdempotencyKey = None,
) -> CareTag:
    """Say who somebody is, with reason, consent, who looks after them and until when."""
    return await once(
        request.user.subject,
        idempotency_key,
        f"customers.set_tag:{account_no[:20]}",
        data,
        lambda: care.set_tag(request.user, account_no[:20], data),
        CareTag,
    )


@post(_TAGS + "/{tag_id:uuid}/extend", tags=["visits"], status_code=200)
async def extend_care_tag(
    request: StaffRequest,
    account_no: FromPath[str],
    tag_id: FromPath[UUID],
    data: JSONBody[ExtendCareTag],
    idempotency_key: IdempotencyKey = None,
) -> CareTag:
    """Let a tag hold longer, with the reason."""
    return await once(
        request.user.subject,
        idempotency_key,
        f"customers.extend_tag:{tag_id}",
        data,
        lambda: care.extend_tag(request.user, account_no[:20], tag_id, data),
        CareTag,
    )


@post(_TAGS + "/{tag_id:uuid}/end", tags=["visits"], status_code=200)
async def end_care_tag(
    request: StaffRequest,
    account_no: FromPath[str],
    tag_id: FromPath[UUID],
    data: JSONBody[EndCareTag],
    idempotency_key: IdempotencyKey = None,
) -> CareTag:
    """End a tag today, with the reason; its history stays."""
    return await once(
        request.user.subject,
        idempotency_key,
        f"customers.end_tag:{tag_id}",
        data,
        lambda: care.end_tag(request.user, account_no[:20], tag_id, data),
        CareTag,
    )


HANDLERS = (care_card, care_list, set_care_tag, extend_care_tag, end_care_tag)
