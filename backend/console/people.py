"""Who serves where and who is on shift; and the letters that nobody could deliver."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.kit import audit
from grid.kit.deliveries import dead_letters, replay
from grid.kit.pages import LIMIT_MAX
from grid.kit.refusals import NotFound
from grid.territory import service
from grid.territory.authority import Action, may, require

_LETTERS_SHOWN = 100


@get("/people", include_in_schema=False)
async def people_page(request: ConsoleRequest) -> Response[str]:
    """Grids with their people of today, and who is on shift now."""
    return await page(
        request,
        "people.html",
        grids=await service.grids(request.user, request.query_params.get("grids"), LIMIT_MAX),
        on_shift=await service.staff_list(
            request.user, True, request.query_params.get("staff"), LIMIT_MAX
        ),
    )


@get("/dead-letters", include_in_schema=False)
async def dead_letters_page(request: ConsoleRequest) -> Response[str]:
    """Events whose reaction failed too often: ids and errors, no personal text."""
    require(request.user, Action.READ_DEAD_LETTERS)
    return await page(
        request,
        "dead_letters.html",
        letters=await dead_letters(_LETTERS_SHOWN),
        shown_max=_LETTERS_SHOWN,
        may_replay=may(request.user, Action.REPLAY_DEAD_LETTERS),
        done=request.query_params.get("done"),
    )


@post("/dead-letters/{delivery_id:uuid}/replay", include_in_schema=False)
async def replay_dead_letter(request: ConsoleRequest, delivery_id: FromPath[UUID]) -> Redirect:
    """Try one again from the start; one that somebody else replayed already is said to be gone."""
    require(request.user, Action.REPLAY_DEAD_LETTERS)
    try:
        await replay(delivery_id)
    except NotFound:
        return Redirect("/console/dead-letters?done=gone", status_code=303)
    await audit.record("dead_letter.replay", str(delivery_id))
    return Redirect("/console/dead-letters?done=again", status_code=303)


#: The routes of these pages.
ROUTES = (
    people_page,
    dead_letters_page,
    replay_dead_letter,
)
