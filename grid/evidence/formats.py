"""Walks a file from its first byte to its last without decoding it: what is it, and only that?

A file is accepted when one of four formats accounts for every byte. What a second reader could take
for something else (an archive behind a photo, a page inside its comment) is refused, and so is what
ends too early. Decoders, where the dangerous bugs live, see only what passed here.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from grid.evidence.types import MediaType, RefusalWord

#: More segments or chunks than any camera writes.
_PARTS_MAX = 20_000
#: Progressive photos have about ten scans; hundreds would keep a decoder busy for minutes.
_SCANS_MAX = 32
#: Pictures that a phone hangs behind the photo (a preview, a depth map), and zeros after it.
_FOLLOWERS_MAX = 4
#: Blanks that writers of PDF leave behind the end mark.
_PDF_TAIL_MAX = 1024

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
#: The end record of an archive is looked for where readers of archives look for it.
_ZIP_END_REACH = 22 + 65_535
_MARKUP = re.compile(rb"<(?:!doctype|html|script|iframe|svg|body|\?php)[\s>/!]", re.IGNORECASE)
#: What a second reader would take for the start of a page or of a PDF.
_SECOND_START = re.compile(_MARKUP.pattern + rb"|%PDF-[0-9]", re.IGNORECASE)
_MARKUP_START = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<")
#: Inside the picture data of a JPEG: a marker that is neither a stuffed byte nor a restart.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class ContentRefused(Exception):
    """The content is not accepted; `word` says why."""

    def __init__(self, word: RefusalWord) -> None:
        super().__init__(word.value)
        self.word = word


class Picture(NamedTuple):
    """What a file is, and its size in pixels (0 by 0 for a PDF)."""

    media_type: MediaType
    width_px: int
    height_px: int


def walk(content: bytes) -> Picture:
    """The format that accounts for the whole content. Raises ContentRefused."""
    if not content:
        raise ContentRefused(RefusalWord.EMPTY)
    try:
        found = _walk_known(content)
    except (IndexError, ValueError):
        # A length that points behind the end.
        raise ContentRefused(RefusalWord.TRUNCATED) from None
    if _holds_archive(content):
        raise ContentRefused(RefusalWord.HIDDEN_CONTENT)
    return found


def _walk_known(content: bytes) -> Picture:
    if content.startswith(_JPEG):
        return _walk_jpegs(content)
    if content.startswith(_PNG):
        return _walk_png(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _walk_webp(content)
    if content.startswith(b"%PDF-"):
        return _walk_pdf(content)
    if content.startswith(b"PK"):
        raise ContentRefused(RefusalWord.ARCHIVE)
    if _MARKUP_START.match(content[:1024]) or _MARKUP.search(content[:1024]):
        raise ContentRefused(RefusalWord.MARKUP)
    raise ContentRefused(RefusalWord.UNKNOWN_FORMAT)


def _walk_jpegs(content: bytes) -> Picture:
    """The photo, then the small ones that phones hang behind it, then nothing but zeros."""
    found, end = _walk_jpeg(content, 0)
    for _ in range(_FOLLOWERS_MAX):
        if not content.startswith(_JPEG, end):
            break
        follower, end = _walk_jpeg(content, end)
        if follower.width_px * follower.height_px > found.width_px * found.height_px:
            raise ContentRefused(RefusalWord.HIDDEN_CONTENT)
    if content[end:].strip(b"\x00"):
        raise ContentRefused(RefusalWord.HIDDEN_CONTENT)
    return found


def _walk_jpeg(content: bytes, start: int) -> tuple[Picture, int]:
    """One JPEG from its start; its size and where it ends. Raises IndexError behind the end."""
    width = height = scans = 0
    at = start + 2
    for _ in range(_PARTS_MAX):
        if content[at] != 0xFF:
            raise ContentRefused(RefusalWord.BROKEN)
        while content[at + 1] == 0xFF:
            at += 1
        marker = content[at + 1]
        at += 2
        if marker == 0xD9:
            return Picture(MediaType.JPEG, width, height), at
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        length = int.from_bytes(content[at : at + 2], "big")
        body = content[at + 2 : at + length]
        if length < 2 or len(body) != length - 2:
            raise ContentRefused(RefusalWord.TRUNCATED)
        at += length
        if marker in _JPEG_FRAMES:
            if width:
                # Which of two sizes a decoder believes is its own affair.
                raise ContentRefused(RefusalWord.BROKEN)
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        elif marker == 0xFE or 0xE0 <= marker <= 0xEF:
            _refuse_second_start(body)
        elif marker == 0xDA:
            scans += 1
            following = _NEXT_MARKER.search(content, at)
            if following is None:
                raise ContentRefused(RefusalWord.TRUNCATED)
            at = following.start()
            if scans > _SCANS_MAX:
                raise ContentRefused(RefusalWord.BROKEN)
    raise ContentRefused(RefusalWord.BROKEN)


def _walk_png(content: bytes) -> Picture:
    width = height = 0
    for kind, body, end in _chunks(content, len(_PNG), "big"):
        if (kind == b"IHDR") != (width == 0):
            raise ContentRefused(RefusalWord.BROKEN)
        if kind == b"IHDR":
            width, height = int.from_bytes(body[0:4], "big"), int.from_bytes(body[4:8], "big")
        elif kind == b"acTL":
            raise ContentRefused(RefusalWord.ANIMATED)
        elif kind == b"IEND":
            if end != len(content):
                raise ContentRefused(RefusalWord.HIDDEN_CONTENT)
            return Picture(MediaType.PNG, width, height)
        elif kind != b"IDAT":
            _refuse_second_start(body)
    raise ContentRefused(RefusalWord.TRUNCATED)


def _walk_webp(content: bytes) -> Picture:
    size = int.from_bytes(content[4:8], "little") + 8
    if size > len(content):
        raise ContentRefused(RefusalWord.TRUNCATED)
    if size < len(content):
        raise ContentRefused(RefusalWord.HIDDEN_CONTENT)
    width = height = 0
    for kind, body, _ in _chunks(content, 12, "little"):
        if kind in {b"ANIM", b"ANMF"} or (kind == b"VP8X" and body[0] & 2):
            raise ContentRefused(RefusalWord.ANIMATED)
        shown = _webp_size(kind, body)
        width, height = max(width, shown[0]), max(height, shown[1])
        if kind not in {b"VP8 ", b"VP8L", b"ALPH"}:
            _refuse_second_start(body)
    return Picture(MediaType.WEBP, width, height)


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    """The pixels that one chunk of a WebP speaks of; (0, 0) for the others."""
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8 ":
        width, height = body[6:8], body[8:10]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0


def _chunks(content: bytes, start: int, order: str) -> Iterator[tuple[bytes, bytes, int]]:
    """(kind, body, end) of each chunk of a PNG (`big`: length first, checksum last) or a WebP."""
    at = start
    for _ in range(_PARTS_MAX):
        if at == len(content):
            return
        head = content[at : at + 8]
        is_png = order == "big"
        length = int.from_bytes(head[:4], "big") if is_png else int.from_bytes(head[4:], "little")
        body = content[at + 8 : at + 8 + length]
        at += 8 + length + (4 if is_png else length & 1)
        if len(head) < 8 or len(body) != length or at > len(content):
            raise ContentRefused(RefusalWord.TRUNCATED)
        yield (head[4:] if is_png else head[:4]), body, at
    raise ContentRefused(RefusalWord.BROKEN)


def _walk_pdf(content: bytes) -> Picture:
    end = content.rfind(b"%%EOF")
    if end < 0:
        raise ContentRefused(RefusalWord.TRUNCATED)
    tail = content[end + 5 :]
    if len(tail) > _PDF_TAIL_MAX or tail.strip(b"\x00\t\n\x0c\r "):
        raise ContentRefused(RefusalWord.HIDDEN_CONTENT)
    _refuse_second_start(content[5:1024])
    return Picture(MediaType.PDF, 0, 0)


def _refuse_second_start(body: bytes) -> None:
    if _SECOND_START.search(body):
        raise ContentRefused(RefusalWord.HIDDEN_CONTENT)


def _holds_archive(content: bytes) -> bool:
    """Whether a reader of archives, who begins at the end, would open it."""
    end = content.rfind(_ZIP_END, max(0, len(content) - _ZIP_END_REACH))
    if end < 0:
        return False
    length = int.from_bytes(content[end + 12 : end + 16], "little")
    return length > 0 and content[max(0, end - length) : end].startswith(_ZIP_ENTRY)
