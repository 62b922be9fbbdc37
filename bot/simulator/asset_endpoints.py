"""Files, the menu and QR codes."""

import io
from typing import Any

import segno
from litestar import Response
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException

from bot.simulator.errors import PlatformError
from bot.simulator.gate import AnyRequest, Endpoint, read_json
from bot.simulator.media import LARGEST_BYTES
from bot.simulator.menus import check_menu
from bot.simulator.scenes import Scene
from bot.simulator.world import World

LARGEST_EXPIRY_S = 2_592_000
DEFAULT_EXPIRY_S = 60
SCENE_CHARACTERS = 64
LARGEST_TEMPORARY_SCENE = 2**32 - 1
LARGEST_PERMANENT_SCENE = 100_000


async def media_upload(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST media/upload?type=: multipart with one file named `media`."""
    kind = request.query_params.get("type", "")
    if kind not in LARGEST_BYTES:
        raise PlatformError(40004)
    try:
        upload = (await request.form()).get("media")
    except (HTTPException, ValueError) as error:
        raise PlatformError(41005) from error
    if not isinstance(upload, UploadFile):
        raise PlatformError(41005)
    media = world.media.put(kind, await upload.read())
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: media.media_id, "created_at": int(media.created_at)}


async def media_get(world: World, request: AnyRequest) -> Any:
    """GET media/get: the bytes; for a video an address; after three days 40007."""
    media = world.media.get(request.query_params.get("media_id"))
    if media.kind == "video":
        return {"video_url": f"{request.base_url}control/media/{media.media_id}"}
    name = f"{media.media_id}.{media.content_type.partition('/')[2]}"
    return Response(
        media.content,
        media_type=media.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def menu_create(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST menu/create."""
    world.set_menu(check_menu(await read_json(request)))
    return {"errcode": 0, "errmsg": "ok"}


async def menu_get(world: World, _request: AnyRequest) -> dict[str, Any]:
    """GET menu/get: 46003 when there is none."""
    if world.menu is None:
        raise PlatformError(46003)
    return {"menu": {"button": world.menu}}


async def menu_delete(world: World, _request: AnyRequest) -> dict[str, Any]:
    """GET menu/delete."""
    world.set_menu(None)
    return {"errcode": 0, "errmsg": "ok"}


async def qr_create(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST qrcode/create: temporary (at most 30 days) or permanent, numbered or named scene."""
    body = await read_json(request)
    action, info = body.get("action_name"), body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise PlatformError(40053)
    key = _scene_key(action, scene)
    permanent = str(action).startswith("QR_LIMIT")
    expire_s = body.get("expire_seconds", DEFAULT_EXPIRY_S)
    if type(expire_s) is not int or not 1 <= expire_s <= LARGEST_EXPIRY_S:
        raise PlatformError(40053)
    expires_at = float("inf") if permanent else world.clock.now() + expire_s
    ticket = world.scenes.put(Scene(key, expires_at))
    answer = {"ticket": ticket, "url": f"{request.base_url}q/{ticket}"}
    return answer if permanent else {**answer, "expire_seconds": expire_s}


async def qr_show(world: World, request: AnyRequest) -> Response[Any]:
    """GET showqrcode?ticket=: the picture; 404 for an unknown ticket."""
    ticket = request.query_params.get("ticket", "")
    if world.scenes.get(ticket) is None:
        return Response(b"", status_code=404, media_type="text/plain")
    picture = io.BytesIO()
    segno.make_qr(f"{request.base_url}q/{ticket}").save(picture, kind="png", scale=6)
    return Response(picture.getvalue(), media_type="image/png")


def _scene_key(action: Any, scene: dict[str, Any]) -> str:
    if action in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE"):
        key = scene.get("scene_str")
        if isinstance(key, str) and 1 <= len(key) <= SCENE_CHARACTERS:
            return key
    elif action in ("QR_SCENE", "QR_LIMIT_SCENE"):
        number = scene.get("scene_id")
        largest = LARGEST_TEMPORARY_SCENE if action == "QR_SCENE" else LARGEST_PERMANENT_SCENE
        if type(number) is int and 1 <= number <= largest:
            return str(number)
    raise PlatformError(40053)


ASSET_ENDPOINTS = {
    "/cgi-bin/media/upload": Endpoint("POST", media_upload, quota="media_upload"),
    "/cgi-bin/media/get": Endpoint("GET", media_get, quota="media_get"),
    "/cgi-bin/menu/create": Endpoint("POST", menu_create, quota="menu_create"),
    "/cgi-bin/menu/get": Endpoint("GET", menu_get, quota="menu_get"),
    "/cgi-bin/menu/delete": Endpoint("GET", menu_delete, quota="menu_delete"),
    "/cgi-bin/qrcode/create": Endpoint("POST", qr_create, quota="qrcode"),
    "/cgi-bin/showqrcode": Endpoint("GET", qr_show, needs_token=False),
}
