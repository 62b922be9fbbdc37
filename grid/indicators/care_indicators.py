"""Indicators of what was promised and planned: times told to customers, visits of the cycle."""

from grid.indicators.definition import (
    COMPANY,
    FEW,
    GRID_SERVICE,
    SHARE_DOWN,
    SHARE_UP,
    Indicator,
    Said,
)
from grid.indicators.shape import Rows
from grid.indicators.types import RecordKind, Theme
from grid.territory.types import StaffRole

PROMISES_KEPT = Indicator(
    name="promises_kept",
    title="承诺兑现率",
    theme=Theme.SATISFACTION,
    manner=SHARE_UP,
    said=Said(
        numerator="在告诉客户的时间以前做到的（正好到点也算）",
        denominator="这段时间里到时间的承诺：告诉过客户的到达、复电、答复时间",
        exclusions="没有告诉客户的估计；到时间以前收回的，或改告诉新时间的（按新时间算）",
        cut_off="承诺的时间",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.PROMISE,
        source="promise m LEFT JOIN ticket t ON t.id = m.ticket_id"
        " LEFT JOIN service_account a ON a.id = m.account"
        " LEFT JOIN promise b ON b.id = m.replaced_by"
        " JOIN LATERAL (SELECT CASE WHEN t.grid IS NULL THEN a.grid ELSE t.grid END AS grid,"
        " CASE WHEN t.grid IS NULL THEN a.station ELSE t.station END AS station) l ON true",
        where="NOT m.is_estimate AND m.told_at IS NOT NULL",
        record="m.id",
        at="m.promised_at",
        matter="m.what",
        place="l",
        hit="m.kept",
        excluded="CASE WHEN m.withdrawn_at <= m.promised_at THEN 'withdrawn'"
        " WHEN b.made_at <= m.promised_at THEN 'replaced' END",
        ticket="m.ticket_id",
        work_order="CASE WHEN m.subject = 'work_order' THEN m.subject_id END",
        sealed="coalesce(t.sealed, false)",
    ),
)

#: The moment after the month of a plan, and the first result of a stop's job.
_MONTH_ENDS = "((n.month + interval '1 month') AT TIME ZONE 'Asia/Shanghai')"
_STOPS = (
    "visit_stop s JOIN visit_plan n ON n.id = s.plan JOIN service_grid g ON g.id = n.grid"
    " JOIN LATERAL (SELECT n.grid, g.station) l ON true"
    " LEFT JOIN LATERAL (SELECT v.visited_on, v.author FROM customer_visit v"
    " WHERE v.work_order = s.work_order ORDER BY v.revision LIMIT 1) v ON true"
)
_REFUTED = (
    "EXISTS (SELECT 1 FROM visit_check k WHERE k.work_order = s.work_order"
    " AND k.state = 'not_confirmed')"
)
VISITS_MADE = Indicator(
    name="visits_made",
    title="走访按期完成率",
    theme=Theme.GRID,
    manner=SHARE_UP,
    said=Said(
        numerator="在计划的那个月里走访了，抽查也没有被否定的",
        denominator="已发布的走访计划里，计划日期在这段时间里的户",
        exclusions="从计划里拿掉的（有原因）;计划的月份还没有过完、还来得及走访的",
        cut_off="计划走访日的零点",
        source=GRID_SERVICE,
    ),
    rows=Rows(
        record_kind=RecordKind.VISIT,
        source=_STOPS,
        where="n.state = 'released'",
        record="s.id",
        at="(s.stop_day::timestamp AT TIME ZONE 'Asia/Shanghai')",
        matter="s.form",
        place="l",
        hit="v.visited_on >= n.month AND v.visited_on < n.month + interval '1 month'"
        f" AND NOT {_REFUTED}",
        excluded="CASE WHEN s.state = 'removed' THEN 'removed'"
        f" WHEN v.visited_on IS NULL AND {_MONTH_ENDS} > $7::timestamptz THEN 'still_time' END",
        staff="coalesce(v.author, s.staff)",
        work_order="s.work_order",
    ),
)

VISITS_REFUTED = Indicator(
    name="visits_not_confirmed",
    title="走访抽查否定率",
    theme=Theme.WATCH,
    manner=SHARE_DOWN,
    said=Said(
        numerator="监督员核实后说没有走访，或不是那么一回事的",
        denominator="这段时间里核实完的走访",
        exclusions="联系不上、没有核实成的",
        cut_off="核实完成之时",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.VISIT,
        source="visit_check k JOIN customer_visit v ON v.id = k.visit"
        " JOIN service_grid g ON g.id = k.grid"
        " JOIN LATERAL (SELECT k.grid, g.station) l ON true",
        where="k.closed_at IS NOT NULL",
        record="k.id",
        at="k.closed_at",
        matter="v.form",
        place="l",
        hit="k.state = 'not_confirmed'",
        excluded="CASE WHEN k.state = 'unreachable' THEN 'not_reached' END",
        staff="v.author",
        work_order="k.work_order",
    ),
    owner=StaffRole.AUDITOR,
)

CORRECTIONS = Indicator(
    name="time_corrections",
    title="更正时间次数（按申请人）",
    theme=Theme.WATCH,
    manner=FEW,
    said=Said(
        numerator="同分母，其中由第二个人批准了的",
        denominator="这段时间里申请更正的到达、复电等时间，每次算一次",
        exclusions="没有批准的",
        cut_off="申请更正之时",
        source=COMPANY,
    ),
    rows=Rows(
        record_kind=RecordKind.CORRECTION,
        source="time_correction c JOIN work_order w ON w.id = c.work_order"
        " LEFT JOIN ticket t ON t.id = w.ticket"
        " LEFT JOIN staff p ON c.proposed_by = 'staff:' || p.employee_no",
        record="c.id",
        at="c.proposed_at",
        matter="c.field",
        place="w",
        excluded="CASE WHEN c.state <> 'approved' THEN 'not_approved' END",
        staff="p.id",
        ticket="w.ticket",
        work_order="w.id",
        sealed="coalesce(t.sealed, false)",
    ),
    owner=StaffRole.AUDITOR,
)

CARE = (VISITS_MADE, PROMISES_KEPT, VISITS_REFUTED, CORRECTIONS)
