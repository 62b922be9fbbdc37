"""Reading results: row scope in the query, phones masked by role, no money for assistants."""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.customers.care import sees_sensitive
from grid.kit import audit
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, may, visible
from grid.territory.types import Actor, StaffActor
from grid.visits.check_types import VerdictView
from grid.visits.form_rules import fields_for, shown
from grid.visits.form_types import Answers, AnswerView
from grid.visits.forms import form_of_version
from grid.visits.rules import sees_money, shown_form
from grid.visits.types import FindingView, VisitFilter, VisitView
from grid.visits.words import CheckMethod, CheckOutcome, CheckState, FormWord, Leaflet, Satisfaction
from grid.work_orders.reading import mask_phone
from grid.work_orders.types import PersonView
from grid.work_orders.words import ArrivalGrade, WorkOrderState

_ANSWERS = msgspec.json.Decoder(Answers)
_CODES = msgspec.json.Decoder(list[Leaflet])
_REACHED = "($1::bool OR v.station = ANY($2::uuid[]) OR v.grid = ANY($3::uuid[]) OR v.author = $4)"

_VISITS = """
SELECT v.*, w.number AS job_number, w.state AS job_state, w.version AS job_version,
    w.arrived_at, w.completed_at, a.account_no, a.name, a.phone, a.address,
    g.code AS grid_code, g.name AS grid_name, t.employee_no, t.name AS author_name,
    t.phone AS author_phone,
    NOT EXISTS (SELECT FROM customer_visit n WHERE n.supersedes = v.id) AS is_newest,
    (SELECT json_agg(json_build_object('number', f.number, 'kind', f.kind, 'words', f.words,
        'danger', f.danger, 'ticket_id', f.ticket, 'ticket_number', k.number) ORDER BY f.number)
     FROM visit_finding f LEFT JOIN ticket k ON k.id = f.ticket WHERE f.visit = v.id) AS findings,
    ARRAY(SELECT c.state FROM visit_check c WHERE c.work_order = v.work_order
        ORDER BY c.opened_at) AS checks,
    EXISTS (SELECT FROM visit_check c WHERE c.work_order = v.work_order AND c.staff = $4
        AND c.state = 'open') AS is_my_check
FROM customer_visit v JOIN work_order w ON w.id = v.work_order
JOIN service_account a ON a.id = v.account JOIN service_grid g ON g.id = v.grid
JOIN staff t ON t.id = v.author
"""
_VERDICTS = """
SELECT d.method, d.outcome, d.words, d.at, t.name FROM visit_verdict d
JOIN visit_check c ON c.id = d.visit_check JOIN staff t ON t.id = d.staff
WHERE c.work_order = $1 ORDER BY d.at, d.id LIMIT 100
"""
_FINDINGS = msgspec.json.Decoder(list[FindingView])


def scope_args(actor: Actor) -> tuple[object, ...]:
    """The four arguments of the scope clause; who wrote a result always sees it."""
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    return (*visible(actor, Action.READ_VISITS), own)


async def visits(actor: Actor, wanted: VisitFilter) -> Page[VisitView]:
    """A page of results the actor may see, newest first, without answers. Two statements.

    Raises Invalid naming `cursor`.
    """
    before: tuple[datetime | None, UUID | None] = (None, None)
    if wanted.cursor is not None:
        before = decode_cursor(wanted.cursor, tuple[datetime, UUID])
        if before[0] is None or before[0].tzinfo is None:
            raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    limit = min(wanted.limit, LIMIT_MAX)
    rows = await fetch(
        f"{_VISITS} WHERE {_REACHED} AND ($5::varchar IS NULL OR g.code = $5)"
        " AND ($6::varchar IS NULL OR a.account_no = $6) AND (NOT $7::bool OR v.author = $4)"
        " AND ($8::timestamptz IS NULL OR (v.received_at, v.id) < ($8, $9::uuid))"
        " ORDER BY v.received_at DESC, v.id DESC LIMIT $10",
        *scope_args(actor),
        wanted.grid,
        wanted.account_no,
        wanted.mine,
        *before,
        limit + 1,
    )
    found = [_view(row, actor) for row in rows[:limit]]
    await audit.record("visit.list", "visits", shown=len(found))
    last = found[-1] if len(rows) > limit else None
    cursor = None if last is None else encode_cursor(last.received_at.isoformat(), str(last.id))
    return Page(items=found, next=cursor)


async def visit(actor: Actor, visit_id: UUID) -> VisitView:
    """One result with answers and verdicts. Raises NotFound. Audited."""
    view = await visit_view(actor, visit_id)
    await audit.record("visit.read", str(visit_id))
    return view


async def visit_view(actor: Actor, visit_id: UUID) -> VisitView:
    """One result with answers and verdicts. Raises NotFound when it is not the actor's to see."""
    row = await fetch_one(f"{_VISITS} WHERE {_REACHED} AND v.id = $5", *scope_args(actor), visit_id)
    if row is None:
        raise NotFound("没有这次走访")
    verdicts = await fetch(_VERDICTS, row["work_order"])
    return msgspec.structs.replace(
        _view(row, actor),
        answers=await _answers(row, actor),
        verdicts=[_verdict(one) for one in verdicts],
        may_verify=may(actor, Action.VERIFY_VISITS, grid_id=row["grid"], station_id=row["station"]),
    )


async def _answers(row: Record, actor: Actor) -> list[AnswerView]:
    """The answers in the words of the version they were asked in.

    Those about a medical device are for the grid's manager, the office, and who is to check them.
    """
    if row["form"] == FormWord.MEDICAL_DEVICE and not _sees_medical(row, actor):
        return []
    form = await form_of_version(FormWord(row["form"]), row["form_version"])
    asked = fields_for(form.fields, sees_money(actor, row["grid"], row["station"]))
    return shown(asked, _ANSWERS.decode(row["answers"]))


def _sees_medical(row: Record, actor: Actor) -> bool:
    own = isinstance(actor, StaffActor) and row["author"] == actor.staff_id
    return own or row["is_my_check"] or sees_sensitive(actor, row["grid"], row["station"])


def _verdict(row: Record) -> VerdictView:
    return VerdictView(
        method=CheckMethod(row["method"]),
        outcome=CheckOutcome(row["outcome"]),
        words=row["words"],
        by=row["name"],
        at=row["at"],
    )


def phone_for(actor: Actor, phone: str | None, grid_id: UUID, station_id: UUID) -> str | None:
    """A customer's phone as the actor's post shows it; an assistant sees it masked."""
    shows = may(actor, Action.READ_PHONES, grid_id=grid_id, station_id=station_id)
    return phone if shows else mask_phone(phone)


def _view(row: Record, actor: Actor) -> VisitView:
    return VisitView(
        id=row["id"],
        work_order_id=row["work_order"],
        work_order_number=row["job_number"],
        work_order_state=WorkOrderState(row["job_state"]),
        work_order_version=row["job_version"],
        account_no=row["account_no"],
        name=row["name"],
        phone=phone_for(actor, row["phone"], row["grid"], row["station"]),
        address=row["address"],
        grid=row["grid_code"],
        grid_name=row["grid_name"],
        author=PersonView(
            id=row["author"],
            employee_no=row["employee_no"],
            name=row["author_name"],
            phone=row["author_phone"],
        ),
        revision=row["revision"],
        is_newest=row["is_newest"],
        form=shown_form(FormWord(row["form"]), _sees_medical(row, actor)),
        form_version=row["form_version"],
        device_at=row["device_at"],
        received_at=row["received_at"],
        grade=ArrivalGrade(row["grade"]),
        distance_m=None if row["distance_m"] is None else round(row["distance_m"], 1),
        minutes=_minutes(row),
        present=row["present"],
        present_relation=row["present_relation"],
        satisfaction=None if row["satisfaction"] is None else Satisfaction(row["satisfaction"]),
        satisfaction_words=row["satisfaction_words"],
        note=row["note"],
        leaflets=_CODES.decode(row["leaflets"]),
        findings=_FINDINGS.decode(row["findings"] or "[]"),
        checks=[CheckState(state) for state in row["checks"]],
    )


def _minutes(row: Record) -> int | None:
    if row["arrived_at"] is None or row["completed_at"] is None:
        return None
    return int((row["completed_at"] - row["arrived_at"]).total_seconds() // 60)
