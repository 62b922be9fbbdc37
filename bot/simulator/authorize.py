"""GET /connect/oauth2/authorize: sends the person's browser back with a code."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlunsplit

from litestar import Request, Response, get
from litestar.response import Redirect

from bot.simulator.hosts import LOOPBACK_HOSTS, split
from bot.simulator.world import InWorld, World

SCOPES = ("snsapi_base", "snsapi_userinfo")
STATE_BYTES = 128
OPENID_COOKIE = "simulator_openid"


@get("/connect/oauth2/authorize", include_in_schema=False)
async def authorize(request: Request[Any, Any, Any], world: InWorld) -> Response[Any]:
    """302 to `redirect_uri` with code and state.

    Who consents is the `openid` parameter, else the person last chosen on the chat page. Like
    the platform, anything wrong is a page for people with a number, and no redirect.
    """
    query = request.query_params
    problem = _problem(world, dict(query))
    if problem:
        return _page(problem)
    openid = query.get("openid") or request.cookies.get(OPENID_COOKIE, "")
    follower = world.followers.find(openid)
    if follower is None:
        return _page("请先在聊天页选择一位客户（或给出 openid 参数）。10008", status=400)
    code = world.oauth.issue(follower.openid, query["scope"])
    parts = split(query["redirect_uri"])
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), ("code", code)]
    pairs.append(("state", query.get("state", "")))
    return Redirect(urlunsplit(parts._replace(query=urlencode(pairs), fragment="")))


def _problem(world: World, query: dict[str, str]) -> str | None:
    if query.get("appid") != world.config.app_id:
        return "appid 参数错误 10002"
    if query.get("response_type") != "code":
        return "response_type 参数错误 10004"
    if query.get("scope") not in SCOPES:
        return "scope 参数错误 10005"
    if len(query.get("state", "").encode()) > STATE_BYTES:
        return "state 参数过长 10009"
    target = split(query.get("redirect_uri", ""))
    # The account's web domain is that of its callback; on one machine, loopback names too.
    allowed = LOOPBACK_HOSTS | {split(world.config.callback_url).hostname}
    if target.scheme not in ("http", "https") or target.hostname not in allowed:
        return "redirect_uri 域名与后台配置不一致 10003"
    return None


def _page(text: str, *, status: int = 200) -> Response[str]:
    return Response(f"模拟器 · {text}\n", status_code=status, media_type="text/plain")
