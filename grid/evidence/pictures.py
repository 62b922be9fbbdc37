"""Makes of an original what others may see: a copy without its inner facts, a thumbnail, a hash.

Decoders run here only, in the worker. What comes in was walked before (`formats`), so its size in
pixels is known; Pillow's own guard stands behind that.
"""

import hashlib
import io
import struct
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from PIL import ExifTags, Image, ImageOps

from grid.evidence.formats import ContentRefused
from grid.evidence.types import RefusalWord
from grid.kit.clock import SHANGHAI

#: The longer side of the copy, and of the thumbnail at first, in pixels.
COPY_MAX_PX, THUMB_MAX_PX = 2048, 320
THUMB_MAX_BYTES = 12 * 1024
_COPY_QUALITY = 82
#: Tried one after the other until the thumbnail is small enough; the last one always is.
_THUMB_TRIES = ((1.0, 70), (1.0, 45), (0.7, 45), (0.5, 35), (0.25, 30))
#: Pillow warns above this and refuses above twice this: the most that the setting may be.
Image.MAX_IMAGE_PIXELS = 50_000_000
warnings.simplefilter("error", Image.DecompressionBombWarning)
_FORMATS = ("JPEG", "PNG", "WEBP")
#: Broken inner facts make Pillow raise all of these; a photo without facts is still a photo.
_FACT_FAULTS = (
    *(ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, OverflowError),
    *(AttributeError, SyntaxError, struct.error, OSError, UserWarning),
)


class Made(NamedTuple):
    """A picture that was made: its bytes and their hash."""

    content: bytes
    sha256: str


class ExifFacts(NamedTuple):
    """What an original says of itself; a claim like any other."""

    taken_at: datetime | None
    lat: float | None
    lon: float | None


class Prepared(NamedTuple):
    """What others may see of a picture, and what it is compared by (64 bits)."""

    copy: Made
    thumb: Made
    difference_hash: int
    exif: ExifFacts


def prepare(content: bytes, pixels_max: int) -> Prepared:
    """Decode once and make everything; a second or so for a large photo. Raises ContentRefused."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            return _prepare(opened, pixels_max)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ContentRefused(RefusalWord.TOO_MANY_PIXELS) from None
    except (OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError):
        raise ContentRefused(RefusalWord.BROKEN) from None


def _prepare(opened: Image.Image, pixels_max: int) -> Prepared:
    if opened.width * opened.height > pixels_max:
        raise ContentRefused(RefusalWord.TOO_MANY_PIXELS)
    exif = exif_facts(opened)
    # A JPEG is decoded at half or a quarter where that is still more than the copy needs.
    opened.draft("RGB", (COPY_MAX_PX, COPY_MAX_PX))
    opened.load()
    upright = _upright(opened)
    seen = _flat(_bounded(upright, COPY_MAX_PX))
    return Prepared(
        copy=_made(seen, _COPY_QUALITY),
        thumb=_thumb(seen),
        difference_hash=difference_hash(seen),
        exif=exif,
    )


def difference_hash(picture: Image.Image) -> int:
    """64 bits: in each of 8 rows, which of 9 grey cells is brighter than its right neighbour."""
    cells = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (cells[at] > cells[at + 1])
    return bits


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as the camera was held, for the copy will not say how."""
    try:
        return ImageOps.exif_transpose(picture)
    except _FACT_FAULTS:
        return picture


def _bounded(picture: Image.Image, longest_px: int) -> Image.Image:
    if max(picture.size) > longest_px:
        picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return picture


def _flat(picture: Image.Image) -> Image.Image:
    """In plain RGB; what was transparent is white."""
    if picture.has_transparency_data:
        shown = picture.convert("RGBA")
        ground = Image.new("RGB", shown.size, "white")
        ground.paste(shown, mask=shown.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _thumb(picture: Image.Image) -> Made:
    """A thumbnail of at most THUMB_MAX_BYTES."""
    for share, quality in _THUMB_TRIES:
        small = picture.copy()
        small.thumbnail((int(THUMB_MAX_PX * share),) * 2, Image.Resampling.LANCZOS)
        made = _made(small, quality)
        if len(made.content) <= THUMB_MAX_BYTES:
            break
    return made


def _made(picture: Image.Image, quality: int) -> Made:
    """The picture as a JPEG that holds pixels and nothing else."""
    written = io.BytesIO()
    plain = Image.new("RGB", picture.size)
    plain.paste(picture)
    plain.save(written, "JPEG", quality=quality, optimize=True)
    content = written.getvalue()
    return Made(content, hashlib.sha256(content).hexdigest())


def exif_facts(picture: Image.Image) -> ExifFacts:
    """Time and place that the camera wrote; None for what is missing or makes no sense."""
    try:
        exif = picture.getexif()
        camera = exif.get_ifd(ExifTags.IFD.Exif)
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except _FACT_FAULTS:
        return ExifFacts(None, None, None)
    lat, lon = _degrees(place, 2, "S", 90.0), _degrees(place, 4, "W", 180.0)
    if lat is None or lon is None:
        lat = lon = None
    return ExifFacts(_taken_at(camera), lat, lon)


def _taken_at(camera: Mapping[int, Any]) -> datetime | None:
    """The moment of the shot; a camera that names no zone means the company's."""
    try:
        moment = datetime.strptime(
            str(camera[ExifTags.Base.DateTimeOriginal]).strip("\x00 "), "%Y:%m:%d %H:%M:%S"
        )
        zone = str(camera.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\x00 ")
        if zone:
            return datetime.fromisoformat(f"{moment.isoformat()}{zone}").astimezone(UTC)
        return moment.replace(tzinfo=SHANGHAI).astimezone(UTC)
    except _FACT_FAULTS:
        return None


def _degrees(place: Mapping[int, Any], tag: int, minus: str, most: float) -> float | None:
    """Degrees of one coordinate (`tag`, its sign in the tag before), WGS-84."""
    try:
        parts = [float(part) for part in place[tag]]
        degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
        if str(place[tag - 1]).strip("\x00 ").upper() == minus:
            degrees = -degrees
    except _FACT_FAULTS:
        return None
    return degrees if abs(degrees) <= most else None
