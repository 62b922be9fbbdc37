"""The limits of every kind of matter: what is in force and why, changed by two people."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console import words
from backend.console.forms import command_of, fields_of
from backend.console.moments import aware
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.clocks import policy_changes as verbs
from grid.clocks.policy_changes import PRIORITIES, TARGETS_OF
from grid.clocks.policy_types import AffectedView, PolicyView, ProposePolicy
from grid.clocks.types import Hours, Target
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.territory.authority import Action, may
from grid.work_orders.times.policy_preview import affected
from grid.work_orders.words import Priority

#: How long a unit of the form is, in seconds.
UNITS = {"minutes": 60, "hours": 3600, "days": 86_400}
UNIT_WORDS = {"minutes": "分钟", "hours": "小时", "days": "天"}
HOURS_WORDS = {Hours.ALWAYS: "昼夜计时", Hours.WORKDAYS: "工作日计时", Hours.OFFICE: "办公时间计时"}
_OTHER_KINDS = {"government_handover": "政府转办"}
_WORDS = {
    "kind": "事项",
    "target": "时限",
    "limit_s": "期限",
    "hours": "计时方式",
    "source": "依据",
    "warn_percent": "临近提醒",
    "station_code": "供电所",
    "place_class": "地区",
    "priority": "优先级",
    "tag": "客户标签",
    "effective_from": "生效时间",
}


def kind_words(kind: str) -> str:
    """What a kind of matter is called."""
    tables: tuple[Any, ...] = (words.KINDS, words.TICKET_KINDS, _OTHER_KINDS)
    return str(next((table[kind] for table in tables if kind in table), kind))


def limit_words(one: PolicyView) -> str:
    """`45 分钟`, `3 小时`, `5 个工作日`: in the largest unit that fits without a rest."""
    day = "个工作日" if one.hours is Hours.WORKDAYS else "天"
    for unit, name in ((86_400, day), (3600, "小时")):
        if one.limit_s % unit == 0 and one.limit_s >= unit:
            return f"{one.limit_s // unit} {name}"
    return f"{one.limit_s / 60:g} 分钟"


def narrowed_words(one: PolicyView) -> str:
    """For whom a policy holds."""
    parts = [
        None if one.station_code is None else f"供电所 {one.station_code}",
        None if one.place_class is None else _named(words.PLACE_CLASSES, one.place_class),
        None if one.priority is None else _named(words.PRIORITIES, one.priority),
        None if one.tag is None else _named(words.TAGS, one.tag),
    ]
    return " · ".join(part for part in parts if part) or "全部"


def _named(table: Any, key: str) -> str:
    return str(table.get(key, key))


@get("/policies", include_in_schema=False)
async def policies_page(request: ConsoleRequest) -> Response[str]:
    """Every limit with its source, and what waits for release."""
    return await _page(request, {})


@post("/policies", include_in_schema=False)
async def propose(request: ConsoleRequest) -> Response[str] | Redirect:
    """Draft a limit, or first see how many open matters it is about."""
    fields = await fields_of(request)
    try:
        command = _command(fields)
        if fields.get("act") == "preview":
            found = await affected(request.user, command)
            return await _page(request, fields, preview=found)
        await verbs.propose_policy(request.user, command)
    except Refusal as refusal:
        return await _page(request, fields, refusal)
    return Redirect("/console/policies?done=proposed", status_code=303)


@post("/policies/{policy_id:uuid}/{decision:str}", include_in_schema=False)
async def decide(
    request: ConsoleRequest, policy_id: FromPath[UUID], decision: FromPath[str]
) -> Response[str] | Redirect:
    """Release a colleague's proposal, or take one back."""
    verb = {"release": verbs.release_policy, "withdraw": verbs.withdraw_policy}.get(decision)
    if verb is None:
        raise NotFound("没有这个操作")
    try:
        await verb(request.user, policy_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, {}, refusal)
    done = {"release": "released", "withdraw": "withdrawn"}[decision]
    return Redirect(f"/console/policies?done={done}", status_code=303)


def _command(fields: dict[str, str]) -> ProposePolicy:
    """The form as a command. Raises Invalid naming the field."""
    asked = {key: value for key, value in fields.items() if key in _WORDS}
    if "effective_from" in asked:
        asked["effective_from"] = aware(asked["effective_from"], "effective_from", "生效时间")
    unit = UNITS.get(fields.get("unit", "minutes"))
    limit = fields.get("limit", "")
    if unit is None or not limit.isascii() or not limit.isdigit() or len(limit) > 6:
        raise Invalid("limit", "期限应是整数")
    return command_of(ProposePolicy, {**asked, "limit_s": str(int(limit) * unit)}, _WORDS)


async def _page(
    request: ConsoleRequest,
    fields: dict[str, str],
    refusal: Refusal | None = None,
    preview: AffectedView | None = None,
) -> Response[str]:
    return await page(
        request,
        "policies.html",
        200 if refusal is None else refusal.status,
        found=await verbs.policies(request.user),
        may_release=may(request.user, Action.RELEASE_POLICIES),
        me_subject=request.user.subject,
        kind_words=kind_words,
        limit_words=limit_words,
        narrowed_words=narrowed_words,
        hours_words=HOURS_WORDS,
        unit_words=UNIT_WORDS,
        kinds=list(TARGETS_OF),
        targets=list(Target),
        priorities=[Priority(one) for one in PRIORITIES],
        typed=fields,
        preview=preview,
        problem=None if refusal is None else refusal.detail,
        bad_field=refusal.field if isinstance(refusal, Invalid) else None,
        done=request.query_params.get("done"),
    )


#: The routes of these pages.
ROUTES = (
    policies_page,
    propose,
    decide,
)
