"""Copies say nothing but what is to be seen; alike pictures have hashes that are near."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from grid.evidence.formats import ContentRefused
from grid.evidence.pictures import (
    COPY_MAX_PX,
    THUMB_MAX_BYTES,
    ExifFacts,
    Prepared,
    difference_hash,
    prepare,
)
from grid.evidence.rules import band_probes, is_telling, signed
from grid.evidence.types import RefusalWord
from tests.grid.evidence.pictures import (
    encoded,
    huge_png,
    photo,
    photo_with_place,
    scenery,
    signature,
)

PIXELS = 24_000_000


def made(content: bytes) -> Prepared:
    return prepare(content, PIXELS)


def apart(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def test_the_copy_holds_no_inner_facts_and_the_facts_stand_beside() -> None:
    original = photo_with_place(1)
    assert b"secret words" in original
    prepared = made(original)
    for content in (prepared.copy.content, prepared.thumb.content):
        assert b"secret words" not in content
        assert b"Exif" not in content
        with Image.open(io.BytesIO(content)) as opened:
            assert (opened.format, dict(opened.getexif())) == ("JPEG", {})
    taken_at, lat, lon = prepared.exif
    assert taken_at == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
    assert (lat, lon) == (pytest.approx(29.89), pytest.approx(110.03))


def test_the_copy_is_bounded_and_the_thumbnail_small() -> None:
    large = encoded(scenery(2, (3000, 2200)), quality=95)
    prepared = made(large)
    with Image.open(io.BytesIO(prepared.copy.content)) as copy:
        assert max(copy.size) == COPY_MAX_PX
        assert copy.size[0] / copy.size[1] == pytest.approx(3000 / 2200, abs=0.01)
    assert len(prepared.thumb.content) <= THUMB_MAX_BYTES
    with Image.open(io.BytesIO(prepared.thumb.content)) as thumb:
        assert 80 <= max(thumb.size) <= 320


def test_noise_still_gives_a_small_thumbnail() -> None:
    noise = Image.effect_noise((1200, 1200), 120).convert("RGB")
    assert len(made(encoded(noise, quality=95)).thumb.content) <= THUMB_MAX_BYTES


def test_a_photo_held_upright_is_seen_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(made(encoded(scenery(3), exif=exif)).copy.content)) as copy:
        assert copy.size == (480, 640)


def test_a_signature_stands_on_white() -> None:
    with Image.open(io.BytesIO(made(signature()).copy.content)) as copy:
        corner = copy.convert("RGB").getpixel((0, 0))
    assert corner == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "1", "LA", "I;16"])
def test_pictures_of_other_kinds_become_plain_ones(mode: str) -> None:
    picture = scenery(4, (64, 48))
    kind = "JPEG" if mode == "CMYK" else "PNG"
    content = encoded(
        picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode), kind
    )
    with Image.open(io.BytesIO(made(content).copy.content)) as copy:
        assert (copy.mode, copy.size) == ("RGB", (64, 48))


# Pillow warns of what this test breaks.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_broken_inner_facts_cost_the_facts_not_the_photo() -> None:
    whole = photo_with_place(5)
    start = whole.index(b"Exif\x00\x00") + 6
    for damage in (b"\xff" * 40, bytes(40), b"II*\x00\xff\xff\xff\x7f" + bytes(32)):
        broken = whole[:start] + damage + whole[start + len(damage) :]
        assert isinstance(made(broken).exif, ExifFacts)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "yesterday"
    exif.get_ifd(0x8825).update({1: "N", 2: (999.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)})
    assert made(encoded(scenery(5), exif=exif)).exif == ExifFacts(None, None, None)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (huge_png(9000, 9000), RefusalWord.TOO_MANY_PIXELS),
        (huge_png(20_000, 20_000), RefusalWord.TOO_MANY_PIXELS),
        (huge_png(7000, 5000), RefusalWord.TOO_MANY_PIXELS),
        (huge_png(700, 500), RefusalWord.BROKEN),
        (photo(1)[:4000], RefusalWord.BROKEN),
        (b"no picture at all", RefusalWord.BROKEN),
        (encoded(scenery(1, (9, 9)), "GIF"), RefusalWord.BROKEN),
    ],
)
def test_what_cannot_be_decoded_is_refused(content: bytes, word: RefusalWord) -> None:
    """Behind the walk over the formats stands the decoder with its own guard."""
    with pytest.raises(ContentRefused) as refused:
        prepare(content, PIXELS)
    assert refused.value.word is word


@pytest.mark.parametrize("seed", range(12))
def test_the_same_photo_again_is_near_and_another_is_far(seed: int) -> None:
    picture = scenery(seed)
    first = made(encoded(picture)).difference_hash
    wide, high = picture.size
    again = {
        "encoded anew": encoded(picture, quality=40),
        "other format": encoded(picture, "WEBP", quality=60),
        "smaller": encoded(picture.resize((400, 300))),
        "cropped": encoded(picture.crop((5, 4, wide - 5, high - 4)), quality=70),
        "brighter": encoded(picture.point(lambda level: min(255, level + 12))),
    }
    far = {name: apart(first, made(content).difference_hash) for name, content in again.items()}
    assert max(far.values()) <= 6, far
    assert apart(first, made(photo(seed + 100)).difference_hash) > 12


def test_an_even_picture_tells_nothing() -> None:
    for colour in ("black", "white", "gray"):
        assert not is_telling(difference_hash(Image.new("RGB", (50, 50), colour)))
    assert is_telling(difference_hash(scenery(1)))


hashes = st.integers(0, (1 << 64) - 1)


@given(hashes, st.sets(st.integers(0, 63), max_size=7))
def test_no_pair_within_seven_bits_escapes_the_bands(one: int, flipped: set[int]) -> None:
    other = one
    for bit in flipped:
        other ^= 1 << bit
    probes = band_probes(one)
    assert [len(set(band)) for band in probes] == [17] * 4
    bands = [(signed(other) >> band * 16) & 65535 for band in range(4)]
    assert any(value in probe for value, probe in zip(bands, probes, strict=True))


@given(hashes)
def test_a_hash_fits_into_a_bigint_and_comes_back(one: int) -> None:
    assert -(1 << 63) <= signed(one) < 1 << 63
    assert signed(one) & (1 << 64) - 1 == one
