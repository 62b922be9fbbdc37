"""One action for many jobs of the board: each row is a verb of its own with its own outcome."""

from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from msgspec import Meta

from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.dispatch import service as dispatch
from grid.kit.refusals import Invalid, Refusal
from grid.territory.types import StaffActor
from grid.work_orders import reading, steps
from grid.work_orders.types import AssignByHand, DoVerb, Words
from grid.work_orders.words import WorkOrderEvent

#: What can be done to many jobs at once, in the page's words.
ACTIONS = {
    "assign": "派给",
    WorkOrderEvent.SUPERVISE.value: "督办",
    WorkOrderEvent.COMMENT.value: "备注",
    WorkOrderEvent.CLOSE.value: "归档",
    WorkOrderEvent.CANCEL.value: "取消",
}
#: Rows of one action: a page of the board.
ROWS_MAX = 50
_PICK = "pick-"


class BulkAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do with the picked jobs; `reason` is kept in each job's history."""

    action: Annotated[str, Meta(pattern=f"^({'|'.join(ACTIONS)})$")]
    reason: Words | None = None
    staff_id: UUID | None = None


class Outcome(NamedTuple):
    """What became of one row."""

    work_order_id: UUID
    number: str
    done: bool
    words: str


@get("/board/bulk", include_in_schema=False)
async def back_to_board() -> Redirect:
    """The outcome stands at its own address; going there again shows the board."""
    return Redirect("/console", status_code=303)


@post("/board/bulk", include_in_schema=False)
async def bulk(request: ConsoleRequest) -> Response[str]:
    """Do one thing to every picked job; rows that cannot be done say why, the others are done.

    Raises Invalid naming `pick`, `action` or `staff_id` before anything is done.
    """
    fields = await fields_of(request)
    words = {"action": "操作", "reason": "原因", "staff_id": "人员"}
    wanted = command_of(BulkAction, fields, words)
    picked = _picked(fields)
    if wanted.action == "assign" and wanted.staff_id is None:
        raise Invalid("staff_id", "请选择人员")
    outcomes = [await _one(request.user, wanted, one, version) for one, version in picked]
    return await page(
        request,
        "bulk.html",
        action=ACTIONS[wanted.action],
        outcomes=outcomes,
        done=sum(one.done for one in outcomes),
    )


def _picked(fields: dict[str, str]) -> list[tuple[UUID, int]]:
    names = [name for name in fields if name.startswith(_PICK)]
    if not names:
        raise Invalid("pick", "请先勾选工单")
    if len(names) > ROWS_MAX:
        raise Invalid("pick", f"一次最多处理 {ROWS_MAX} 个工单")
    try:
        return [(UUID(name.removeprefix(_PICK)), int(fields[name])) for name in names]
    except ValueError as error:
        raise Invalid("pick", "勾选的工单无法识别,请刷新后重试") from error


async def _one(actor: StaffActor, wanted: BulkAction, job_id: UUID, version: int) -> Outcome:
    number = "—"
    try:
        job = await reading.view_one(actor, job_id)
        number = job.number
        if wanted.action == "assign" and wanted.staff_id is not None:
            choice = AssignByHand(
                staff_id=wanted.staff_id, reason=wanted.reason or "批量派单", version=version
            )
            await dispatch.assign_by_hand(actor, job_id, choice)
        else:
            command = DoVerb(version=version, reason=wanted.reason)
            await steps.take_step(actor, job_id, WorkOrderEvent(wanted.action), command)
    except Refusal as refusal:
        return Outcome(job_id, number, False, refusal.detail or refusal.title)
    return Outcome(job_id, number, True, "已完成")


#: The routes of these pages.
ROUTES = (
    bulk,
    back_to_board,
)
