"""Customers on the phone: search near me or by name, one account."""

from litestar import Controller, get
from litestar.params import FromPath

from grid.customers import service
from grid.customers.types import AccountSummary, AccountView
from grid.kit.pages import LIMIT_DEFAULT, Page
from mobile_api.parameters import Code, Cursor, Limit, Near, Search, StaffRequest, place_of


class CustomerController(Controller):
    path = "/customers"
    tags = ("customers",)

    @get()
    async def search(
        self,
        request: StaffRequest,
        q: Search = None,
        near: Near = None,
        grid: Code = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[AccountSummary]:
        """Accounts of my grids: by number, name, phone, address, meter or initials, or nearest."""
        return await service.search(
            request.user, q=q, near=place_of(near), grid=grid, cursor=cursor, limit=limit
        )

    @get("/{account_no:str}")
    async def show(self, request: StaffRequest, account_no: FromPath[str]) -> AccountView:
        """One account with its points, meters and tags."""
        return await service.account(request.user, account_no)
