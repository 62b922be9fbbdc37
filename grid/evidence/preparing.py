"""Makes what others may see of a file, and finds pictures that were used before."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from asyncpg import Record

from grid.evidence import policies
from grid.evidence.formats import ContentRefused
from grid.evidence.pictures import Prepared, prepare
from grid.evidence.rules import ALIKE_BY_NATURE, SHARED, band_probes, is_telling, signed
from grid.evidence.store import store
from grid.evidence.types import (
    BlobPrepared,
    BlobState,
    MediaType,
    NearDuplicateFound,
    RefusalWord,
)
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say, say_all

#: A picture that takes longer has failed; it is tried again when there is less to do.
PREPARE_LIMIT_S = 5.0
#: At most two at once in a process: each may hold a hundred megabytes of pixels.
_DECODERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="decoder")
#: Most pairs that one picture may make in one search; the nearest first.
PAIRS_MAX = 50


async def prepare_blob(sha256: str, limit_s: float = PREPARE_LIMIT_S) -> None:
    """Make copy, thumbnail and difference hash of a stored file, once; say BlobPrepared.

    A picture that cannot be decoded becomes `refused` and its original stays for those who may
    read originals. Raises TimeoutError, FileNotFoundError and StorageFull: try again later.
    """
    row = await fetch_one(
        "SELECT media_type FROM blob WHERE sha256 = $1 AND state = 'stored'", sha256
    )
    if row is None:
        return
    content = await store().load(sha256)
    if content is None:
        raise FileNotFoundError(f"the store does not hold {sha256}")
    now = await business_now()
    if row["media_type"] == MediaType.PDF:
        # There is nothing to make of it: everybody in reach sees the file itself.
        changes: dict[str, Any] = {
            "state": BlobState.READY.value,
            "copy_sha256": sha256,
            "copy_bytes": len(content),
            "copy_media_type": row["media_type"],
        }
    else:
        pixels_max = (await policies.file_limits(now)).pixels
        changes = await _pictures_of(content, pixels_max, limit_s)
    await _write_down(sha256, {**changes, "prepared_at": now})


async def _pictures_of(content: bytes, pixels_max: int, limit_s: float) -> dict[str, Any]:
    """What is written down of a picture after its copy and its thumbnail are in the store."""
    try:
        made = await _decoded(content, pixels_max, limit_s)
    except ContentRefused as refused:
        return {"state": BlobState.REFUSED.value, "refusal": refused.word.value}
    for picture in (made.copy, made.thumb):
        await store().put(picture.sha256, picture.content)
    return {
        "state": BlobState.READY.value,
        "copy_sha256": made.copy.sha256,
        "copy_bytes": len(made.copy.content),
        "copy_media_type": MediaType.JPEG.value,
        "thumb_sha256": made.thumb.sha256,
        "thumb_bytes": len(made.thumb.content),
        "difference_hash": signed(made.difference_hash),
        "exif_taken_at": made.exif.taken_at,
        "exif_lat": made.exif.lat,
        "exif_lon": made.exif.lon,
    }


async def _decoded(content: bytes, pixels_max: int, limit_s: float) -> Prepared:
    """Decode in a thread. Raises ContentRefused, TimeoutError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit_s):
            return await loop.run_in_executor(_DECODERS, prepare, content, pixels_max)
    except MemoryError:
        raise ContentRefused(RefusalWord.TOO_MANY_PIXELS) from None


async def _write_down(sha256: str, changes: dict[str, Any]) -> None:
    """Claim the outcome by the state; whoever comes second says nothing."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, 2))
    async with transaction():
        changed = await execute(
            f"UPDATE blob SET {columns}"  # noqa: S608 - names of our own columns
            " WHERE sha256 = $1 AND state = 'stored'",
            sha256,
            *changes.values(),
        )
        if changed and changes["state"] == BlobState.READY:
            await say(BlobPrepared(sha256=sha256))


async def flag_near_duplicates(sha256: str) -> int:
    """Pair the items of a picture with items of other subjects that show (nearly) the same.

    Says NearDuplicateFound once for each new pair; returns how many there were. Whichever of two
    pictures is known last finds the other, so it runs for every prepared file and attached item.
    """
    known = await fetch_one("SELECT difference_hash FROM blob WHERE sha256 = $1", sha256)
    if known is None or known["difference_hash"] is None:
        return 0
    bits = await policies.alike_bits(await business_now())
    async with transaction():
        pairs = await _pairs(sha256, known["difference_hash"], bits)
        await say_all([_found(pair) for pair in pairs])
    return len(pairs)


async def _pairs(sha256: str, difference_hash: int, bits: int) -> list[Record]:
    """Write down new pairs of items and return them.

    The same bytes are alike at once; other pictures when their hashes differ in few enough bits,
    which the four indexes by band narrow down first (`rules.band_probes`), unless the hash or the
    purpose tells nothing.
    """
    probes = band_probes(difference_hash) if is_telling(difference_hash) else [[], [], [], []]
    bands = " OR ".join(
        f"((b.difference_hash >> {band * 16}) & 65535) = ANY(${band + 4}::bigint[])"
        for band in range(4)
    )
    found = await fetch(
        "WITH alike AS (SELECT b.sha256,"  # noqa: S608 - only numbers of our own are put in
        " bit_count((b.difference_hash # $2::bigint)::bit(64))::int AS distance"
        f" FROM blob b WHERE b.difference_hash IS NOT NULL AND b.sha256 <> $1 AND ({bands})"
        " AND bit_count((b.difference_hash # $2::bigint)::bit(64)) <= $3"
        " UNION ALL SELECT $1::varchar, 0)"
        " SELECT DISTINCT least(m.id, o.id) AS first_id, greatest(m.id, o.id) AS second_id,"
        " alike.distance FROM evidence_item m CROSS JOIN alike"
        " JOIN evidence_item o ON o.sha256 = alike.sha256 AND o.subject_id <> m.subject_id"
        " WHERE m.sha256 = $1 AND NOT m.purpose = ANY($8::varchar[])"
        " AND NOT o.purpose = ANY($8::varchar[]) AND (alike.sha256 = $1"
        " OR NOT (m.purpose = ANY($9::varchar[]) OR o.purpose = ANY($9::varchar[])))"
        " AND NOT EXISTS (SELECT FROM near_duplicate n WHERE n.first_item = least(m.id, o.id)"
        " AND n.second_item = greatest(m.id, o.id))"
        " ORDER BY alike.distance, 1, 2 LIMIT $10",
        sha256,
        difference_hash,
        bits,
        *probes,
        [purpose.value for purpose in SHARED],
        [purpose.value for purpose in ALIKE_BY_NATURE],
        PAIRS_MAX,
    )
    return await _write_pairs(found)


async def _write_pairs(found: list[Record]) -> list[Record]:
    """Insert pairs that nobody wrote meanwhile; returns those with the subjects of both items."""
    ids: list[UUID] = [new_id() for _ in found]
    return await fetch(
        "WITH fresh AS (INSERT INTO near_duplicate (id, first_item, second_item, distance,"
        " found_at) SELECT p.id, p.first_id, p.second_id, p.distance, $5 FROM"
        " unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[])"
        " AS p(id, first_id, second_id, distance)"
        " ON CONFLICT (first_item, second_item) DO NOTHING"
        " RETURNING first_item, second_item, distance)"
        " SELECT fresh.*, f.subject_kind AS first_kind, f.subject_id AS first_subject,"
        " s.subject_kind AS second_kind, s.subject_id AS second_subject FROM fresh"
        " JOIN evidence_item f ON f.id = fresh.first_item"
        " JOIN evidence_item s ON s.id = fresh.second_item",
        ids,
        [row["first_id"] for row in found],
        [row["second_id"] for row in found],
        [row["distance"] for row in found],
        await business_now(),
    )


def _found(pair: Record) -> NearDuplicateFound:
    return NearDuplicateFound(
        first_id=pair["first_item"],
        first_subject_kind=pair["first_kind"],
        first_subject_id=pair["first_subject"],
        second_id=pair["second_item"],
        second_subject_kind=pair["second_kind"],
        second_subject_id=pair["second_subject"],
        distance=pair["distance"],
    )
