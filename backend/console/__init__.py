"""The browser door of dispatchers and back office: server-rendered pages under /console."""

from typing import NoReturn

from litestar import Router, route
from litestar.middleware import DefineMiddleware
from litestar.params import FromPath

from backend.console import (
    board,
    bulk,
    care,
    corrections,
    customers,
    evidence,
    indicators,
    numbers,
    outages,
    partners,
    password,
    people,
    policies,
    reports,
    safety,
    saved_filters,
    sign_in,
    supervision,
    ticket_intake,
    tickets,
    visit_checks,
    visits,
    work_orders,
)
from backend.console.assets import static_file
from backend.console.problems import CONSOLE_EXCEPTION_HANDLERS
from backend.console.session import ConsoleAuthentication, require_own_page
from backend.http.staff import PUBLIC
from grid.kit.refusals import NotFound


@route("/{rest:path}", http_method=["GET", "POST"], include_in_schema=False)
async def nowhere(rest: FromPath[str]) -> NoReturn:
    """Every other address of the console, so that people get a page that says so."""
    raise NotFound("没有这个页面")


def router() -> Router:
    """Every route of the console, behind its sign-in and its guard against foreign forms."""
    return Router(
        path="/console",
        route_handlers=[
            static_file,
            *sign_in.ROUTES,
            *password.ROUTES,
            *board.ROUTES,
            *bulk.ROUTES,
            *saved_filters.ROUTES,
            *reports.ROUTES,
            *safety.ROUTES,
            *work_orders.ROUTES,
            *evidence.ROUTES,
            *ticket_intake.ROUTES,
            *tickets.ROUTES,
            *customers.ROUTES,
            *outages.ROUTES,
            *people.ROUTES,
            *indicators.ROUTES,
            *visits.ROUTES,
            *visit_checks.ROUTES,
            *care.ROUTES,
            *numbers.ROUTES,
            *partners.ROUTES,
            *supervision.ROUTES,
            *policies.ROUTES,
            *corrections.ROUTES,
            nowhere,
        ],
        middleware=[DefineMiddleware(ConsoleAuthentication, exclude_from_auth_key=PUBLIC)],
        before_request=require_own_page,
        exception_handlers=CONSOLE_EXCEPTION_HANDLERS,
    )


__all__ = ["router"]
