"""What goes in and out of evidence: declared files, attached items, what people may see of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.kit.outbox import Event

#: SHA-256 of a file's bytes in lower-case hexadecimal: its name everywhere.
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", min_length=64, max_length=64)]
#: What a phone may write beside a picture.
Note = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]


class EvidencePurpose(StrEnum):
    SITE_PHOTO = "site_photo"
    BEFORE_PHOTO = "before_photo"
    AFTER_PHOTO = "after_photo"
    METER_PHOTO = "meter_photo"
    VOLTAGE_ABSENT_PHOTO = "voltage_absent_photo"
    WORK_PERMIT = "work_permit"
    SIGNATURE = "signature"
    NOTICE_PHOTO = "notice_photo"
    SEAL_PHOTO = "seal_photo"
    LEAFLET_RECEIPT = "leaflet_receipt"
    DOCUMENT = "document"
    OTHER = "other"


class EvidenceState(StrEnum):
    """How much of an item's file is here: Y28's "complete or listed missing"."""

    MISSING = "missing"
    PARTIAL = "partial"
    COMPLETE = "complete"
    REFUSED = "refused"


class MediaType(StrEnum):
    """What a file may be; a file is judged by its content, never by what was declared."""

    JPEG = "image/jpeg"
    WEBP = "image/webp"
    PNG = "image/png"
    PDF = "application/pdf"


class RefusalWord(StrEnum):
    """Why the content of a file is not accepted."""

    EMPTY = "empty"
    UNKNOWN_FORMAT = "unknown_format"
    ARCHIVE = "archive"
    MARKUP = "markup"
    HIDDEN_CONTENT = "hidden_content"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    ANIMATED = "animated"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    NOT_A_PICTURE = "not_a_picture"


class BlobState(StrEnum):
    """`stored`: the original is whole; `ready`: what others may see of it is made, too."""

    STORED = "stored"
    READY = "ready"
    REFUSED = "refused"


class UploadState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    REFUSED = "refused"


class Subject(NamedTuple):
    """What an item proves something about, with the place that decides who reads all its items.

    `kind` is "work_order", "ticket", "visit" or "outage". What is `sealed` only an auditor of the
    whole county reads, not even the one who attached it.
    """

    kind: str
    id: UUID
    grid_id: UUID | None
    station_id: UUID | None
    sealed: bool = False


class AttachEvidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A declared file proves something; `taken_at` and the place are claims of the device."""

    sha256: Sha256
    purpose: EvidencePurpose
    taken_at: Annotated[datetime, Meta(tz=True)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    mock: bool = False
    note: Note | None = None


class AlikeView(msgspec.Struct, frozen=True, kw_only=True):
    """An item of another subject whose picture is (nearly) the same; 0 bits apart is the same."""

    evidence_id: UUID
    subject_kind: str
    subject_id: UUID
    distance: int


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """One item as its reader may see it.

    `sha256` names the copy that may be seen, null until it is made. `original_sha256` and what the
    original says of itself (`exif_*`) are for those who may read originals; the author sees the
    hash, too, for the phone knows the file by it. `bytes` counts the original.
    """

    id: UUID
    subject_kind: str
    subject_id: UUID
    purpose: EvidencePurpose
    sha256: str | None
    original_sha256: str | None
    state: EvidenceState
    refusal: RefusalWord | None
    media_type: str | None
    bytes: int | None
    taken_at: datetime | None
    received_at: datetime
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    mock: bool
    note: str | None
    author: str
    near_duplicates: list[AlikeView]
    chain_hash: str
    exif_taken_at: datetime | None = None
    exif_lat: float | None = None
    exif_lon: float | None = None


class DeclareBlob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that will be sent: its hash, its length, and what the phone takes it for."""

    sha256: Sha256
    bytes: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    media_type: MediaType


class DeclareBlobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: Annotated[list[DeclareBlob], Meta(min_length=1, max_length=100)]


class NeedState(StrEnum):
    """`have`: keep nothing, it is complete here; `refused`: sending it again is in vain."""

    HAVE = "have"
    NEED = "need"
    REFUSED = "refused"


class BlobNeed(msgspec.Struct, frozen=True, kw_only=True):
    """What the server wants of one declared file: the bytes from `offset` on."""

    sha256: str
    state: NeedState
    offset: int
    refusal: RefusalWord | None = None


class UploadView(msgspec.Struct, frozen=True, kw_only=True):
    """How far one person's upload is: `offset` of `bytes`."""

    sha256: str
    offset: int
    bytes: int


class BlobCompleted(Event, frozen=True, kw_only=True):
    """All bytes of a new file are here, hash to its name, and look like what is accepted."""

    sha256: str


class BlobPrepared(Event, frozen=True, kw_only=True):
    """The copy that others may see, the thumbnail and the difference hash are made."""

    sha256: str


class EvidenceAttached(Event, frozen=True, kw_only=True):
    """An item was appended to a subject's chain; its file may come later."""

    evidence_id: UUID
    subject_kind: str
    subject_id: UUID
    sha256: str


class NearDuplicateFound(Event, frozen=True, kw_only=True):
    """Two items of different subjects show (nearly) the same picture; said once for each pair."""

    first_id: UUID
    first_subject_kind: str
    first_subject_id: UUID
    second_id: UUID
    second_subject_kind: str
    second_subject_id: UUID
    distance: int
