"""Serves the page and its files. Both are public: they hold no data, and ask /api/v1 for it."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.params import PathParameter

from backend.http.pages import html_of, templates
from backend.http.staff import PUBLIC
from backend.settings import settings
from grid.kit.refusals import NotFound

_HERE = Path(__file__).parent
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FILES = {
    path.name: path.read_bytes()
    for path in _HERE.iterdir()
    if path.is_file() and path.suffix in _TYPES
}
_TAGS = {name: f'"{hashlib.sha256(content).hexdigest()[:32]}"' for name, content in _FILES.items()}
#: The files import each other by relative names, so one version stands for all of them.
_VERSION = hashlib.sha256(
    "".join(f"{name}{tag}" for name, tag in sorted(_TAGS.items())).encode()
).hexdigest()[:16]
_PAGES = templates(_HERE)


@get("/phone", opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=False)
def page() -> Response[str]:
    """The shell: sign-in, my jobs, one job, customers. It holds no data of anybody."""
    return html_of(_PAGES, "phone.html", asset=asset, is_demo=settings().demo)


@get(
    "/phone/static/{version:str}/{name:str}",
    opt={PUBLIC: True},
    include_in_schema=False,
    sync_to_thread=False,
)
def static_file(
    request: Request[Any, Any, Any],
    version: Annotated[str, PathParameter(max_length=40)],
    name: Annotated[str, PathParameter(max_length=60)],
) -> Response[bytes]:
    """A file of the page. Kept for a year under its version, asked for anew under any other.

    Raises NotFound for a name that is none.
    """
    if name not in _FILES:
        raise NotFound("没有这个文件")
    fresh = "public, max-age=31536000, immutable" if version == _VERSION else "no-cache"
    headers = {"Cache-Control": fresh, "ETag": _TAGS[name], "X-Content-Type-Options": "nosniff"}
    known = request.headers.get("If-None-Match", "").replace("W/", "")
    if _TAGS[name] in [tag.strip() for tag in known.split(",")]:
        return Response(b"", status_code=304, media_type=_TYPES[Path(name).suffix], headers=headers)
    return Response(_FILES[name], media_type=_TYPES[Path(name).suffix], headers=headers)


def asset(name: str) -> str:
    """The address of one of the page's files, which changes when any of them does."""
    return f"/phone/static/{_VERSION}/{name}"


def router() -> Router:
    """The page and its files."""
    return Router(path="/", route_handlers=[page, static_file])
