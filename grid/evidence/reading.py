"""Reading items: one statement for any number of subjects, row scope in it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from grid.evidence.rules import PICTURES
from grid.evidence.types import (
    AlikeView,
    EvidencePurpose,
    EvidenceState,
    EvidenceView,
    MediaType,
    RefusalWord,
)
from grid.kit.database import fetch
from grid.kit.refusals import Invalid
from grid.territory.authority import Action, may, visible
from grid.territory.types import Actor, StaffActor, StaffRole

#: Most items in one answer; a list asks for fewer subjects when they have more.
ROWS_MAX = 5000

#: What `view_of` reads of an item; the file's row is missing until all its bytes came. A PDF where
#: only a picture serves counts as refused ($1 to $3: PDF, such purposes, whose own reading it is).
ITEM_ROWS = (
    "SELECT i.*, s.name AS author_name, i.author = $3 AS is_own, c.grid AS grid_now,"
    " c.station AS station_now, c.sealed AS sealed_now, b.media_type, b.size_bytes,"
    " b.copy_sha256, b.exif_taken_at, b.exif_lat, b.exif_lon, b.sha256 IS NOT NULL AS is_whole,"
    " CASE WHEN b.media_type = $1 AND i.purpose = ANY($2::varchar[]) THEN 'not_a_picture'"
    " ELSE b.refusal END AS refusal,"
    " u.size_bytes AS declared_bytes, u.media_type AS declared_type, u.received_bytes"
    " FROM evidence_item i JOIN evidence_chain c ON c.subject_id = i.subject_id"
    " JOIN staff s ON s.id = i.author LEFT JOIN blob b ON b.sha256 = i.sha256"
    " LEFT JOIN LATERAL (SELECT size_bytes, media_type, received_bytes FROM blob_upload"
    " WHERE sha256 = i.sha256 ORDER BY received_bytes DESC LIMIT 1) u ON b.sha256 IS NULL"
)


def reached(first: int) -> str:
    """The scope clause over item `i` and its subject `c`; its six arguments begin at `$first`.

    What is hidden from somebody (`service.hide_from`) is nowhere for them, not even as its author.
    """
    everything, stations, grids, own, sealed, reader = (f"${first + n}" for n in range(6))
    return (
        f"(CASE WHEN c.sealed THEN {sealed}::bool ELSE ({everything}::bool"
        f" OR c.station = ANY({stations}::uuid[]) OR c.grid = ANY({grids}::uuid[])"
        f" OR i.author = {own}::uuid) END"
        f" AND NOT EXISTS (SELECT FROM evidence_hidden x WHERE x.staff = {reader}::uuid"
        " AND x.subject_id = c.subject_id))"
    )


Scope = tuple[bool, list[UUID], list[UUID], UUID | None, bool, UUID | None]


def scope_of(actor: Actor, action: Action) -> Scope:
    """The six arguments of the scope clause: an action's reach, own items, sealed ones, reader."""
    reach = visible(actor, action)
    reader = actor.staff_id if isinstance(actor, StaffActor) else None
    own = reader if action is Action.READ_EVIDENCE and may(actor, action) else None
    sealed = reads_sealed(actor, action)
    return reach.everything, reach.station_ids, reach.grid_ids, own, sealed, reader


def reads_sealed(actor: Actor, action: Action) -> bool:
    """Only an auditor of the whole county reads what is sealed (and no machine does)."""
    return (
        isinstance(actor, StaffActor)
        and visible(actor, action).everything
        and any(post.role is StaffRole.AUDITOR and not post.station_id for post in actor.roles)
    )


async def items_where(actor: Actor, clause: str, *arguments: object) -> list[EvidenceView]:
    """Items that a clause over `i` names ($4 on), in the order of their chains. Two statements.

    Raises Invalid when there are more than ROWS_MAX of them.
    """
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    pictures = [purpose.value for purpose in PICTURES]
    rows = await fetch(
        f"{ITEM_ROWS} WHERE {clause} ORDER BY i.subject_id, i.position LIMIT {ROWS_MAX + 1}",
        MediaType.PDF.value,
        pictures,
        own,
        *arguments,
    )
    if len(rows) > ROWS_MAX:
        raise Invalid("subject_ids", "这些事附的文件太多,请分几次查看", limit=ROWS_MAX)
    alike = await _alike(actor, [row["id"] for row in rows]) if rows else {}
    originals = scope_of(actor, Action.READ_ORIGINALS)
    return [view_of(row, _in(originals, row), alike.get(row["id"], [])) for row in rows]


def _in(scope: Scope, row: Record) -> bool:
    """What `reached` says, for a row that is here already."""
    everything, stations, grids, _, sealed, _ = scope
    if row["sealed_now"]:
        return sealed
    return everything or row["station_now"] in stations or row["grid_now"] in grids


async def _alike(actor: Actor, item_ids: Sequence[UUID]) -> dict[UUID, list[AlikeView]]:
    """Alike items of other subjects, by item; only those that the actor reaches."""
    rows = await fetch(
        "SELECT pair.item, i.id, i.subject_kind,"  # noqa: S608 - the clause is ours
        " i.subject_id, pair.distance FROM ("
        " SELECT first_item AS item, second_item AS other, distance FROM near_duplicate"
        " WHERE first_item = ANY($1::uuid[]) UNION ALL"
        " SELECT second_item, first_item, distance FROM near_duplicate"
        " WHERE second_item = ANY($1::uuid[])) pair JOIN evidence_item i ON i.id = pair.other"
        f" JOIN evidence_chain c ON c.subject_id = i.subject_id WHERE {reached(2)}"
        " ORDER BY pair.distance, i.id LIMIT 1000",
        list(item_ids),
        *scope_of(actor, Action.READ_EVIDENCE),
    )
    found: dict[UUID, list[AlikeView]] = defaultdict(list)
    for row in rows:
        found[row["item"]].append(
            AlikeView(
                evidence_id=row["id"],
                subject_kind=row["subject_kind"],
                subject_id=row["subject_id"],
                distance=row["distance"],
            )
        )
    return found


def view_of(row: Record, reads_original: bool, alike: Iterable[AlikeView]) -> EvidenceView:
    """A row of `ITEM_ROWS` as its reader may see it."""
    exif: dict[str, Any] = {}
    if reads_original:
        exif = {name: row[name] for name in ("exif_taken_at", "exif_lat", "exif_lon")}
    refusal = None if row["refusal"] is None else RefusalWord(row["refusal"])
    return EvidenceView(
        id=row["id"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        purpose=EvidencePurpose(row["purpose"]),
        sha256=None if refusal else row["copy_sha256"],
        original_sha256=row["sha256"] if reads_original or row["is_own"] else None,
        state=_state(row, refusal),
        refusal=refusal,
        media_type=row["media_type"] or row["declared_type"],
        bytes=row["size_bytes"] or row["declared_bytes"],
        taken_at=row["taken_at"],
        received_at=row["received_at"],
        lat=row["lat"],
        lon=row["lon"],
        accuracy_m=row["accuracy_m"],
        mock=row["mock"],
        note=row["note"],
        author=row["author_name"],
        near_duplicates=list(alike),
        chain_hash=row["chain_hash"],
        **exif,
    )


def _state(row: Record, refusal: RefusalWord | None) -> EvidenceState:
    if refusal is not None:
        return EvidenceState.REFUSED
    if row["is_whole"]:
        return EvidenceState.COMPLETE
    return EvidenceState.PARTIAL if row["received_bytes"] else EvidenceState.MISSING
