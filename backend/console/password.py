"""Changing one's own password; with a first password this is the only page there is."""

from litestar import Response, get, post
from litestar.response import Redirect

from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.kit.refusals import Invalid, Refusal
from grid.territory.changes import ChangePassword
from grid.territory.own_account import change_password

_WORDS = {"old": "原密码", "new": "新密码"}


@get("/password", include_in_schema=False)
async def password_page(request: ConsoleRequest) -> Response[str]:
    """The form, and a word of thanks after a change."""
    return await page(request, "password.html", problem=None, done="done" in request.query_params)


@post("/password", include_in_schema=False)
async def set_password(request: ConsoleRequest) -> Response[str] | Redirect:
    """Set a new password; every other session of the person ends."""
    fields = await fields_of(request)
    try:
        if fields.get("new") != fields.get("again"):
            raise Invalid("again", "两次填写的新密码不一样")
        await change_password(request.user, command_of(ChangePassword, fields, _WORDS))
    except Refusal as refusal:
        return await page(
            request, "password.html", refusal.status, problem=refusal.detail, done=False
        )
    return Redirect("/console/password?done=1", status_code=303)


#: The routes of these pages.
ROUTES = (
    password_page,
    set_password,
)
