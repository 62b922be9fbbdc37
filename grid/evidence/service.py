"""The verbs over items: attach, move a subject, list, count, verify a chain."""

from collections.abc import Collection, Sequence
from uuid import UUID

from grid.evidence.reading import items_where, reached, scope_of
from grid.evidence.rules import GENESIS, PICTURES, ChainedFacts, chain_hash, facts_of
from grid.evidence.tables import EvidenceItem
from grid.evidence.types import (
    AttachEvidence,
    EvidenceAttached,
    EvidencePurpose,
    EvidenceView,
    MediaType,
    Subject,
)
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.pages import LIMIT_MAX
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, require
from grid.territory.types import Actor, StaffActor

#: Items of one subject; far more than any job needs.
ITEMS_MAX = 200


class TooMuchEvidence(Refusal):
    """The subject has as many items as one may have."""

    title = f"一件事最多附 {ITEMS_MAX} 个文件"


async def attach(actor: Actor, subject: Subject, command: AttachEvidence) -> EvidenceView:
    """Append an item to the subject's chain; the same file for the same purpose only once.

    Joins the caller's transaction, in which the caller has checked the actor's right to the subject
    and holds its row; locks the end of the subject's chain. The file may still be on its way (Y28),
    but the actor must have declared it or see it. Raises NotAllowed, NotFound, TooMuchEvidence.
    """
    require(actor, Action.ATTACH_EVIDENCE)
    if not isinstance(actor, StaffActor):
        raise NotAllowed(action=Action.ATTACH_EVIDENCE.value)
    async with transaction():
        sha256 = await _original(actor, command.sha256)
        chain = await _lock_chain(subject)
        item_id = await fetch_value(
            "SELECT id FROM evidence_item WHERE subject_id = $1 AND sha256 = $2 AND purpose = $3",
            subject.id,
            sha256,
            command.purpose.value,
        )
        if item_id is None:
            item_id = await _append(actor, subject, command, sha256, chain)
        return (await items_where(actor, "i.id = $4", item_id))[0]


async def _original(actor: StaffActor, sha256: str) -> str:
    """The hash of the original that the actor means: declared by them, or seen by them as a copy.

    To know a hash proves nothing, so a file of others that the actor does not see is NotFound.
    """
    found: str | None = await fetch_value(
        "SELECT sha256 FROM blob_upload WHERE sha256 = $1 AND staff = $2"  # noqa: S608 - text is ours
        " UNION ALL SELECT i.sha256 FROM blob b JOIN evidence_item i ON i.sha256 = b.sha256"
        " JOIN evidence_chain c ON c.subject_id = i.subject_id"
        f" WHERE (b.sha256 = $1 OR b.copy_sha256 = $1) AND {reached(3)} LIMIT 1",
        sha256,
        actor.staff_id,
        *scope_of(actor, Action.READ_EVIDENCE),
    )
    if found is None:
        raise NotFound("没有这个文件,请先登记再附上")
    return found


async def _lock_chain(subject: Subject) -> tuple[int, str]:
    """How many items the subject has and the last one's hash, locked until the transaction ends.

    Its place is from now on what the caller says; a seal stays.
    """
    row = await fetch_one(
        "INSERT INTO evidence_chain AS c (subject_id, subject_kind, length, head, grid, station,"
        " sealed) VALUES ($1, $2, 0, $3, $4, $5, $6) ON CONFLICT (subject_id) DO UPDATE SET"
        " grid = EXCLUDED.grid, station = EXCLUDED.station, sealed = c.sealed OR EXCLUDED.sealed"
        " RETURNING length, head",
        subject.id,
        subject.kind,
        GENESIS,
        subject.grid_id,
        subject.station_id,
        subject.sealed,
    )
    assert row is not None
    return row["length"], row["head"]


async def _append(
    actor: StaffActor,
    subject: Subject,
    command: AttachEvidence,
    sha256: str,
    chain: tuple[int, str],
) -> UUID:
    length, head = chain
    if length >= ITEMS_MAX:
        raise TooMuchEvidence(limit=ITEMS_MAX)
    facts = ChainedFacts(
        id=new_id(),
        subject_kind=subject.kind,
        subject_id=subject.id,
        position=length + 1,
        purpose=command.purpose.value,
        sha256=sha256,
        grid=subject.grid_id,
        station=subject.station_id,
        sealed=subject.sealed,
        author=actor.staff_id,
        taken_at=command.taken_at,
        received_at=await business_now(),
        lat=command.lat,
        lon=command.lon,
        accuracy_m=command.accuracy_m,
        mock=command.mock,
        note=command.note,
    )
    digest = chain_hash(head, facts)
    await insert(EvidenceItem, **facts._asdict(), previous_hash=head, chain_hash=digest)
    await execute(
        "UPDATE evidence_chain SET length = $2, head = $3 WHERE subject_id = $1",
        subject.id,
        facts.position,
        digest,
    )
    await say(
        EvidenceAttached(
            evidence_id=facts.id,
            subject_kind=subject.kind,
            subject_id=subject.id,
            sha256=sha256,
        )
    )
    return facts.id


async def move_subject(subject: Subject) -> None:
    """The subject went to another grid or station, or was sealed: other people read its items now.

    Joins the caller's transaction, in which the caller holds the subject's row. A seal is never
    taken off here.
    """
    await execute(
        "UPDATE evidence_chain SET grid = $2, station = $3, sealed = sealed OR $4"
        " WHERE subject_id = $1",
        subject.id,
        subject.grid_id,
        subject.station_id,
        subject.sealed,
    )


async def hide_from(subject_ids: Sequence[UUID], staff_ids: Collection[UUID]) -> None:
    """Hide subjects from people for good: items there already, and those to come (W5).

    Joins the caller's transaction; a subject may be hidden before anything was attached to it.
    """
    if not subject_ids or not staff_ids:
        return
    pairs = [(subject, person) for subject in subject_ids for person in sorted(staff_ids)]
    await execute(
        "INSERT INTO evidence_hidden (id, subject_id, staff, hidden_at)"
        " SELECT p.id, p.subject, p.staff, $4"
        " FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS p(id, subject, staff)"
        " ON CONFLICT (subject_id, staff) DO NOTHING",
        [new_id() for _ in pairs],
        [subject for subject, _ in pairs],
        [person for _, person in pairs],
        await business_now(),
    )


async def items_of(actor: Actor, subject_ids: Sequence[UUID]) -> list[EvidenceView]:
    """The items of up to 200 subjects that the actor may see, in the order of their chains.

    Two statements and the audit of how many were shown. Raises Invalid naming `subject_ids`.
    """
    if len(subject_ids) > LIMIT_MAX:
        raise Invalid("subject_ids", f"一次最多 {LIMIT_MAX} 件", limit=LIMIT_MAX)
    items = await items_where(
        actor,
        f"i.subject_id = ANY($4::uuid[]) AND {reached(5)}",
        list(subject_ids),
        *scope_of(actor, Action.READ_EVIDENCE),
    )
    about = str(subject_ids[0]) if len(subject_ids) == 1 else "evidence"
    await audit.record("evidence.list", about, subjects=len(subject_ids), shown=len(items))
    return items


async def counted(subject_id: UUID) -> dict[EvidencePurpose, int]:
    """How many items of each purpose count for a subject: declared and not refused (Y28)."""
    rows = await fetch(
        "SELECT i.purpose, count(*) AS items FROM evidence_item i"
        " LEFT JOIN blob b ON b.sha256 = i.sha256 WHERE i.subject_id = $1"
        " AND b.state IS DISTINCT FROM 'refused'"
        " AND NOT (b.media_type IS NOT DISTINCT FROM $2 AND i.purpose = ANY($3::varchar[]))"
        " GROUP BY i.purpose",
        subject_id,
        MediaType.PDF.value,
        [purpose.value for purpose in PICTURES],
    )
    return {EvidencePurpose(row["purpose"]): row["items"] for row in rows}


async def verify_chain(subject_id: UUID) -> int | None:
    """Walk a subject's chain; the first position that does not fit, or None when all is whole.

    An item that was altered, taken out, put in or cut off at the end breaks it at that place.
    """
    rows = await fetch(
        "SELECT i.*, c.length AS chain_length, c.head AS chain_head FROM (SELECT) AS one"
        " LEFT JOIN evidence_chain c ON c.subject_id = $1"
        " LEFT JOIN evidence_item i ON i.subject_id = $1 ORDER BY i.position LIMIT $2",
        subject_id,
        ITEMS_MAX + 1,
    )
    items = [row for row in rows if row["id"] is not None]
    head = GENESIS
    for position, row in enumerate(items, 1):
        fits = row["position"] == position and row["previous_hash"] == head
        head = chain_hash(head, facts_of(dict(row)))
        if not fits or row["chain_hash"] != head:
            return position
    end = (rows[0]["chain_length"] or 0, rows[0]["chain_head"] or GENESIS)
    return None if end == (len(items), head) else len(items) + 1
