"""Special care in the browser: the one-to-one list, the card of one household, its tags."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console import visit_words
from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.customers import care
from grid.customers.care import EndCareTag, ExtendCareTag, SetCareTag
from grid.kit.clock import business_now
from grid.kit.refusals import NotFound, Refusal
from grid.overviews.board import stations
from grid.territory.authority import Action, may, require
from grid.visits import caring
from grid.visits.care_types import CareFilter

_WORDS = {
    "tag": "标签",
    "reason": "原因",
    "until_day": "结束日期",
    "owner": "负责人工号",
    "contact_name": "联系人",
    "contact_phone": "联系电话",
    "mind": "注意事项",
    "consent": "同意",
}


@get("/care", include_in_schema=False)
async def care_page(request: ConsoleRequest) -> Response[str] | Redirect:
    """Who is in special care, the longest overdue first; `account_no` leads to one card."""
    require(request.user, Action.READ_VISITS)
    query = request.query_params
    number = query.get("account_no", "").strip()
    if number.isdigit() and 4 <= len(number) <= 20:
        return Redirect(f"/console/care/{number}", status_code=303)
    wanted = CareFilter(
        grid=query.get("grid", "")[:20] or None, cursor=query.get("cursor") or None, limit=100
    )
    return await page(
        request,
        "care.html",
        as_of=await business_now(),
        found=await caring.care_list(request.user, wanted),
        wanted=wanted,
        stations=await stations(request.user),
    )


@get("/care/{account_no:str}", include_in_schema=False)
async def card_page(request: ConsoleRequest, account_no: FromPath[str]) -> Response[str]:
    """The card of one household."""
    return await _card(request, account_no)


@get("/care/{account_no:str}/{rest:path}", include_in_schema=False)
async def back_to_card(account_no: FromPath[str], rest: FromPath[str]) -> Redirect:
    """Addresses that only take forms; going there shows the card."""
    return Redirect(f"/console/care/{account_no[:20]}", status_code=303)


@post("/care/{account_no:str}/tags", include_in_schema=False)
async def set_tag(request: ConsoleRequest, account_no: FromPath[str]) -> Response[str] | Redirect:
    """Say who somebody is."""
    fields = await fields_of(request)
    try:
        await care.set_tag(request.user, account_no[:20], command_of(SetCareTag, fields, _WORDS))
    except Refusal as refusal:
        return await _refused(request, account_no, refusal, fields)
    return Redirect(f"/console/care/{account_no[:20]}?done=1", status_code=303)


@post("/care/{account_no:str}/tags/{tag_id:uuid}/{verb:str}", include_in_schema=False)
async def change_tag(
    request: ConsoleRequest, account_no: FromPath[str], tag_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Extend or end a tag."""
    fields = await fields_of(request)
    number = account_no[:20]
    try:
        if verb == "extend":
            longer = command_of(ExtendCareTag, fields, _WORDS)
            await care.extend_tag(request.user, number, tag_id, longer)
        elif verb == "end":
            ending = command_of(EndCareTag, fields, _WORDS)
            await care.end_tag(request.user, number, tag_id, ending)
        else:
            raise NotFound("没有这个操作")
    except Refusal as refusal:
        return await _refused(request, number, refusal, fields)
    return Redirect(f"/console/care/{number}?done=1", status_code=303)


async def _refused(
    request: ConsoleRequest, account_no: str, refusal: Refusal, fields: dict[str, str]
) -> Response[str]:
    if isinstance(refusal, NotFound):
        raise refusal
    return await _card(request, account_no, refusal, fields)


async def _card(
    request: ConsoleRequest,
    account_no: str,
    refusal: Refusal | None = None,
    typed: dict[str, str] | None = None,
) -> Response[str]:
    return await page(
        request,
        "care_card.html",
        200 if refusal is None else refusal.status,
        as_of=await business_now(),
        card=await caring.care_card(request.user, account_no[:20]),
        may_mark=may(request.user, Action.MARK_SPECIAL_CARE),
        done="done" in request.query_params,
        problem=None if refusal is None else refusal.detail,
        typed=typed or {},
        w=visit_words,
    )


ROUTES = (care_page, card_page, back_to_card, set_tag, change_tag)
