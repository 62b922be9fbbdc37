"""Forms in force and old ones, and how a new version comes into force: by two people."""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.territory.authority import ALLOWED, Action, may, require
from grid.territory.types import Actor, StaffActor
from grid.visits.form_rules import check_form, fields_for
from grid.visits.form_seeds import LEAFLETS, SEED_FORMS
from grid.visits.form_types import (
    LeafletView,
    ProposeForm,
    VisitField,
    VisitFormsView,
    VisitFormView,
)
from grid.visits.rules import sees_money
from grid.visits.words import FormState, FormWord

_FIELDS = msgspec.json.Decoder(list[VisitField])


class FormNotProposed(Refusal):
    """The form was put in force or withdrawn already."""

    title = "这个版本已处理过"


def seed_form(form: FormWord) -> VisitFormView:
    """Version 1 of a form: what every county starts with."""
    title, fields = SEED_FORMS[form]
    return VisitFormView(
        id=None,
        form=form,
        version=1,
        title=title,
        state=FormState.RELEASED,
        fields=list(fields),
    )


async def visit_forms(actor: Actor, version: int | None = None) -> VisitFormsView:
    """The forms in force as this reader may fill them in; with `version` that version of each.

    Proposed versions are shown to those who may release them.
    """
    if not may(actor, Action.VISIT):
        require(actor, Action.READ_VISITS)
    rows = await fetch("SELECT * FROM visit_form ORDER BY form, version")
    every = [*(seed_form(form) for form in FormWord), *(_view(row) for row in rows)]
    newest: dict[FormWord, VisitFormView] = {}
    for one in every:
        if one.state is FormState.RELEASED and version in (None, one.version):
            newest[one.form] = one
    shown = list(newest.values())
    if version is None and may(actor, Action.RELEASE_POLICIES):
        shown += [one for one in every if one.state is FormState.PROPOSED]
    with_money = _asks_money(actor)
    return VisitFormsView(
        items=[
            msgspec.structs.replace(one, fields=fields_for(one.fields, with_money)) for one in shown
        ],
        leaflets=[LeafletView(code=code, title=title) for code, title in LEAFLETS.items()],
    )


def _asks_money(actor: Actor) -> bool:
    """Whether the actor sees money anywhere: an assistant in one grid may be manager in another."""
    if not isinstance(actor, StaffActor):
        return False
    readers = ALLOWED[Action.READ_VISITS]
    places = [(held.grid_id, held.station_id) for held in actor.grid_roles]
    return any(post.role in readers for post in actor.roles) or any(
        sees_money(actor, *place) for place in places
    )


async def form_of_version(form: FormWord, version: int) -> VisitFormView:
    """One released version of a form, however old. Raises Invalid naming `form_version`."""
    if version == 1:
        return seed_form(form)
    row = await fetch_one(
        "SELECT * FROM visit_form WHERE form = $1 AND version = $2 AND state = 'released'",
        form.value,
        version,
    )
    if row is None:
        raise Invalid("form_version", "没有这个版本的走访表,请重新读取后再填")
    return _view(row)


async def propose_form(actor: StaffActor, command: ProposeForm) -> VisitFormView:
    """Draft the next version of a form; nobody fills it in before a second person released it."""
    require(actor, Action.PROPOSE_POLICIES)
    check_form(command.fields)
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", command.form.value)
        version = await fetch_value(
            "SELECT coalesce(max(version), 1) + 1 FROM visit_form WHERE form = $1",
            command.form.value,
        )
        form_id = new_id()
        await execute(
            "INSERT INTO visit_form (id, form, version, title, fields, state, proposed_by,"
            " proposed_at) VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7)",
            form_id,
            command.form.value,
            version,
            command.title,
            msgspec.json.encode(command.fields).decode(),
            actor.subject,
            await business_now(),
        )
        await audit.record("visit_form.propose", command.form.value, version=version)
        return _view(await _locked(form_id))


async def release_form(actor: StaffActor, form_id: UUID) -> VisitFormView:
    """Put a proposed version in force. Raises SamePerson, FormNotProposed, NotFound."""
    require(actor, Action.RELEASE_POLICIES)
    async with transaction():
        row = await _locked(form_id)
        if row["state"] != FormState.PROPOSED:
            raise FormNotProposed()
        if row["proposed_by"] == actor.subject:
            raise SamePerson()
        now: datetime = await business_now()
        await execute(
            "UPDATE visit_form SET state = 'released', released_by = $2, released_at = $3"
            " WHERE id = $1",
            form_id,
            actor.subject,
            now,
        )
        await audit.record("visit_form.release", row["form"], version=row["version"])
        return _view(await _locked(form_id))


async def _locked(form_id: UUID) -> Record:
    row = await fetch_one("SELECT * FROM visit_form WHERE id = $1 FOR UPDATE", form_id)
    if row is None:
        raise NotFound("没有这张走访表")
    return row


def _view(row: Record) -> VisitFormView:
    return VisitFormView(
        id=row["id"],
        form=FormWord(row["form"]),
        version=row["version"],
        title=row["title"],
        state=FormState(row["state"]),
        fields=_FIELDS.decode(row["fields"]),
        proposed_by=row["proposed_by"],
    )
