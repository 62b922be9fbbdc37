"""Customers: search, and one account with its points, tags and jobs."""

from litestar import Response, get
from litestar.params import FromPath

from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.customers import service
from grid.customers.types import AccountSummary
from grid.kit.pages import Page
from grid.kit.refusals import Invalid
from grid.territory.authority import Action, may, require
from grid.work_orders import reading
from grid.work_orders.types import WorkOrderFilter

_SHOWN = 30
_JOBS_SHOWN = 20


@get("/customers", include_in_schema=False)
async def customers_page(request: ConsoleRequest) -> Response[str]:
    """Search by number, name, phone (where shown), address, meter or initials."""
    require(request.user, Action.READ_CUSTOMERS)
    q = request.query_params.get("q", "").strip()
    found: Page[AccountSummary] | None = None
    problem = None
    if q:
        try:
            found = await service.search(
                request.user, q=q, cursor=request.query_params.get("cursor"), limit=_SHOWN
            )
        except Invalid as refusal:
            problem = refusal.detail
    return await page(
        request,
        "customers.html",
        200 if problem is None else 400,
        q=q[:60],
        found=found,
        problem=problem,
    )


@get("/customers/{account_no:str}", include_in_schema=False)
async def customer_page(request: ConsoleRequest, account_no: FromPath[str]) -> Response[str]:
    """One account; its jobs are shown to those who read jobs."""
    require(request.user, Action.READ_CUSTOMERS)
    account = await service.account(request.user, account_no)
    jobs = None
    if may(request.user, Action.READ_WORK_ORDERS):
        wanted = WorkOrderFilter(q=account.account_no, limit=_JOBS_SHOWN)
        found = await reading.work_orders(request.user, wanted)
        jobs = [job for job in found.items if job.account_no == account.account_no]
    return await page(request, "customer.html", account=account, jobs=jobs)


#: The routes of these pages.
ROUTES = (
    customers_page,
    customer_page,
)
