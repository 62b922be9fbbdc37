"""Who is who in a demo station, and what they carry: near positions, photos, a filled-in form."""

import hashlib
import io
from typing import Any

from PIL import Image

from tests.journeys.station import Station

MINUTE, HOUR, DAY = 60, 3600, 86400


def with_role(station: Station, role: str, number: int = 0) -> str:
    """The employee number of a colleague with a post, whoever comes first in the list."""
    found = [one for one in station.facts["staff"] if role in one["roles"]]
    return str(found[number]["employee_no"])


def of_grid(station: Station, grid: str, role: str) -> str:
    """The employee number of who holds one of the three roles of a grid."""
    return next(
        str(one["employee_no"])
        for one in station.facts["staff"]
        if role in one["roles"] and grid in one["grids"]
    )


def near(place: dict[str, Any]) -> dict[str, Any]:
    """A position at a place, as a good phone gives it."""
    return {"lat": place["lat"], "lon": place["lon"], "accuracy_m": 12.0}


def photo(shade: int) -> bytes:
    """A small photo that looks like no other: a gradient turned by its shade."""
    picture = Image.radial_gradient("L").rotate(shade * 37 % 360).resize((640, 480))
    picture = Image.merge("RGB", (picture, picture.point(lambda p: (p * shade) % 256), picture))
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=80)
    return held.getvalue()


async def send_photo(station: Station, who: str, path: str, purpose: str, shade: int) -> None:
    """Declare a photo, send it in pieces, attach it to what `path` names."""
    body = photo(shade)
    digest = hashlib.sha256(body).hexdigest()
    item = {"sha256": digest, "bytes": len(body), "media_type": "image/jpeg"}
    told = await station.api(who, "POST", "/blobs", items=[item])
    if told["items"][0]["state"] == "need":
        await _send(station, who, digest, body)
    await station.api(who, "POST", f"{path}/evidence", sha256=digest, purpose=purpose)


async def _send(station: Station, who: str, digest: str, body: bytes, piece: int = 65536) -> None:
    for offset in range(0, len(body), piece):
        answer = await station.client.patch(
            f"{station.facts['base_url']}/api/v1/blobs/{digest}",
            headers={
                **await station.as_staff(who),
                "Upload-Offset": str(offset),
                "Content-Type": "application/octet-stream",
            },
            content=body[offset : offset + piece],
        )
        assert answer.is_success, answer.text


async def walk(
    station: Station, who: str, job: dict[str, Any], *verbs: str, **more: Any
) -> dict[str, Any]:
    """Take steps of a job one after another, at its place; gives the job as it is then."""
    for verb in verbs:
        job = await station.api(who, "GET", f"/work-orders/{job['id']}")
        body: dict[str, Any] = {"version": job["version"]}
        if verb == "arrive":
            body["position"] = near(job)
        if verb == "complete":
            body["resolution"] = "已处理"
        job = await station.api(who, "POST", f"/work-orders/{job['id']}/{verb}", **body, **more)
    return job


async def ticket_step(
    station: Station, who: str, ticket: dict[str, Any], verb: str, **body: Any
) -> dict[str, Any]:
    """One step of a ticket on its newest version, as this person reads it."""
    now = await station.api(who, "GET", f"/tickets/{ticket['id']}")
    path = f"/tickets/{ticket['id']}/{verb}"
    return dict(await station.api(who, "POST", path, version=now["version"], **body))


async def staff_id(station: Station, who: str) -> str:
    """The id of a colleague by employee number."""
    return str((await station.api(who, "GET", "/me"))["staff"]["id"])
