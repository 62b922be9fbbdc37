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
            sign_in.sign_in_page,
            sign_in.sign_in,
            sign_in.sign_out,
            password.password_page,
            password.set_password,
            board.board_page,
            board.board_rows,
            board.alarms,
            board.live,
            board.map_data,
            board.export,
            bulk.bulk,
            bulk.back_to_board,
            saved_filters.save_filter,
            saved_filters.delete_filter,
            reports.new_report,
            reports.report,
            reports.back_to_board,
            safety.safety_alarms_page,
            safety.back_to_alarms,
            safety.answer_alarm,
            work_orders.work_order_page,
            work_orders.job_version,
            work_orders.assign,
            work_orders.back_to_job,
            work_orders.further,
            work_orders.take_step,
            *ticket_intake.ROUTES,
            *tickets.ROUTES,
            customers.customers_page,
            customers.customer_page,
            *outages.ROUTES,
            people.people_page,
            people.dead_letters_page,
            people.replay_dead_letter,
            indicators.indicators_page,
            indicators.export,
            indicators.indicator_page,
            indicators.export_records,
            indicators.change_period,
            *visits.HANDLERS,
            *visit_checks.HANDLERS,
            *care.HANDLERS,
            numbers.numbers_page,
            numbers.number_page,
            numbers.propose,
            numbers.decide,
            partners.handovers_page,
            partners.make_handover,
            partners.handover_page,
            partners.back_to_handover,
            partners.take_handover_step,
            partners.province_page,
            partners.take_file,
            supervision.inbox,
            supervision.inbox_rows,
            supervision.export,
            supervision.open_by_hand,
            supervision.back_to_inbox,
            supervision.back_to_order,
            supervision.bulk,
            supervision.order_page,
            supervision.take_step,
            policies.policies_page,
            policies.propose,
            policies.decide,
            corrections.corrections_page,
            corrections.decide_pause,
            corrections.decide_correction,
            corrections.times_page,
            corrections.send_times,
            nowhere,
        ],
        middleware=[DefineMiddleware(ConsoleAuthentication, exclude_from_auth_key=PUBLIC)],
        before_request=require_own_page,
        exception_handlers=CONSOLE_EXCEPTION_HANDLERS,
    )


__all__ = ["router"]
