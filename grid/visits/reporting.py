"""The result of a visit: told once for a job, corrected only by a further revision beside it (Y24).

The job is walked by its own verbs (accept, depart, arrive, start, complete); a visit without a plan
opens its job here and arrives in the same breath, judged like any other arrival. Evidence hangs on
the job, which is complete only with a photo or a signature.
"""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.customers.types import CustomerTagWord
from grid.geography.distance import distance_m
from grid.geography.types import Place
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, insert, insert_many, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, may, require
from grid.territory.places import GridOfPlace
from grid.territory.types import StaffActor
from grid.visits.form_rules import check_answers, digest_of, fields_for
from grid.visits.forms import form_of_version
from grid.visits.reading import visit_view
from grid.visits.rules import form_of, sees_money
from grid.visits.tables import CustomerVisit, VisitFinding
from grid.visits.types import Finding, ReportVisit, VisitReported, VisitView
from grid.visits.words import FormWord
from grid.work_orders.assigning import offer_to
from grid.work_orders.locating import Located
from grid.work_orders.opening import NewJob, tags_of, write_job
from grid.work_orders.recording import Choice, lock
from grid.work_orders.steps import take_step
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    ArrivalGrade,
    Capacity,
    TicketKind,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

#: What may be found at a door. A complaint is not taken by whom it may be about: that is for 95598.
FINDINGS = (
    TicketKind.FAULT,
    TicketKind.OPINION,
    TicketKind.SUGGESTION,
    TicketKind.INQUIRY,
    TicketKind.SERVICE_REQUEST,
    TicketKind.PRAISE,
)
#: States of the job in which somebody is or was at the door.
_AT_THE_DOOR = (
    WorkOrderState.ON_SITE,
    WorkOrderState.IN_PROGRESS,
    WorkOrderState.ON_HOLD,
    WorkOrderState.COMPLETED,
    WorkOrderState.CLOSED,
)


class VisitAlreadyReported(Refusal):
    """The job has a result; another one has to say that it corrects it."""

    title = "这次走访已经填报过;如要更正,请在原来的结果上提交更正"


class VisitNotThere(Refusal):
    """Nobody has arrived for this job yet, or it ended without a visit."""

    title = "请先登记到达,再填报走访"


async def report_visit(actor: StaffActor, command: ReportVisit) -> VisitView:
    """Store what came of a visit.

    Raises NotFound, NotAllowed, VisitNotThere, VisitAlreadyReported, Invalid naming the field, and
    what the arrival of a visit without plan raises (ArrivalNotProved, StaffNotAvailable).
    """
    require(actor, Action.VISIT)
    if (command.work_order_id is None) == (command.account_no is None):
        raise Invalid("work_order_id", "请指明走访工单,没有计划的走访请填写户号")
    _check_choices(command)
    async with transaction():
        job_id = command.work_order_id
        if command.account_no is not None:
            job_id = await _without_plan(actor, command)
        assert job_id is not None
        job = await _job(actor, job_id)
        before = await _newest(job_id)
        _check_revision(command, before)
        now = await business_now()
        visit_id = await _write(actor, command, job, before, now)
        await audit.record("visit.report", str(visit_id), findings=len(command.findings))
        return await visit_view(actor, visit_id)


def _check_choices(command: ReportVisit) -> None:
    if len(set(command.leaflets)) != len(command.leaflets):
        raise Invalid("leaflets", "同一种宣传单只填一次")
    if any(finding.kind not in FINDINGS for finding in command.findings):
        raise Invalid("findings", "投诉和举报请客户直接拨打 95598,不能由走访人员代为登记")
    if command.occurred_at is not None and not 1970 <= command.occurred_at.year < 2200:
        raise Invalid("occurred_at", "手机时间不正确")


async def _job(actor: StaffActor, job_id: UUID) -> Record:
    """The locked job of the actor's own visit."""
    job = await lock(job_id)
    mine = job["assignee"] == actor.staff_id
    place = {"grid_id": job["grid"], "station_id": job["station"]}
    if job["kind"] != WorkOrderKind.VISIT or not (mine or may(actor, Action.READ_VISITS, **place)):
        raise NotFound("没有这个走访工单")
    if not mine:
        raise NotAllowed("只有接到这个走访的人才能填报", action=Action.VISIT.value)
    if job["arrived_at"] is None or job["state"] not in _AT_THE_DOOR:
        raise VisitNotThere(state=job["state"])
    return job


async def _newest(job_id: UUID) -> Record | None:
    return await fetch_one(
        "SELECT id, revision, author FROM customer_visit WHERE work_order = $1"
        " ORDER BY revision DESC LIMIT 1",
        job_id,
    )


def _check_revision(command: ReportVisit, before: Record | None) -> None:
    if before is not None and command.supersedes != before["id"]:
        raise VisitAlreadyReported(visit_id=str(before["id"]))
    if before is None and command.supersedes is not None:
        raise Invalid("supersedes", "这次走访还没有填报过,没有可更正的结果")


async def _write(
    actor: StaffActor, command: ReportVisit, job: Record, before: Record | None, now: datetime
) -> UUID:
    await _check_form(command, job, now)
    form = await form_of_version(command.form, command.form_version)
    asked = fields_for(form.fields, sees_money(actor, job["grid"], job["station"]))
    check_answers(asked, command.answers)
    found, visit_id = command.position, new_id()
    await insert(
        CustomerVisit,
        id=visit_id,
        work_order=job["id"],
        revision=1 if before is None else before["revision"] + 1,
        supersedes=None if before is None else before["id"],
        account=job["account"],
        grid=job["grid"],
        station=job["station"],
        author=actor.staff_id,
        form=command.form.value,
        form_version=command.form_version,
        answers=msgspec.json.encode(command.answers).decode(),
        answers_digest=digest_of(
            form.fields, command.answers, command.note, command.satisfaction_words
        ),
        leaflets=msgspec.json.encode(command.leaflets).decode(),
        present=command.present,
        present_relation=command.present_relation,
        satisfaction=None if command.satisfaction is None else command.satisfaction.value,
        satisfaction_words=command.satisfaction_words,
        note=command.note,
        device_at=command.occurred_at,
        received_at=now,
        visited_on=business_day(job["arrived_at"]),
        lat=None if found is None else found.lat,
        lon=None if found is None else found.lon,
        accuracy_m=None if found is None else found.accuracy_m,
        mock=found is not None and found.mock,
        distance_m=_distance_m(job, command),
        grade=job["arrival_grade"] or ArrivalGrade.DISPUTED.value,
    )
    await _write_findings(visit_id, command.findings, command.supersedes)
    await say(
        VisitReported(
            visit_id=visit_id,
            work_order_id=job["id"],
            grid_id=job["grid"],
            revision=1 if before is None else before["revision"] + 1,
        )
    )
    return visit_id


async def _write_findings(visit_id: UUID, findings: list[Finding], supersedes: UUID | None) -> None:
    """The findings of a result; one that the corrected result had too keeps its ticket."""
    await insert_many(
        VisitFinding,
        ("id", "visit", "number", "kind", "words", "danger"),
        [
            (new_id(), visit_id, number, one.kind.value, one.words, one.danger)
            for number, one in enumerate(findings, 1)
        ],
    )
    if supersedes is not None and findings:
        await execute(
            "UPDATE visit_finding n SET ticket = o.ticket FROM visit_finding o"
            " WHERE n.visit = $1 AND o.visit = $2 AND o.kind = n.kind AND o.words = n.words"
            " AND o.ticket IS NOT NULL",
            visit_id,
            supersedes,
        )


async def _check_form(command: ReportVisit, job: Record, now: datetime) -> None:
    """The form of the customer's tags of today, or the one that the plan named."""
    tags = await tags_of(job["account"], business_day(now))
    fitting = {form_of([CustomerTagWord(tag) for tag in tags])}
    stop = await fetch_one("SELECT form FROM visit_stop WHERE work_order = $1", job["id"])
    if stop is not None:
        fitting.add(FormWord(stop["form"]))
    if command.form not in fitting:
        raise Invalid("form", "这位客户应使用另一种走访表", form=min(fitting).value)


def _distance_m(job: Record, command: ReportVisit) -> float | None:
    if command.position is None or job["lat"] is None:
        return None
    here = Place(lat=command.position.lat, lon=command.position.lon)
    return distance_m(here, Place(lat=job["lat"], lon=job["lon"]))


async def _without_plan(actor: StaffActor, command: ReportVisit) -> UUID:
    """A job for a visit that nobody planned, with its visitor at the door."""
    account = await fetch_one(
        "SELECT a.*, s.code FROM service_account a JOIN supply_station s ON s.id = a.station"
        " WHERE a.account_no = $1 AND a.state = 'active'",
        command.account_no,
    )
    place = (
        {} if account is None else {"grid_id": account["grid"], "station_id": account["station"]}
    )
    if account is None or not may(actor, Action.READ_CUSTOMERS, **place):
        raise NotFound("没有找到这个户号")
    if not may(actor, Action.VISIT, **place):
        raise NotAllowed(action=Action.VISIT.value)
    if command.supersedes is not None:
        raise Invalid("supersedes", "更正请指明原来的走访工单")
    now = await business_now()
    where = GridOfPlace(
        account["grid"], account["station"], account["code"], account["place_class"]
    )
    home = Place(lat=account["lat"], lon=account["lon"])
    located = Located(account["id"], home, where, account["place_class"])
    job_id = await write_job(
        actor,
        NewJob(WorkOrderKind.VISIT, located, description="临时走访", starts_at=now),
        now,
    )
    version = await offer_to(actor, job_id, Choice(actor.staff_id, Capacity.BY_HAND, "临时走访"))
    for event in (WorkOrderEvent.ACCEPT, WorkOrderEvent.ARRIVE, WorkOrderEvent.START):
        step = DoVerb(version=version, occurred_at=command.occurred_at)
        if event is WorkOrderEvent.ARRIVE:
            step = msgspec.structs.replace(step, position=command.position, reason=command.reason)
        version = (await take_step(actor, job_id, event, step)).version
    return job_id
