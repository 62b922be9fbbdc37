"""Who asks: staff by bearer token on the phone's paths. Everything is closed unless it says open.

A route is public only with `opt={PUBLIC: True}`; a test lists those. The session row is read on
every request, so a disabled person's tokens end at once.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.middleware.authentication import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
)

from backend.http import tokens
from backend.settings import settings
from grid.kit import context
from grid.kit.refusals import NotSignedIn
from grid.territory.sign_in import load_actor
from grid.territory.types import Audience

#: The mark of a route that nobody needs to sign in for.
PUBLIC = "public"


class StaffAuthentication(AbstractAuthenticationMiddleware):
    """`Authorization: Bearer …` to the StaffActor in `request.user`."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn()
        session_id = tokens.read(token.strip(), Audience.PHONE, settings().session_keys)
        actor = await load_actor(session_id)
        if actor is None or actor.audience is not Audience.PHONE:
            raise NotSignedIn()
        context.set_actor(actor.subject)
        return AuthenticationResult(user=actor, auth=session_id)
