"""Recorded times put right by two people, with every clock before and after."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from grid.territory.types import ChangeState
from grid.work_orders.times import corrections as verbs
from grid.work_orders.times.correction_reading import corrections
from grid.work_orders.times.types import (
    CorrectionView,
    DecideCorrection,
    ProposeCorrection,
)
from mobile_api.parameters import Cursor, IdempotencyKey, Limit, StaffRequest

_VERBS = {"approve": verbs.approve_correction, "refuse": verbs.refuse_correction}

State: TypeAlias = Annotated[
    str | None, QueryParameter(pattern=f"^({'|'.join(state.value for state in ChangeState)})$")
]


class CorrectionController(Controller):
    tags = ("corrections",)

    @get("/corrections")
    async def list_corrections(
        self,
        request: StaffRequest,
        status: State = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[CorrectionView]:
        """Corrections in my reach, the newest first."""
        state = None if status is None else ChangeState(status)
        return await corrections(request.user, state, None, cursor, limit)

    @get("/work-orders/{work_order_id:uuid}/corrections")
    async def of_job(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Page[CorrectionView]:
        """The corrections of one job, the newest first; none when it is not mine to see."""
        return await corrections(request.user, None, work_order_id, cursor, limit)

    @post("/work-orders/{work_order_id:uuid}/corrections")
    async def propose(
        self,
        request: StaffRequest,
        work_order_id: FromPath[UUID],
        data: JSONBody[ProposeCorrection],
        idempotency_key: IdempotencyKey = None,
    ) -> CorrectionView:
        """Propose to put a recorded time right; nothing changes until somebody else approves."""
        return await once(
            request.user.subject,
            idempotency_key,
            f"corrections.propose:{work_order_id}",
            data,
            lambda: verbs.propose_correction(request.user, work_order_id, data),
            CorrectionView,
        )

    @post("/corrections/{correction_id:uuid}/{verb:str}", status_code=200)
    async def decide(
        self,
        request: StaffRequest,
        correction_id: FromPath[UUID],
        verb: FromPath[str],
        data: JSONBody[DecideCorrection],
        idempotency_key: IdempotencyKey = None,
    ) -> CorrectionView:
        """approve or refuse a colleague's proposal."""
        act = _VERBS.get(verb)
        if act is None:
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"corrections.{verb}:{correction_id}",
            data,
            lambda: act(request.user, correction_id, data),
            CorrectionView,
        )
