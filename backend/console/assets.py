"""Scripts and styles of the console, under an address that changes when they do."""

import hashlib
from pathlib import Path
from typing import Annotated

import xstatic.pkg.leaflet
from litestar import Response, get
from litestar.params import PathParameter

from backend.http.staff import PUBLIC
from grid.kit.refusals import NotFound

_HERE = Path(__file__).parent / "static"
_LEAFLET = Path(xstatic.pkg.leaflet.BASE_DIR)
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def _read() -> dict[str, bytes]:
    own = {path.name: path.read_bytes() for path in _HERE.iterdir() if path.suffix in _TYPES}
    # Leaflet's pictures are not used: our marks are drawn shapes.
    leaflet = {name: (_LEAFLET / name).read_bytes() for name in ("leaflet.js", "leaflet.css")}
    return own | leaflet


_FILES = _read()
_VERSION = hashlib.sha256(
    b"".join(name.encode() + content for name, content in sorted(_FILES.items()))
).hexdigest()[:16]


def asset(name: str) -> str:
    """The address of a file. Raises KeyError for one that does not exist."""
    if name not in _FILES:
        raise KeyError(name)
    return f"/console/static/{_VERSION}/{name}"


@get(
    "/static/{version:str}/{name:str}",
    opt={PUBLIC: True},
    include_in_schema=False,
    sync_to_thread=False,
)
def static_file(
    version: Annotated[str, PathParameter(max_length=40)],
    name: Annotated[str, PathParameter(max_length=60)],
) -> Response[bytes]:
    """A file of the console; browsers keep it for a year, for its address names its content."""
    content = _FILES.get(name)
    if content is None:
        raise NotFound("没有这个文件")
    fresh = "public, max-age=31536000, immutable" if version == _VERSION else "no-cache"
    return Response(
        content,
        media_type=_TYPES[Path(name).suffix],
        headers={"Cache-Control": fresh, "X-Content-Type-Options": "nosniff"},
    )
