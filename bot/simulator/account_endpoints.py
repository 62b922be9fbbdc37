"""Tokens, tickets, quotas and people: what an account asks about itself."""

import secrets
from typing import Any

from bot.simulator.errors import PlatformError
from bot.simulator.gate import AnyRequest, Endpoint, read_json, string_in
from bot.simulator.world import World

TICKET_LIFE_S = 7_200


def check_credentials(world: World, app_id: str | None, secret: str | None) -> None:
    """PlatformError 41002/41004 when missing, 40013/40125 when wrong."""
    if not app_id:
        raise PlatformError(41002)
    if not secret:
        raise PlatformError(41004)
    if app_id != world.config.app_id:
        raise PlatformError(40013)
    if not secrets.compare_digest(secret.encode(), world.config.app_secret.encode()):
        raise PlatformError(40125)


async def token(world: World, request: AnyRequest) -> dict[str, Any]:
    """GET /cgi-bin/token."""
    query = request.query_params
    if query.get("grant_type") != "client_credential":
        raise PlatformError(40002)
    check_credentials(world, query.get("appid"), query.get("secret"))
    value, expires_in = world.tokens.classic()
    return {"access_token": value, "expires_in": expires_in}


async def stable_token(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST /cgi-bin/stable_token."""
    body = await read_json(request)
    if body.get("grant_type") != "client_credential":
        raise PlatformError(40002)
    app_id, secret = body.get("appid"), body.get("secret")
    check_credentials(
        world,
        app_id if isinstance(app_id, str) else None,
        secret if isinstance(secret, str) else None,
    )
    force = body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise PlatformError(47001)
    value, expires_in = world.tokens.stable(force)
    return {"access_token": value, "expires_in": expires_in}


async def callback_ip(_world: World, _request: AnyRequest) -> dict[str, Any]:
    """GET /cgi-bin/getcallbackip: pushes come from this machine."""
    return {"ip_list": ["127.0.0.1", "::1"]}


async def clear_quota(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST /cgi-bin/clear_quota: ten times a month."""
    body = await read_json(request)
    if string_in(body, "appid", code=40013) != world.config.app_id:
        raise PlatformError(40013)
    world.quotas.clear()
    return {"errcode": 0, "errmsg": "ok"}


async def ticket(world: World, request: AnyRequest) -> dict[str, Any]:
    """GET /cgi-bin/ticket/getticket: one ticket at a time, like the stable token."""
    if request.query_params.get("type") not in ("jsapi", "wx_card"):
        raise PlatformError(40097)
    now = world.clock.now()
    if world.ticket is None or now >= world.ticket[1]:
        world.ticket = (f"SIMTICKET_{secrets.token_urlsafe(60)}", now + TICKET_LIFE_S)
    value, expires_at = world.ticket
    return {"errcode": 0, "errmsg": "ok", "ticket": value, "expires_in": int(expires_at - now)}


async def user_info(world: World, request: AnyRequest) -> dict[str, Any]:
    """GET /cgi-bin/user/info: name and picture have not been given out since 2021."""
    follower = world.followers.known(request.query_params.get("openid", ""))
    if not follower.subscribed:
        return {"subscribe": 0, "openid": follower.openid}
    return {
        "subscribe": 1,
        "openid": follower.openid,
        "language": "zh_CN",
        "subscribe_time": int(follower.subscribed_at),
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE" if follower.scene else "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": follower.scene,
    }


async def oauth_token(world: World, request: AnyRequest) -> dict[str, Any]:
    """GET /sns/oauth2/access_token: a code is good once, for five minutes."""
    query = request.query_params
    check_credentials(world, query.get("appid"), query.get("secret"))
    if query.get("grant_type") != "authorization_code":
        raise PlatformError(40002)
    code = query.get("code")
    if not code:
        raise PlatformError(41008)
    redeemed = world.oauth.redeem(code)
    return {
        "access_token": f"SIMOAUTH_{secrets.token_urlsafe(60)}",
        "expires_in": 7200,
        "refresh_token": f"SIMREFRESH_{secrets.token_urlsafe(60)}",
        "openid": redeemed.openid,
        "scope": redeemed.scope,
    }


ACCOUNT_ENDPOINTS = {
    "/cgi-bin/token": Endpoint("GET", token, needs_token=False),
    "/cgi-bin/stable_token": Endpoint("POST", stable_token, needs_token=False),
    "/cgi-bin/getcallbackip": Endpoint("GET", callback_ip),
    "/cgi-bin/clear_quota": Endpoint("POST", clear_quota),
    "/cgi-bin/ticket/getticket": Endpoint("GET", ticket),
    "/cgi-bin/user/info": Endpoint("GET", user_info, quota="user_info"),
    "/sns/oauth2/access_token": Endpoint("GET", oauth_token, needs_token=False),
}
