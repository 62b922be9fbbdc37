"""Pictures like those of a phone, made from a seed; and files that only look like pictures."""

import io
import struct
import zipfile
import zlib
from typing import Any

import numpy
from PIL import Image, ImageFilter


def scenery(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Soft patches of light and dark with some grain: what photos have and test charts lack."""
    chance = numpy.random.default_rng(seed)
    coarse = chance.integers(0, 256, (10, 13, 3), dtype=numpy.uint8)
    soft = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    grain = chance.normal(0, 6, (size[1], size[0], 3))
    noisy = numpy.clip(numpy.asarray(soft, dtype=numpy.float64) + grain, 0, 255)
    return Image.fromarray(noisy.astype(numpy.uint8)).filter(ImageFilter.GaussianBlur(1))


def encoded(picture: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **more)
    return written.getvalue()


def photo(seed: int, kind: str = "JPEG", **more: Any) -> bytes:
    """A small photo of its own scenery."""
    return encoded(scenery(seed), kind, **more)


def photo_with_place(seed: int) -> bytes:
    """A photo whose camera wrote 2026-11-20 08:30 (no zone) and a place near 29.89 N, 110.03 E."""
    exif = Image.Exif()
    exif[0x010E] = "secret words of the camera"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 08:30:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (29.0, 53.0, 24.0), 3: "E", 4: (110.0, 1.0, 48.0)})
    return encoded(scenery(seed), exif=exif)


def signature() -> bytes:
    """A stroke on transparent ground, as a phone draws a signature."""
    ink = Image.new("RGBA", (400, 160), (0, 0, 0, 0))
    for x in range(20, 380):
        ink.putpixel((x, 40 + x * 7 % 80), (0, 0, 0, 255))
    return encoded(ink, "PNG")


def archive() -> bytes:
    """A zip with one file, as a .docx is."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("word/document.xml", "<w:document/>")
    return written.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is huge, with too little data behind it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def pdf(body: bytes = b"") -> bytes:
    """As little of a PDF as there can be."""
    return (
        b"%PDF-1.4\n" + body + b"1 0 obj<</Type/Catalog>>endobj\n"
        b"trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
    )


def with_comment(content: bytes, words: bytes) -> bytes:
    """A JPEG with a comment right behind its start."""
    return content[:2] + b"\xff\xfe" + struct.pack(">H", len(words) + 2) + words + content[2:]
