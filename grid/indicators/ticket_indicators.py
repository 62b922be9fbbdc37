"""Indicators of tickets: solved within the grid, called back, and what customers said of it."""

from grid.indicators.definition import (
    COMPANY,
    GRID_SERVICE,
    SHARE_UP,
    STARS_MEAN,
    Indicator,
    Said,
)
from grid.indicators.shape import Rows
from grid.indicators.types import RecordKind, Theme

#: What happens to a ticket so soon after its archiving shows that it was not solved.
SOON = "interval '72 hours'"
#: The first archiving of a ticket; `h` is the step, `t` its ticket.
FIRST_ARCHIVED = (
    "h.event = 'archive' AND NOT EXISTS (SELECT 1 FROM ticket_transition e"
    " WHERE e.ticket = h.ticket AND e.event = 'archive' AND e.version < h.version)"
)
REOPENED_SOON = (
    "EXISTS (SELECT 1 FROM ticket_transition o WHERE o.ticket = h.ticket AND o.event = 'reopen'"  # noqa: S608 - ours
    f" AND o.at >= h.at AND o.at <= h.at + {SOON})"
)
#: Somebody was manager or assistant of the ticket's grid on the Shanghai day of a moment.
_OF_THE_GRID = (
    "EXISTS (SELECT 1 FROM grid_appointment p WHERE p.grid = t.grid AND p.staff = {staff}"
    " AND p.role IN ('manager', 'assistant')"
    " AND p.from_day <= ({at} AT TIME ZONE 'Asia/Shanghai')::date"
    " AND (p.until_day IS NULL OR p.until_day > ({at} AT TIME ZONE 'Asia/Shanghai')::date))"
)
_STEPS = "ticket_transition h JOIN ticket t ON t.id = h.ticket"
#: Everybody who finished a job of the ticket was of its grid; without a job, its handler.
_DONE_BY_THE_GRID = (
    "coalesce((SELECT bool_and("  # noqa: S608 - put together from constants
    + _OF_THE_GRID.format(staff="a.staff", at="a.offered_at")
    + ") FROM work_order j JOIN assignment a ON a.work_order = j.id"
    " WHERE j.ticket = t.id AND a.state = 'finished'), "
    + _OF_THE_GRID.format(staff="t.handler", at="h.at")
    + ")"
)
_NEVER_ESCALATED = (
    "NOT EXISTS (SELECT 1 FROM supervision_order s LEFT JOIN work_order j ON j.id = s.work_order"
    " WHERE (s.ticket = t.id OR j.ticket = t.id) AND s.level <> 'grid'"
    " AND s.cause NOT IN ('sos', 'unacknowledged') AND s.opened_at <= h.at)"
)

SOLVED_IN_GRID = Indicator(
    name="solved_in_grid",
    title="小事不出格率",
    theme=Theme.GRID,
    manner=SHARE_UP,
    said=Said(
        numerator="全部由本网格的管理员、协管员办完，没有升级到供电所或县公司督办，"
        "归档后 72 小时内没有重新打开的",
        denominator="这段时间里第一次归档的客户事项",
        exclusions="举报、表扬；并入别的事项的；不知道属于哪个网格的",
        cut_off="第一次归档之时",
        source=GRID_SERVICE,
    ),
    rows=Rows(
        record_kind=RecordKind.TICKET,
        source=_STEPS,
        where=FIRST_ARCHIVED,
        record="t.id",
        at="h.at",
        matter="t.kind",
        place="t",
        hit=f"{_DONE_BY_THE_GRID} AND {_NEVER_ESCALATED} AND NOT {REOPENED_SOON}",
        excluded="CASE WHEN t.kind IN ('tip_off', 'praise') THEN 'other_kind'"
        " WHEN t.parent IS NOT NULL THEN 'merged' WHEN t.grid IS NULL THEN 'no_grid' END",
        ticket="t.id",
        sealed="t.sealed",
    ),
)

#: What the customer said at a call-back, as the step itself kept it.
_OUTCOME = "coalesce(h.facts->>'outcome', t.callback)"
_CALLED_BACK = Rows(
    record_kind=RecordKind.STEP,
    source=_STEPS,
    where="h.event = 'callback'",
    record="h.id",
    at="h.at",
    matter="t.kind",
    place="t",
    hit=f"{_OUTCOME} = 'satisfied'",
    excluded=f"CASE WHEN coalesce({_OUTCOME}, 'no_answer') = 'no_answer' THEN 'no_answer' END",
    ticket="t.id",
    sealed="t.sealed",
)
CALLBACK_SATISFIED = Indicator(
    name="callback_satisfied",
    title="回访满意率",
    theme=Theme.SATISFACTION,
    manner=SHARE_UP,
    said=Said(
        numerator="客户说满意的",
        denominator="这段时间里接通的回访（客户自己作的评价也算），重新打开后再回访的再算一次",
        exclusions="没有接通的",
        cut_off="回访之时",
        source=COMPANY,
    ),
    rows=_CALLED_BACK,
)
CALLBACK_MADE = Indicator(
    name="callback_made",
    title="回访完成率",
    theme=Theme.SATISFACTION,
    manner=SHARE_UP,
    said=Said(
        numerator="归档以前回访接通了，或客户自己作了评价的",
        denominator="这段时间里第一次归档、按规定要回访的事项（报修、投诉、意见、业务申请）",
        exclusions="并入别的事项的",
        cut_off="第一次归档之时",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.TICKET,
        source=_STEPS,
        where=f"{FIRST_ARCHIVED}"
        " AND t.kind IN ('fault', 'complaint', 'opinion', 'service_request')",
        record="t.id",
        at="h.at",
        matter="t.kind",
        place="t",
        hit="EXISTS (SELECT 1 FROM ticket_transition b WHERE b.ticket = h.ticket"
        " AND b.event = 'callback' AND b.version < h.version"
        " AND coalesce(b.facts->>'outcome', t.callback, 'no_answer') <> 'no_answer')"
        " OR EXISTS (SELECT 1 FROM rating g WHERE g.ticket = h.ticket AND g.rated_at <= h.at)",
        excluded="CASE WHEN t.parent IS NOT NULL THEN 'merged' END",
        ticket="t.id",
        sealed="t.sealed",
    ),
)

_RATINGS = Rows(
    record_kind=RecordKind.RATING,
    source="rating r JOIN ticket t ON t.id = r.ticket"
    " LEFT JOIN LATERAL (SELECT j.id, a.staff FROM work_order j"
    " JOIN assignment a ON a.work_order = j.id AND a.state = 'finished'"
    " WHERE j.ticket = t.id AND (r.work_order IS NULL OR j.id = r.work_order)"
    " ORDER BY a.ended_at DESC NULLS LAST, a.id DESC LIMIT 1) d ON true",
    record="r.id",
    at="r.rated_at",
    matter="t.kind",
    place="t",
    hit="r.stars >= 4",
    amount="r.stars",
    staff="d.staff",
    ticket="t.id",
    work_order="d.id",
    sealed="t.sealed",
)
RATING_SATISFIED = Indicator(
    name="rating_satisfied",
    title="客户评价满意率",
    theme=Theme.SATISFACTION,
    manner=SHARE_UP,
    said=Said(
        numerator="评了四星或五星的",
        denominator="这段时间里客户作的评价，一件事一次",
        exclusions="没有评价的不在其中",
        cut_off="评价之时",
        source=COMPANY,
    ),
    rows=_RATINGS,
)
RATING_AVERAGE = Indicator(
    name="rating_average",
    title="客户评价平均星数",
    theme=Theme.SATISFACTION,
    manner=STARS_MEAN,
    said=Said(
        numerator="星数之和",
        denominator="这段时间里客户作的评价，一件事一次",
        exclusions="没有评价的不在其中",
        cut_off="评价之时",
        source=COMPANY,
    ),
    rows=_RATINGS,
)

TICKETS = (SOLVED_IN_GRID, RATING_SATISFIED, RATING_AVERAGE, CALLBACK_SATISFIED, CALLBACK_MADE)
