"""Which recorded times may be put right, and what that makes of a job's clocks. Pure."""

from collections.abc import Mapping
from datetime import datetime

from grid.clocks.changing import Moved
from grid.clocks.types import Pause, Target
from grid.kit.refusals import Invalid, Refusal
from grid.work_orders.times.types import CorrectedField

_F, _T = CorrectedField, Target

#: The recorded times of a job in the order in which they must lie; `clock_from`: when it came in.
ORDER = (
    "clock_from",
    "dispatched_at",
    "accepted_at",
    "departed_at",
    "arrived_at",
    "started_at",
    "restored_at",
    "completed_at",
    "closed_at",
)
_WORDS = {
    "clock_from": "受理",
    "dispatched_at": "派单",
    "accepted_at": "接单",
    "departed_at": "出发",
    "arrived_at": "到达",
    "started_at": "开始处理",
    "restored_at": "恢复供电",
    "completed_at": "完成",
    "closed_at": "归档",
}
#: Which clocks each recorded moment ended and began.
_CLOCKS: dict[CorrectedField, dict[str, tuple[Target, ...]]] = {
    _F.ACCEPTED_AT: {"stops": (_T.ACCEPT,)},
    _F.DEPARTED_AT: {},
    _F.ARRIVED_AT: {"stops": (_T.ARRIVE,), "starts": (_T.RESTORE,)},
    _F.RESTORED_AT: {"stops": (_T.RESTORE,)},
    _F.COMPLETED_AT: {"stops": (_T.COMPLETE,), "gives_up": tuple(_T)},
}


class TimeInFuture(Invalid):
    """A recorded time cannot lie ahead."""

    title = "更正的时间不能晚于现在"


class TimeBeforeReport(Invalid):
    """Nothing of a job happened before it came in."""

    title = "更正的时间不能早于受理时间"


class TimesOutOfOrder(Invalid):
    """The times of a job follow each other; the facts name the neighbour."""

    title = "更正后各步时间的先后不对"


class NothingRecorded(Refusal):
    """Only a moment that was recorded can be put right."""

    title = "这个时间还没有登记"


class NothingToCorrect(Refusal):
    """The proposed moment is the one that stands."""

    title = "更正后的时间与原时间相同"


def check_moment(
    recorded: Mapping[str, datetime | None],
    field: CorrectedField,
    new_at: datetime,
    now: datetime,
) -> None:
    """Raises TimeInFuture, TimeBeforeReport or TimesOutOfOrder when it cannot have been so.

    `recorded`: the job's moments by the names of `ORDER`, and with them the corrected one.
    """
    if new_at > now:
        raise TimeInFuture("new_at", TimeInFuture.title)
    began = recorded["clock_from"]
    if began is not None and new_at < began:
        raise TimeBeforeReport("new_at", TimeBeforeReport.title)
    place = ORDER.index(field.value)
    for number, name in enumerate(ORDER):
        other = recorded[name]
        if other is None or number == place:
            continue
        if (number < place and other > new_at) or (number > place and other < new_at):
            side = "早" if number < place else "晚"
            detail = f"更正的时间比{_WORDS[name]}时间还{side}"
            raise TimesOutOfOrder("new_at", detail, neighbour=name)


def check_pause_moment(
    pause: Pause, field: CorrectedField, new_at: datetime, box_until: datetime, now: datetime
) -> Pause:
    """The pause as it would be: after its beginning, inside its time box. Raises as above."""
    if new_at > now:
        raise TimeInFuture("new_at", TimeInFuture.title)
    is_start = field is _F.PAUSE_FROM
    fresh = pause._replace(from_at=new_at) if is_start else pause._replace(until_at=new_at)
    if fresh.until_at <= fresh.from_at:
        neighbour = "until_at" if is_start else "from_at"
        raise TimesOutOfOrder("new_at", "暂停的结束不晚于开始", neighbour=neighbour)
    if fresh.until_at > box_until:
        raise TimesOutOfOrder("new_at", "暂停不能长于申请的时限", neighbour="box_until")
    return fresh


def moved_by(field: CorrectedField, old_at: datetime, new_at: datetime) -> Moved:
    """What a corrected moment of a job does to its clocks."""
    return Moved(old_at, new_at, **_CLOCKS[field])
