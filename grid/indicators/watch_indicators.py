"""Indicators that show gaming: figures can be polished by renaming, pausing, closing too soon.

They accuse nobody; they say where somebody should look. Their owner is the auditor.
"""

from grid.indicators.definition import (
    COMPANY,
    FEW,
    MINUTES_SUM,
    SHARE_DOWN,
    Indicator,
    Said,
)
from grid.indicators.shape import Rows
from grid.indicators.ticket_indicators import REOPENED_SOON
from grid.indicators.types import RecordKind, Theme
from grid.territory.types import StaffRole

_STEPS = "ticket_transition h JOIN ticket t ON t.id = h.ticket"
#: The ticket came in as a complaint: it is one, or a later step made something else of it.
_MADE_OTHER = (
    "EXISTS (SELECT 1 FROM ticket_transition c WHERE c.ticket = t.id AND c.event = 'reclassify'"
    " AND c.facts->>'from_kind' = 'complaint')"
)

COMPLAINTS = Indicator(
    name="complaints",
    title="投诉件数",
    theme=Theme.WATCH,
    manner=FEW,
    said=Said(
        numerator="同分母",
        denominator="这段时间里受理的投诉，后来改成别的类别的也算",
        exclusions="无",
        cut_off="受理之时",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.TICKET,
        source="ticket t",
        where=f"t.kind = 'complaint' OR {_MADE_OTHER}",
        record="t.id",
        at="t.reported_at",
        matter="t.kind",
        place="t",
        ticket="t.id",
        sealed="t.sealed",
    ),
    owner=StaffRole.AUDITOR,
)
RECLASSIFIED = Indicator(
    name="reclassified_complaints",
    title="投诉改类率",
    theme=Theme.WATCH,
    manner=SHARE_DOWN,
    said=Said(
        numerator="现在不再是投诉的",
        denominator="这段时间里受理的投诉，后来改成别的类别的也算",
        exclusions="无",
        cut_off="受理之时",
        source=COMPANY,
    ),
    rows=COMPLAINTS.rows._replace(hit="t.kind <> 'complaint'"),
    owner=StaffRole.AUDITOR,
)

_PAUSES = Rows(
    record_kind=RecordKind.PAUSE,
    source="sla_pause z LEFT JOIN work_order w ON w.id = z.subject_id AND z.subject = 'work_order'"
    " JOIN LATERAL (SELECT coalesce(w.ticket, z.subject_id) AS ticket) m ON true"
    " LEFT JOIN ticket t ON t.id = m.ticket"
    " LEFT JOIN staff p ON z.requested_by = 'staff:' || p.employee_no"
    " JOIN LATERAL (SELECT CASE WHEN w.id IS NULL THEN t.grid ELSE w.grid END AS grid,"
    " CASE WHEN w.id IS NULL THEN t.station ELSE w.station END AS station) l ON true",
    where="z.state IN ('running', 'ended')",
    record="z.id",
    at="z.from_at",
    matter="z.reason",
    place="l",
    hit="z.decided_by IS NOT NULL",
    amount="extract(epoch FROM greatest(interval '0',"
    " least(coalesce(z.ended_at, z.box_until), z.box_until, $7::timestamptz) - z.from_at))",
    staff="p.id",
    ticket="t.id",
    work_order="w.id",
    sealed="coalesce(t.sealed, false)",
)
_PAUSES_SAID = Said(
    numerator="停表的分钟数之和",
    denominator="这段时间里开始的停表；停到现在还没有结束的，算到现在",
    exclusions="没有批准的申请",
    cut_off="停表开始之时，跨月的也算在开始的那个月",
    source=COMPANY,
)
PAUSES_ASKED = Indicator(
    name="pause_minutes_asked",
    title="停表分钟数（按申请人）",
    theme=Theme.WATCH,
    manner=MINUTES_SUM,
    said=_PAUSES_SAID,
    rows=_PAUSES,
    owner=StaffRole.AUDITOR,
)
PAUSES_APPROVED = Indicator(
    name="pause_minutes_approved",
    title="停表分钟数（按批准人）",
    theme=Theme.WATCH,
    manner=MINUTES_SUM,
    said=_PAUSES_SAID._replace(exclusions="没有批准的申请；按规定不需要批准的停表"),
    rows=_PAUSES._replace(
        source=_PAUSES.source.replace("z.requested_by", "z.decided_by"),
        excluded="CASE WHEN z.decided_by IS NULL THEN 'needs_nobody' END",
    ),
    owner=StaffRole.AUDITOR,
)

REOPENED = Indicator(
    name="reopened_soon",
    title="72 小时内重新打开率",
    theme=Theme.WATCH,
    manner=SHARE_DOWN,
    said=Said(
        numerator="归档后 72 小时内又重新打开的（正好 72 小时也算）",
        denominator="这段时间里的归档，一件事归档两次算两次",
        exclusions="无",
        cut_off="归档之时",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.STEP,
        source=_STEPS,
        where="h.event = 'archive'",
        record="h.id",
        at="h.at",
        matter="t.kind",
        place="t",
        hit=REOPENED_SOON,
        ticket="t.id",
        sealed="t.sealed",
    ),
    owner=StaffRole.AUDITOR,
)

DISPUTED = Indicator(
    name="disputed_arrivals",
    title="到达存疑率",
    theme=Theme.WATCH,
    manner=SHARE_DOWN,
    said=Said(
        numerator="定位不能证明到了现场的",
        denominator="这段时间里登记的到达，一次登记算一次",
        exclusions="无",
        cut_off="登记到达之时（服务器时间）",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.STEP,
        source="work_order_transition h JOIN work_order w ON w.id = h.work_order"
        " LEFT JOIN ticket t ON t.id = w.ticket",
        where="h.event = 'arrive'",
        record="h.id",
        at="h.at",
        matter="w.kind",
        place="w",
        hit="h.grade = 'disputed'",
        staff="h.staff",
        ticket="w.ticket",
        work_order="w.id",
        sealed="coalesce(t.sealed, false)",
    ),
    owner=StaffRole.AUDITOR,
)

GIVEN_UP = Indicator(
    name="given_up_jobs",
    title="工单未办成即结束率",
    theme=Theme.WATCH,
    manner=SHARE_DOWN,
    said=Said(
        numerator="登记无法完成或取消的",
        denominator="这段时间里结束的工单：完成、无法完成、取消，一次结束算一次",
        exclusions="无",
        cut_off="结束之时（服务器时间）",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.STEP,
        source="work_order_transition h JOIN work_order w ON w.id = h.work_order"
        " LEFT JOIN ticket t ON t.id = w.ticket",
        where="h.event IN ('complete', 'cannot-complete', 'cancel')",
        record="h.id",
        at="h.at",
        matter="w.kind",
        place="w",
        hit="h.event <> 'complete'",
        staff="h.staff",
        ticket="w.ticket",
        work_order="w.id",
        sealed="coalesce(t.sealed, false)",
    ),
    owner=StaffRole.AUDITOR,
)

WATCHED = (
    COMPLAINTS,
    RECLASSIFIED,
    PAUSES_ASKED,
    PAUSES_APPROVED,
    REOPENED,
    DISPUTED,
    GIVEN_UP,
)
