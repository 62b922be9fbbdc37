"""The company's numbers: what is in force, what was, who proposed and who released."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console.forms import command_of, fields_of
from backend.console.moments import aware
from backend.console.number_words import STATES, TITLES
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.territory import company_numbers as verbs
from grid.territory.authority import Action, may

_WORDS = {
    "value": "新的数值",
    "source": "依据",
    "effective_from": "生效时间",
    "scope": "适用范围",
}


@get("/numbers", include_in_schema=False)
async def numbers_page(request: ConsoleRequest) -> Response[str]:
    """Every number with its value of this moment."""
    return await page(
        request, "numbers.html", numbers=await verbs.numbers(request.user), titles=TITLES
    )


@get("/numbers/{name:str}", include_in_schema=False)
async def number_page(request: ConsoleRequest, name: FromPath[str]) -> Response[str]:
    """One number: its history, and the form for a new value."""
    return await _page(request, name, {})


@post("/numbers/{name:str}", include_in_schema=False)
async def propose(request: ConsoleRequest, name: FromPath[str]) -> Response[str] | Redirect:
    """Draft a new value, to be released by somebody else."""
    fields = await fields_of(request)
    try:
        asked = {key: value for key, value in fields.items() if key in _WORDS}
        if "effective_from" in asked:
            asked["effective_from"] = aware(asked["effective_from"], "effective_from", "生效时间")
        command = command_of(verbs.ProposeNumber, {**asked, "name": name}, _WORDS)
        await verbs.propose_number(request.user, command)
    except Refusal as refusal:
        return await _page(request, name, fields, refusal)
    return Redirect(f"/console/numbers/{name}?done=proposed", status_code=303)


@post("/numbers/{name:str}/{setting_id:uuid}/{decision:str}", include_in_schema=False)
async def decide(
    request: ConsoleRequest,
    name: FromPath[str],
    setting_id: FromPath[UUID],
    decision: FromPath[str],
) -> Response[str] | Redirect:
    """Release a colleague's draft, or take a draft back."""
    verb = {"release": verbs.release_number, "withdraw": verbs.withdraw_number}.get(decision)
    if verb is None:
        raise NotFound("没有这个操作")
    try:
        await verb(request.user, setting_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, name, {}, refusal)
    done = {"release": "released", "withdraw": "withdrawn"}[decision]
    return Redirect(f"/console/numbers/{name}?done={done}", status_code=303)


async def _page(
    request: ConsoleRequest, name: str, fields: dict[str, str], refusal: Refusal | None = None
) -> Response[str]:
    history = await verbs.number_history(request.user, name)
    known = {one.name: one for one in await verbs.numbers(request.user)}
    if name not in known:
        raise NotFound("没有这项设置")
    values: dict[str, Any] = {
        "number": known[name],
        "title": TITLES.get(name, name),
        "history": history,
        "states": STATES,
        "me_subject": request.user.subject,
        "may_release": may(request.user, Action.RELEASE_SETTINGS),
        "typed": {key: fields.get(key, "") for key in _WORDS},
        "problem": None if refusal is None else refusal.detail,
        "bad_field": refusal.field if isinstance(refusal, Invalid) else None,
        "done": request.query_params.get("done"),
    }
    status = 200 if refusal is None else refusal.status
    return await page(request, "number.html", status, **values)


#: The routes of these pages.
ROUTES = (
    numbers_page,
    number_page,
    propose,
    decide,
)
