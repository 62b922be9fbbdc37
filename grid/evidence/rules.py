"""What is decided about files and items: is the content acceptable, do hashes fit, who may read."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from grid.evidence.formats import ContentRefused, Picture, walk
from grid.evidence.types import EvidencePurpose, MediaType, RefusalWord

#: What stands before the first item of every subject.
GENESIS = hashlib.sha256(b"wangge evidence").hexdigest()

#: Purposes that only a picture can serve; a PDF sent for one of them does not count.
PICTURES = frozenset(EvidencePurpose) - {
    EvidencePurpose.WORK_PERMIT,
    EvidencePurpose.DOCUMENT,
    EvidencePurpose.OTHER,
}
#: Purposes for which a second use of the same file is honest (a form, a price list).
SHARED = frozenset({EvidencePurpose.DOCUMENT})
#: Purposes whose pictures look alike by nature: only the very same bytes are worth a flag.
ALIKE_BY_NATURE = frozenset({EvidencePurpose.SIGNATURE, EvidencePurpose.LEAFLET_RECEIPT})

#: The words that people read for each reason.
REFUSAL_WORDS = {
    RefusalWord.EMPTY: "文件是空的",
    RefusalWord.UNKNOWN_FORMAT: "不支持这种文件,请上传 JPEG、WebP、PNG 图片或 PDF",
    RefusalWord.ARCHIVE: "不接受压缩包和 Office 文件,请上传图片或 PDF",
    RefusalWord.MARKUP: "不接受网页和矢量图,请上传 JPEG、WebP、PNG 图片或 PDF",
    RefusalWord.HIDDEN_CONTENT: "文件里夹带了别的内容,请重新拍照上传",
    RefusalWord.TOO_LARGE: "文件太大",
    RefusalWord.TOO_MANY_PIXELS: "图片像素太多,请降低拍照分辨率",
    RefusalWord.ANIMATED: "不接受动图,请上传照片",
    RefusalWord.TRUNCATED: "文件不完整,请重新拍照上传",
    RefusalWord.BROKEN: "图片已损坏,请重新拍照上传",
    RefusalWord.NOT_A_PICTURE: "这一项要用照片,不能用 PDF",
}

_BANDS, _BAND_BITS = 4, 16
_BAND_MASK = (1 << _BAND_BITS) - 1
#: A hash with fewer bits set, or unset, is that of a dark, white or even picture and tells nothing.
_TELLING_BITS = 10


class FileLimits(NamedTuple):
    """Most bytes of a picture and of another file, most pixels of a picture."""

    picture_bytes: int
    file_bytes: int
    pixels: int

    def bytes_for(self, media_type: MediaType) -> int:
        return self.file_bytes if media_type is MediaType.PDF else self.picture_bytes


class Verdict(NamedTuple):
    """What the content of a file is, or why it is not accepted."""

    media_type: MediaType | None
    width_px: int | None
    height_px: int | None
    refusal: RefusalWord | None


def judge(content: bytes, limits: FileLimits) -> Verdict:
    """Judge a whole file by its content alone; it may take tens of milliseconds for megabytes."""
    try:
        found = walk(content)
        _hold_against(found, len(content), limits)
    except ContentRefused as refused:
        return Verdict(None, None, None, refused.word)
    return Verdict(found.media_type, found.width_px, found.height_px, None)


def _hold_against(found: Picture, size_bytes: int, limits: FileLimits) -> None:
    if size_bytes > limits.bytes_for(found.media_type):
        raise ContentRefused(RefusalWord.TOO_LARGE)
    if found.media_type is MediaType.PDF:
        return
    if not found.width_px or not found.height_px:
        raise ContentRefused(RefusalWord.BROKEN)
    if found.width_px * found.height_px > limits.pixels:
        raise ContentRefused(RefusalWord.TOO_MANY_PIXELS)


class ChainedFacts(NamedTuple):
    """What an item's hash covers beside the hash before it: all that was stored of it."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    position: int
    purpose: str
    sha256: str
    grid: UUID | None
    station: UUID | None
    sealed: bool
    author: UUID
    taken_at: datetime | None
    received_at: datetime
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    mock: bool
    note: str | None


def facts_of(row: Mapping[str, object]) -> ChainedFacts:
    """The covered facts of a stored row."""
    return ChainedFacts(*(row[name] for name in ChainedFacts._fields))  # type: ignore[arg-type]


def chain_hash(previous: str, facts: ChainedFacts) -> str:
    """The hash of an item behind the item before it (SHA-256, hexadecimal)."""
    written = msgspec.json.encode([_as_stored(fact) for fact in facts])
    return hashlib.sha256(previous.encode() + written).hexdigest()


def _as_stored(fact: object) -> object:
    """A fact as it comes back from its column: times in UTC, places with a point."""
    if isinstance(fact, datetime):
        return fact.astimezone(UTC)
    if isinstance(fact, int) and not isinstance(fact, bool):
        return float(fact)
    return fact


def is_telling(difference_hash: int) -> bool:
    """Whether the picture has enough in it to be compared with others."""
    bits = (difference_hash & (1 << 64) - 1).bit_count()
    return _TELLING_BITS <= bits <= 64 - _TELLING_BITS


def band_probes(difference_hash: int) -> list[list[int]]:
    """For each of the four bands of 16 bits: its value and all values one bit away.

    Two hashes at most seven bits apart agree in some band but for one bit (were all four two bits
    apart, they would be eight apart), so looking these 68 values up in four indexes misses none.
    """
    bands = [difference_hash >> (band * _BAND_BITS) & _BAND_MASK for band in range(_BANDS)]
    return [[band, *(band ^ (1 << bit) for bit in range(_BAND_BITS))] for band in bands]


def signed(difference_hash: int) -> int:
    """The 64 bits as PostgreSQL's bigint holds them."""
    return difference_hash - (1 << 64) if difference_hash >> 63 else difference_hash
