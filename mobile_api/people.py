"""Who I am, who serves where, who is on shift; and the letters that nobody could deliver."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.kit import audit
from grid.kit.deliveries import DeadLetter, replay
from grid.kit.deliveries import dead_letters as dead
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.territory import own_account, service
from grid.territory.authority import Action, require
from grid.territory.changes import ChangePassword
from grid.territory.types import GridView, MeView, StaffView
from grid.work_orders.types import AccountNo
from mobile_api.parameters import Cursor, Limit, StaffRequest


class DeclareRelative(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account_no: AccountNo


class PeopleController(Controller):
    tags = ("people",)

    @get("/me")
    async def me(self, request: StaffRequest) -> MeView:
        """Who I am, my roles and what they allow."""
        return await service.me(request.user)

    @post("/me/password", status_code=204)
    async def change_password(self, request: StaffRequest, data: JSONBody[ChangePassword]) -> None:
        """Set my own password; my other devices are signed out."""
        await own_account.change_password(request.user, data)

    @get("/me/relatives")
    async def relatives(self, request: StaffRequest) -> list[str]:
        """The accounts of relatives that I declared; others handle them."""
        return await own_account.relatives_of(request.user.staff_id)

    @post("/me/relatives", status_code=204)
    async def declare_relative(
        self, request: StaffRequest, data: JSONBody[DeclareRelative]
    ) -> None:
        """Declare the account of a relative."""
        await own_account.declare_relative(request.user, data.account_no)

    @get("/grids")
    async def grids(
        self, request: StaffRequest, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
    ) -> Page[GridView]:
        """Every active grid with its manager, assistant and supervisors of today."""
        return await service.grids(request.user, cursor, limit)

    @get("/staff")
    async def staff(
        self,
        request: StaffRequest,
        on_shift: Annotated[bool | None, QueryParameter()] = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[StaffView]:
        """Colleagues, by employee number."""
        return await service.staff_list(request.user, on_shift, cursor, limit)


@get("/dead-letters", tags=["operations"])
async def dead_letters(request: StaffRequest, limit: Limit = LIMIT_DEFAULT) -> Page[DeadLetter]:
    """Events whose reaction failed too often; ids and errors, no personal text."""
    require(request.user, Action.READ_DEAD_LETTERS)
    return Page(items=await dead(limit), next=None)


@post("/dead-letters/{delivery_id:uuid}/replay", status_code=204, tags=["operations"])
async def replay_dead_letter(request: StaffRequest, delivery_id: FromPath[UUID]) -> None:
    """Try it again from the start."""
    require(request.user, Action.REPLAY_DEAD_LETTERS)
    await replay(delivery_id)
    await audit.record("dead_letter.replay", str(delivery_id))
