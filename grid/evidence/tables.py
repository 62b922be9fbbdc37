"""What is stored of files and of what they prove; the bytes themselves lie in the blob store."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.evidence.types import BlobState, EvidencePurpose, RefusalWord, UploadState
from grid.kit.columns import big, key, moment, one_of, real, text, text_key, to, uuid, whole, yes_no
from grid.kit.database import DB
from grid.territory.tables import ServiceGrid, Staff, SupplyStation


class Blob(Table, db=DB):
    """A file whose bytes hash to its name: the original, and what was made of it.

    `kept` is false where the content was refused at the door and the bytes were thrown away.
    """

    sha256 = text_key(64)
    media_type = text(40)
    size_bytes = whole()
    state = text(10)
    refusal = text(20, null=True)
    kept = yes_no()
    width_px = whole(null=True)
    height_px = whole(null=True)
    copy_sha256 = text(64, null=True, index=True)
    copy_bytes = whole(null=True)
    copy_media_type = text(40, null=True)
    thumb_sha256 = text(64, null=True)
    thumb_bytes = whole(null=True)
    difference_hash = big(null=True)
    exif_taken_at = moment(null=True)
    exif_lat = real(null=True)
    exif_lon = real(null=True)
    completed_at = moment()
    prepared_at = moment(null=True)

    blob_state = one_of("state", BlobState)
    blob_refusal = one_of("refusal", RefusalWord)
    blob_refused_for = Check("(state = 'refused') = (refusal IS NOT NULL)")
    blob_ready_copy = Check("state <> 'ready' OR copy_sha256 IS NOT NULL")


class BlobUpload(Table, db=DB):
    """One person's declaration of a file and how much of it came.

    Each person sends their own bytes: to know a hash is no proof that one has the file. Whoever
    writes a chunk holds the row by `writer` until `writing_until`, in machine time.
    """

    id = key()
    sha256 = text(64)
    staff = to(Staff)
    size_bytes = whole()
    media_type = text(40)
    received_bytes = whole()
    state = text(10)
    declared_at = moment()
    expires_at = moment()
    writer = uuid(null=True)
    writing_until = moment(null=True)

    blob_upload_once = Unique([sha256, staff])
    blob_upload_state = one_of("state", UploadState)
    blob_upload_received = Check("received_bytes BETWEEN 0 AND size_bytes")


class EvidenceChain(Table, db=DB):
    """One subject: the end of its chain, and the place and seal that decide who reads it now.

    The items say what these were when each was attached.
    """

    subject_id = key()
    subject_kind = text(20)
    length = whole()
    head = text(64)
    grid = to(ServiceGrid, null=True, index=False)
    station = to(SupplyStation, null=True, index=False)
    sealed = yes_no()


class EvidenceItem(Table, db=DB):
    """A file proves something about a subject. Append-only; what changes later is in `blob`."""

    id = key()
    subject_kind = text(20)
    subject_id = uuid()
    position = whole()
    purpose = text(24)
    sha256 = text(64, index=True)
    grid = to(ServiceGrid, null=True, index=False)
    station = to(SupplyStation, null=True, index=False)
    sealed = yes_no()
    author = to(Staff, index=False)
    taken_at = moment(null=True)
    received_at = moment()
    lat = real(null=True)
    lon = real(null=True)
    accuracy_m = real(null=True)
    mock = yes_no()
    note = text(200, null=True)
    previous_hash = text(64)
    chain_hash = text(64)

    evidence_item_once = Unique([subject_id, sha256, purpose])
    evidence_item_position = Unique([subject_id, position])
    evidence_item_purpose = one_of("purpose", EvidencePurpose)


class NearDuplicate(Table, db=DB):
    """Two items of different subjects with (nearly) the same picture, the lesser id first."""

    id = key()
    first_item = to(EvidenceItem, index=False)
    second_item = to(EvidenceItem)
    distance = whole()
    found_at = moment()

    near_duplicate_once = Unique([first_item, second_item])
    near_duplicate_order = Check("first_item < second_item")


class EvidenceHidden(Table, db=DB):
    """Somebody from whom everything about a subject is hidden, whatever their post shows."""

    id = key()
    subject_id = uuid()
    staff = to(Staff)
    hidden_at = moment()

    evidence_hidden_once = Unique([subject_id, staff])


TABLES = (Blob, BlobUpload, EvidenceChain, EvidenceItem, NearDuplicate, EvidenceHidden)
