"""The company's limits on files: how large, how long they may take, how alike is alike."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.evidence.rules import FileLimits
from grid.kit.dated_settings import define, value_at, values_at

_COMPANY = "公司规定,待县公司确认"

PHOTO_MB = define("evidence_photo_megabytes", low=1, high=20, seed=10, source=_COMPANY)
FILE_MB = define("evidence_file_megabytes", low=1, high=50, seed=20, source=_COMPANY)
PIXELS_MILLION = define("evidence_pixels_million", low=1, high=50, seed=24, source=_COMPANY)
KEEP_PARTIAL_DAYS = define("evidence_partial_days", low=30, high=400, seed=30, source=_COMPANY)
OPEN_UPLOADS = define("evidence_open_uploads", low=10, high=5000, seed=500, source=_COMPANY)
#: Beyond seven bits the search by bands would miss pairs (`rules.band_probes`).
ALIKE_BITS = define("evidence_alike_bits", low=0, high=7, seed=6, source=_COMPANY)


async def file_limits(at: datetime) -> FileLimits:
    """What a file may hold at most at a moment; a megabyte is a million bytes."""
    found = await values_at([PHOTO_MB, FILE_MB, PIXELS_MILLION], at)
    return FileLimits(
        picture_bytes=found[PHOTO_MB] * 1_000_000,
        file_bytes=found[FILE_MB] * 1_000_000,
        pixels=found[PIXELS_MILLION] * 1_000_000,
    )


class UploadLimits(NamedTuple):
    """How long an unfinished upload is kept, and how many one person may have open."""

    keep: timedelta
    open_uploads: int


async def upload_limits(at: datetime) -> UploadLimits:
    """The limits of uploads in force at a moment."""
    found = await values_at([KEEP_PARTIAL_DAYS, OPEN_UPLOADS], at)
    return UploadLimits(timedelta(days=found[KEEP_PARTIAL_DAYS]), found[OPEN_UPLOADS])


async def alike_bits(at: datetime) -> int:
    """How many of 64 bits two pictures may differ in and still be flagged as alike."""
    return await value_at(ALIKE_BITS, at)
