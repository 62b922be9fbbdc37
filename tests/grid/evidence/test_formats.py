"""What a file is, by its content alone; everything that pretends is refused with a clear word."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.evidence.formats import walk
from grid.evidence.rules import REFUSAL_WORDS, FileLimits, judge
from grid.evidence.types import MediaType, RefusalWord
from tests.grid.evidence.pictures import (
    archive,
    chunk,
    encoded,
    huge_png,
    pdf,
    photo,
    photo_with_place,
    scenery,
    signature,
    with_comment,
)

LIMITS = FileLimits(picture_bytes=1_000_000, file_bytes=2_000_000, pixels=24_000_000)
PHOTO = photo(1)
SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
HTML = b"<!DOCTYPE html><html><body>x</body></html>"

GOOD = {
    "jpeg": (PHOTO, MediaType.JPEG),
    "jpeg progressive": (photo(2, progressive=True), MediaType.JPEG),
    "jpeg grey": (encoded(scenery(3).convert("L")), MediaType.JPEG),
    "jpeg with exif": (photo_with_place(4), MediaType.JPEG),
    "jpeg with zeros behind": (PHOTO + bytes(100), MediaType.JPEG),
    "jpeg with a preview behind": (
        PHOTO + encoded(scenery(1, (64, 48))),
        MediaType.JPEG,
    ),
    "webp lossy": (photo(5, "WEBP"), MediaType.WEBP),
    "webp lossless": (encoded(scenery(6, (80, 60)), "WEBP", lossless=True), MediaType.WEBP),
    "webp with exif": (photo(7, "WEBP", exif=b"Exif\x00\x00II*\x00"), MediaType.WEBP),
    "png": (encoded(scenery(8, (90, 60)), "PNG"), MediaType.PNG),
    "signature": (signature(), MediaType.PNG),
    "pdf": (pdf(), MediaType.PDF),
}

BAD = {
    "nothing": (b"", RefusalWord.EMPTY),
    "noise": (random.Random(1).randbytes(500), RefusalWord.UNKNOWN_FORMAT),
    "gif": (encoded(scenery(1, (20, 20)), "GIF"), RefusalWord.UNKNOWN_FORMAT),
    "svg": (SVG, RefusalWord.MARKUP),
    "svg behind a declaration": (b'<?xml version="1.0"?>' + SVG, RefusalWord.MARKUP),
    "svg behind a mark and blanks": (b"\xef\xbb\xbf \n" + SVG, RefusalWord.MARKUP),
    "html": (HTML, RefusalWord.MARKUP),
    "html behind words": (b"GIF89a/*" + HTML, RefusalWord.MARKUP),
    "docx": (archive(), RefusalWord.ARCHIVE),
    "jpeg and zip": (PHOTO + archive(), RefusalWord.HIDDEN_CONTENT),
    "jpeg and html": (PHOTO + HTML, RefusalWord.HIDDEN_CONTENT),
    "jpeg and a second, larger one": (
        encoded(scenery(1, (64, 48))) + PHOTO,
        RefusalWord.HIDDEN_CONTENT,
    ),
    "jpeg with a script inside": (with_comment(PHOTO, SCRIPT), RefusalWord.HIDDEN_CONTENT),
    "jpeg with a pdf inside": (with_comment(PHOTO, b"%PDF-1.4"), RefusalWord.HIDDEN_CONTENT),
    "jpeg and pdf": (PHOTO + pdf(), RefusalWord.HIDDEN_CONTENT),
    "png and zip": (GOOD["png"][0] + archive(), RefusalWord.HIDDEN_CONTENT),
    "png with html inside": (
        GOOD["png"][0][:33] + chunk(b"tEXt", b"Comment\x00" + HTML) + GOOD["png"][0][33:],
        RefusalWord.HIDDEN_CONTENT,
    ),
    "png with zip inside": (
        GOOD["png"][0][:-12] + chunk(b"zzZz", archive()) + chunk(b"IEND", b""),
        RefusalWord.HIDDEN_CONTENT,
    ),
    "webp and zip": (GOOD["webp lossy"][0] + archive(), RefusalWord.HIDDEN_CONTENT),
    "pdf and zip": (pdf() + archive(), RefusalWord.HIDDEN_CONTENT),
    "pdf with html at its start": (pdf(HTML), RefusalWord.HIDDEN_CONTENT),
    "pdf behind html": (HTML + pdf(), RefusalWord.MARKUP),
    "pdf behind words": (b"hello " + pdf(), RefusalWord.UNKNOWN_FORMAT),
    "pdf without an end": (pdf()[:-8], RefusalWord.TRUNCATED),
    "jpeg cut": (PHOTO[:-2], RefusalWord.TRUNCATED),
    "jpeg cut in its head": (PHOTO[:30], RefusalWord.TRUNCATED),
    "png cut": (GOOD["png"][0][:-6], RefusalWord.TRUNCATED),
    "png cut between chunks": (GOOD["png"][0][:-12], RefusalWord.TRUNCATED),
    "webp cut": (GOOD["webp lossy"][0][:-5], RefusalWord.TRUNCATED),
    "webp moving": (
        encoded(scenery(1, (20, 20)), "WEBP", save_all=True, append_images=[scenery(2, (20, 20))]),
        RefusalWord.ANIMATED,
    ),
    "png moving": (
        encoded(scenery(1, (20, 20)), "PNG", save_all=True, append_images=[scenery(2, (20, 20))]),
        RefusalWord.ANIMATED,
    ),
    "png bomb": (huge_png(30_000, 30_000), RefusalWord.TOO_MANY_PIXELS),
    "png without size": (huge_png(0, 5), RefusalWord.BROKEN),
    "jpeg bomb": (
        encoded(scenery(1, (16, 16))).replace(struct.pack(">HH", 16, 16), b"\xff\xfe\xff\xfe", 1),
        RefusalWord.TOO_MANY_PIXELS,
    ),
    "png of two sizes": (
        huge_png(8, 8)[:33] + huge_png(9000, 9000)[8:],
        RefusalWord.BROKEN,
    ),
    "png without a head": (GOOD["png"][0][:8] + GOOD["png"][0][33:], RefusalWord.BROKEN),
    "jpeg of two sizes": (
        PHOTO[: PHOTO.index(b"\xff\xc0")]
        + PHOTO[PHOTO.index(b"\xff\xc0") :][:19]
        + PHOTO[PHOTO.index(b"\xff\xc0") :],
        RefusalWord.BROKEN,
    ),
    "picture too large": (PHOTO + bytes(1_000_000), RefusalWord.TOO_LARGE),
    "pdf too large": (pdf(b"%" * 2_000_000 + b"\n"), RefusalWord.TOO_LARGE),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_phones_and_scanners_send_is_accepted(name: str) -> None:
    content, media_type = GOOD[name]
    verdict = judge(content, LIMITS)
    assert (verdict.refusal, verdict.media_type) == (None, media_type)


@pytest.mark.parametrize("name", BAD)
def test_what_pretends_is_refused_with_a_word(name: str) -> None:
    content, word = BAD[name]
    verdict = judge(content, LIMITS)
    assert verdict.refusal is word
    assert verdict.media_type is None
    assert REFUSAL_WORDS[word]


def test_the_size_in_pixels_is_read_from_every_format() -> None:
    for kind, more in (("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": True})):
        found = walk(encoded(scenery(9, (123, 45)), kind, **more))
        assert (found.width_px, found.height_px) == (123, 45), (kind, more)
    with_more = photo(7, "WEBP", exif=b"Exif\x00\x00II*\x00")
    assert (walk(with_more).width_px, walk(with_more).height_px) == (640, 480)


def test_a_photo_that_would_keep_a_decoder_busy_is_refused() -> None:
    scan = photo(1, progressive=True)
    start, end = scan.rindex(b"\xff\xda"), scan.rindex(b"\xff\xd9")
    many = scan[:end] + scan[start:end] * 40 + scan[end:]
    assert judge(many, LIMITS).refusal is RefusalWord.BROKEN


def test_every_word_has_a_sentence() -> None:
    assert set(REFUSAL_WORDS) == set(RefusalWord)


@given(
    st.sampled_from([content for content, _ in GOOD.values() if len(content) < 40_000]),
    st.data(),
)
def test_any_cut_and_any_flipped_byte_gets_a_verdict(content: bytes, data: st.DataObject) -> None:
    """Never an exception, and never a photo whose end is missing (but zeros behind an end)."""
    cut = data.draw(st.integers(0, len(content) - 1))
    verdict = judge(content[:cut], LIMITS)
    if verdict.refusal is None:
        assert not content[cut:].strip(b"\x00\n")
    at, byte = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 255))
    judge(content[:at] + bytes([byte]) + content[at + 1 :], LIMITS)
