"""Serves the chat page; everything it needs comes from here, nothing from elsewhere."""

from pathlib import Path
from typing import Annotated

import jinja2
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from bot.simulator.authorize import OPENID_COOKIE
from bot.simulator.config import FollowerSeed
from bot.simulator.world import InWorld, World

HERE = Path(__file__).parent
LISTED = 50
# Where the map opens for a person without a known home, in an account without any: the county
# seat of the demo (WGS-84 degrees).
FALLBACK_PLACE = (29.8901, 110.0336)
ASSETS = {
    "chat.js": "text/javascript",
    "bubbles.js": "text/javascript",
    "map.js": "text/javascript",
    "mark.svg": "image/svg+xml",
    "chat.css": "text/css",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined
)


@get("/", include_in_schema=False)
async def chat(
    world: InWorld,
    openid: Annotated[str, QueryParameter(max_length=64)] = "",
    q: FromQuery[str] = "",
) -> Response[str]:
    """The list of followers and, with `openid`, the chat of one of them."""
    chosen = world.followers.find(openid) if openid else None
    page = _pages.get_template("chat.html").render(
        chosen=chosen,
        asked_for=openid,
        q=q,
        followers=world.followers.search(q, LISTED),
        total=len(world.followers),
        place=_place(world, (chosen.lat, chosen.lon) if chosen else (None, None)),
    )
    response = Response(page, media_type="text/html")
    if chosen is not None:
        # Pages that the person opens from here ask who consents: the one chosen last.
        response.set_cookie(
            OPENID_COOKIE, chosen.openid, path="/connect", httponly=True, samesite="lax"
        )
    return response


@get("/assets/{name:str}", include_in_schema=False)
async def asset(name: FromPath[str]) -> Response[bytes]:
    """One of the page's own files."""
    if name not in ASSETS:
        raise NotFoundException()
    return Response((HERE / name).read_bytes(), media_type=ASSETS[name])


def _place(world: World, home: tuple[float | None, float | None]) -> tuple[float, float]:
    if home[0] is not None and home[1] is not None:
        return home[0], home[1]
    seeds: tuple[FollowerSeed, ...] = world.config.followers[:LISTED]
    for seed in seeds:
        if seed.lat is not None and seed.lon is not None:
            return seed.lat, seed.lon
    return FALLBACK_PLACE


PAGE_ROUTES: list[HTTPRouteHandler] = [chat, asset]
