"""Signing in on the phone: access and refresh tokens, the device list."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from backend.http import tokens
from backend.http.budgets import budgets
from backend.http.staff import PUBLIC
from backend.settings import settings
from grid.territory import sign_in as verbs
from grid.territory.service import staff_view
from grid.territory.types import Audience, SessionView, SignedIn, SignIn, StaffView
from mobile_api.parameters import StaffRequest

#: Tries from one address in a minute, over all names (a whole office may share one address); the
#: lock per name is the room's, and hashing is bounded there too.
_TRIES_PER_MINUTE = 300


class RefreshSession(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refresh_token: Annotated[str, Meta(min_length=20, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class SessionTokens(msgspec.Struct, frozen=True, kw_only=True):
    """`expires_in` is the access token's life in seconds; the refresh token works once."""

    access_token: str
    refresh_token: str
    expires_in: int
    staff: StaffView


class SessionController(Controller):
    path = "/sessions"
    tags = ("sign-in",)

    @post(opt={PUBLIC: True})
    async def sign_in(self, request: StaffRequest, data: JSONBody[SignIn]) -> SessionTokens:
        """Sign in with employee number and password."""
        address = request.client.host if request.client else "unknown"
        await budgets().need("sign_in", address, _TRIES_PER_MINUTE, 60)
        agent = request.headers.get("User-Agent", "")[:200] or None
        return await _answer(await verbs.sign_in(data, Audience.PHONE, agent))

    @post("/refresh", opt={PUBLIC: True})
    async def refresh(self, data: JSONBody[RefreshSession]) -> SessionTokens:
        """Renew the tokens; a refresh token that was used before ends the whole session."""
        return await _answer(await verbs.refresh(data.refresh_token))

    @get()
    async def device_list(self, request: StaffRequest) -> list[SessionView]:
        """Where I am signed in."""
        return await verbs.sessions_of(request.user)

    @delete("/current")
    async def sign_out(self, request: StaffRequest) -> None:
        """Sign out here."""
        await verbs.sign_out(request.user)

    @delete("/{session_id:uuid}")
    async def end_other(self, request: StaffRequest, session_id: FromPath[UUID]) -> None:
        """Sign out another of my devices."""
        await verbs.end_session(request.user, session_id)


async def _answer(signed_in: SignedIn) -> SessionTokens:
    return SessionTokens(
        access_token=tokens.issue(signed_in.session_id, Audience.PHONE, settings().session_keys),
        refresh_token=signed_in.refresh_token,
        expires_in=tokens.ACCESS_SECONDS,
        staff=await staff_view(signed_in.actor),
    )
