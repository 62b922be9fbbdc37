"""Checks of visits in the browser: the inbox of those who check, one result, the verdict."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console import visit_words
from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from backend.console.visit_tables import check_rows, file_of
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.refusals import NotFound, Refusal
from grid.territory.authority import Action, require
from grid.visits import reading, verifying
from grid.visits.check_types import CheckFilter, CheckView, VerifyVisit
from grid.visits.form_seeds import LEAFLETS
from grid.visits.types import VisitFilter

_WORDS = {"words": "核查情况", "method": "方式", "outcome": "结果", "cursor": "翻页位置"}
#: Pages of checks that one export holds.
_EXPORT_PAGES = 25


@get("/visit-checks", include_in_schema=False)
async def checks_page(request: ConsoleRequest) -> Response[str]:
    """What is to be checked, the oldest first, and the draws of the last months."""
    require(request.user, Action.READ_VISITS)
    wanted = _wanted(request.query_params)
    found = await verifying.checks(request.user, wanted)
    kept = "&".join(
        f"{name}={value}"
        for name, value in (("state", wanted.state), ("month", wanted.month))
        if value
    )
    return await page(
        request,
        "visit_checks.html",
        as_of=await business_now(),
        found=found,
        wanted=wanted,
        kept=kept,
        draws=await verifying.draws(request.user),
        w=visit_words,
    )


def _wanted(query: Mapping[str, str]) -> CheckFilter:
    """The filter of the address: open checks unless another state, or `all`, is asked for."""
    state = query.get("state", "open")
    month = query.get("month", "")
    given = {
        "state": state if state in visit_words.CHECK_STATES else None,
        "month": month if len(month) == 7 and month[:4].isdigit() and month[5:].isdigit() else None,
        "mine": query.get("mine") == "1",
        "cursor": query.get("cursor") or None,
    }
    fields = {name: value for name, value in given.items() if value is not None}
    if fields.get("month") is not None and not 1 <= int(month[5:]) <= 12:
        del fields["month"]
    return CheckFilter(**fields)  # type: ignore[arg-type]


@get("/visit-checks.xlsx", include_in_schema=False)
async def export_checks(request: ConsoleRequest) -> Response[bytes]:
    """The inbox for Excel: the same filter, rows bounded, audited."""
    require(request.user, Action.READ_VISITS)
    values = dict(request.query_params.items())
    rows: list[CheckView] = []
    for _ in range(_EXPORT_PAGES):
        found = await verifying.checks(request.user, _wanted(values))
        rows += found.items
        if found.next is None:
            break
        values["cursor"] = found.next
    await audit.record("visit_check.exported", "visit_checks", rows=len(rows))
    now, whole = await business_now(), found.next is None
    return file_of("visit-checks", "走访核查", *check_rows(rows), now, complete=whole)


@get("/visits/results", include_in_schema=False)
async def results_page(request: ConsoleRequest) -> Response[str]:
    """The results of visits, newest first."""
    require(request.user, Action.READ_VISITS)
    query = request.query_params
    wanted = VisitFilter(
        grid=query.get("grid", "")[:20] or None,
        account_no=query.get("account_no", "")[:20] or None,
        cursor=query.get("cursor") or None,
    )
    return await page(
        request,
        "visit_results.html",
        as_of=await business_now(),
        found=await reading.visits(request.user, wanted),
        wanted=wanted,
        w=visit_words,
    )


@get("/visits/results/{visit_id:uuid}", include_in_schema=False)
async def result_page(request: ConsoleRequest, visit_id: FromPath[UUID]) -> Response[str]:
    """One result: answers, findings, verdicts, and the form of a further verdict."""
    return await _result(request, visit_id)


@get("/visits/results/{visit_id:uuid}/verify", include_in_schema=False)
async def back_to_result(visit_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the result."""
    return Redirect(f"/console/visits/results/{visit_id}", status_code=303)


@post("/visits/results/{visit_id:uuid}/verify", include_in_schema=False)
async def verify(request: ConsoleRequest, visit_id: FromPath[UUID]) -> Response[str] | Redirect:
    """Say how a visit was."""
    fields = await fields_of(request)
    try:
        command = command_of(VerifyVisit, fields, _WORDS)
        await verifying.verify(request.user, visit_id, command)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        return await _result(request, visit_id, refusal, fields)
    return Redirect(f"/console/visits/results/{visit_id}?done=1", status_code=303)


async def _result(
    request: ConsoleRequest,
    visit_id: UUID,
    refusal: Refusal | None = None,
    typed: dict[str, str] | None = None,
) -> Response[str]:
    return await page(
        request,
        "visit_result.html",
        200 if refusal is None else refusal.status,
        as_of=await business_now(),
        visit=await reading.visit(request.user, visit_id),
        leaflets=LEAFLETS,
        done="done" in request.query_params,
        problem=None if refusal is None else refusal.detail,
        typed=typed or {},
        w=visit_words,
    )


ROUTES = (checks_page, export_checks, results_page, result_page, back_to_result, verify)
