"""A grid with homes, tags and people who visit, check and plan; ways to walk a visit along."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from grid.customers.tables import CustomerTag
from grid.customers.types import CustomerTagWord
from grid.evidence.service import attach
from grid.evidence.tables import Blob, BlobUpload
from grid.evidence.types import AttachEvidence, BlobState, EvidencePurpose, Subject, UploadState
from grid.geography.types import Place
from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch_one, insert
from grid.kit.ids import new_id
from grid.territory.types import Audience, StaffActor, StaffRole
from grid.visits.form_types import Answer
from grid.visits.reporting import report_visit
from grid.visits.rules import form_of
from grid.visits.types import ReportVisit, VisitView
from grid.visits.words import FormWord
from grid.work_orders.reading import view_one
from grid.work_orders.steps import take_step
from grid.work_orders.types import DevicePosition, DoVerb
from grid.work_orders.words import WorkOrderEvent
from tests.support.county import Grid, make_grid
from tests.support.homes import Home, make_account
from tests.support.staff import actor_of, make_staff

LONG_AGO = date(2020, 1, 1)

#: Answers that fit version 1 of each form.
ANSWERS: dict[FormWord, dict[str, Answer]] = {
    FormWord.ORDINARY: {
        "supply": "正常",
        "wiring_ok": True,
        "contact_right": True,
        "notice_way": "微信",
    },
    FormWord.SPECIAL_CARE: {
        "at_home": "老人独居",
        "health": "一般",
        "supply": "正常",
        "wiring_ok": True,
        "heating": ["电", "炭火"],
        "pays_how": "子女代交",
        "contact_right": True,
    },
    FormWord.MEDICAL_DEVICE: {
        "device": ["制氧机"],
        "hours": 16.0,
        "backup": "氧气瓶",
        "hospital": "县医院,儿子开车送",
        "supply": "正常",
        "contact_right": True,
        "notice_way": "电话",
    },
    FormWord.SMALL_BUSINESS: {"supply": "正常", "wants_more": False, "knows_prices": True},
}


class Scene(NamedTuple):
    """Who takes part: the grid's three, the head and the back office of its station."""

    grid: Grid
    home: Home
    manager: StaffActor
    assistant: StaffActor
    supervisor: StaffActor
    head: StaffActor
    office: StaffActor


async def make_scene() -> Scene:
    grid = await make_grid()
    home = await make_account(grid)
    head = await make_staff(grid.station_id, skilled=False, roles=(StaffRole.STATION_HEAD,))
    office = await make_staff(grid.station_id, skilled=False, roles=(StaffRole.BACK_OFFICE,))
    return Scene(
        grid,
        home,
        await actor_of(grid.manager),
        await actor_of(grid.assistant),
        await actor_of(grid.supervisor),
        await actor_of(head, audience=Audience.CONSOLE),
        await actor_of(office, audience=Audience.CONSOLE),
    )


async def tagged(
    home: Home,
    tag: CustomerTagWord,
    *,
    from_day: date = LONG_AGO,
    until_day: date | None = None,
    owner: UUID | None = None,
) -> None:
    """A tag of an account, as if it came with an import."""
    await insert(
        CustomerTag,
        id=new_id(),
        account=home.id,
        tag=tag.value,
        from_day=from_day,
        until_day=until_day,
        source="测试",
        owner=owner,
    )


def at(place: Place) -> DevicePosition:
    return DevicePosition(lat=place.lat, lon=place.lon, accuracy_m=10.0)


async def photographed(actor: StaffActor, job_id: UUID, sha256: str | None = None) -> str:
    """A photo of the site hangs on the job; its file has come."""
    job = await fetch_one("SELECT grid, station FROM work_order WHERE id = $1", job_id)
    assert job is not None
    sha256 = sha256 or (new_id().hex + new_id().hex)
    await insert(
        BlobUpload,
        id=new_id(),
        sha256=sha256,
        staff=actor.staff_id,
        size_bytes=1000,
        media_type="image/jpeg",
        received_bytes=1000,
        state=UploadState.COMPLETE.value,
        declared_at=machine_now(),
        expires_at=machine_now() + timedelta(days=30),
    )
    await insert(
        Blob,
        sha256=sha256,
        media_type="image/jpeg",
        size_bytes=1000,
        state=BlobState.STORED.value,
        kept=True,
        completed_at=machine_now(),
    )
    subject = Subject("work_order", job_id, job["grid"], job["station"])
    await attach(actor, subject, AttachEvidence(sha256=sha256, purpose=EvidencePurpose.SITE_PHOTO))
    return sha256


async def step(actor: StaffActor, job_id: UUID, event: str, **fields: object) -> None:
    job = await view_one(actor, job_id)
    command = DoVerb(version=job.version, **fields)  # type: ignore[arg-type]
    await take_step(actor, job_id, WorkOrderEvent(event), command)


def result(form: FormWord = FormWord.ORDINARY, **more: object) -> ReportVisit:
    fields = {"form": form, "form_version": 1, "answers": ANSWERS[form], **more}
    return ReportVisit(**fields)  # type: ignore[arg-type]


async def visited_without_plan(
    actor: StaffActor, home: Home, *tags: CustomerTagWord, minutes: int = 20, **more: object
) -> VisitView:
    """A whole visit without plan: told at the door, photographed, completed after `minutes`."""
    fields = {"position": at(home.place), "account_no": home.account_no, **more}
    view = await report_visit(actor, result(form_of(tags), **fields))
    await photographed(actor, view.work_order_id)
    await step(actor, view.work_order_id, "complete", resolution="已走访")
    await lasted(view.work_order_id, minutes)
    return view


async def lasted(job_id: UUID, minutes: int) -> None:
    """Set back the arrival, as if the visit had taken so long."""
    await execute(
        "UPDATE work_order SET arrived_at = completed_at - make_interval(mins => $2) WHERE id = $1",
        job_id,
        minutes,
    )


async def visited_on(job_id: UUID) -> date:
    row = await fetch_one("SELECT completed_at FROM work_order WHERE id = $1", job_id)
    assert row is not None
    return business_day(row["completed_at"])


async def today() -> date:
    return business_day(await business_now())


async def next_month() -> str:
    now: datetime = await business_now()
    first = (business_day(now).replace(day=1) + timedelta(days=32)).replace(day=1)
    return f"{first:%Y-%m}"
