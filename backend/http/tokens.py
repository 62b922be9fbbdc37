"""Access tokens of the phones: short JWTs that name a session; the session row decides."""

from datetime import timedelta
from functools import lru_cache
from uuid import UUID

import jwt

from backend.keys import KeyRing
from grid.kit.clock import machine_now
from grid.kit.refusals import NotSignedIn
from grid.territory.types import Audience

#: Seconds an access token is good for; the phone renews it with its refresh token.
ACCESS_SECONDS = 900
_ISSUER = "wangge"
_ALGORITHM = "HS256"


def issue(session_id: UUID, audience: Audience, keys: KeyRing) -> str:
    """A signed access token for a session, good for ACCESS_SECONDS."""
    now = machine_now()
    claims = {
        "sid": str(session_id),
        "aud": audience.value,
        "iss": _ISSUER,
        "iat": now,
        "exp": now + timedelta(seconds=ACCESS_SECONDS),
    }
    key = keys.signing
    return jwt.encode(claims, key.secret.reveal(), _ALGORITHM, headers={"kid": key.kid})


def read(token: str, audience: Audience, keys: KeyRing) -> UUID:
    """The session of a token. Raises NotSignedIn for anything that is not exactly right."""
    if len(token) > 2000:
        raise NotSignedIn()
    session_id, expires_s = _verified(token, audience, keys)
    if machine_now().timestamp() >= expires_s:
        raise NotSignedIn()
    return session_id


@lru_cache(maxsize=10_000)
def _verified(token: str, audience: Audience, keys: KeyRing) -> tuple[UUID, float]:
    """What the signature proves for ever: the session and when the token ends.

    Remembered, for a phone shows one token for a quarter of an hour and checking it costs as much
    as a query. What may change, expiry and the session itself, is looked at on every request;
    refused tokens are not remembered.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise NotSignedIn()
        claims = jwt.decode(
            token,
            key.secret.reveal(),
            algorithms=[_ALGORITHM],
            audience=audience.value,
            issuer=_ISSUER,
            options={"require": ["sid", "aud", "iss", "exp"]},
        )
        return UUID(claims["sid"]), float(claims["exp"])
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise NotSignedIn() from error
