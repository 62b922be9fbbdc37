"""Sessions of staff: who is acting, renewing, the device list, and the end of a session."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from grid.kit import audit
from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import NotFound, NotSignedIn
from grid.territory.authority import needs_second_factor
from grid.territory.policies import (
    CONSOLE_IDLE,
    CONSOLE_SESSION,
    PHONE_SESSION,
    SESSIONS_MAX,
    USE_NOTED_EVERY,
)
from grid.territory.tables import RefreshToken, SignInSession
from grid.territory.types import (
    Audience,
    HeldGridRole,
    HeldRole,
    SessionEnded,
    SessionView,
    SignedIn,
    StaffActor,
)

#: One statement for every request: the person and the rights of today.
_ACTOR_SQL = """
SELECT s.audience, s.second_factor, p.id, p.employee_no, p.name, p.station,
    p.must_change_password, s.last_used_at,
    (SELECT json_agg(json_build_object('role', r.role, 'station_id', r.station) ORDER BY r.id)
        FROM staff_role_grant r
        WHERE r.staff = p.id AND r.from_day <= $3
            AND (r.until_day IS NULL OR r.until_day > $3)) AS roles,
    (SELECT json_agg(json_build_object('role', a.role, 'grid_id', a.grid, 'station_id', g.station)
                     ORDER BY a.id)
        FROM grid_appointment a JOIN service_grid g ON g.id = a.grid
        WHERE a.staff = p.id AND a.from_day <= $3
            AND (a.until_day IS NULL OR a.until_day > $3)) AS grid_roles
FROM sign_in_session s JOIN staff p ON p.id = s.staff
WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND p.state = 'active'
    AND (s.audience <> 'console' OR s.last_used_at > $4)
"""

_ROLES = msgspec.json.Decoder(tuple[HeldRole, ...])
_GRID_ROLES = msgspec.json.Decoder(tuple[HeldGridRole, ...])


async def load_actor(session_id: UUID) -> StaffActor | None:
    """Who acts in this session, with the rights of today; None when it is over.

    Over means ended, expired, a console left alone too long, a disabled person, or a console
    session without the second factor that a newly given post asks for.
    """
    now = machine_now()
    row = await fetch_one(
        _ACTOR_SQL,
        session_id,
        now,
        business_day(await business_now()),
        now - CONSOLE_IDLE,
    )
    if row is None:
        return None
    if row["last_used_at"] < now - USE_NOTED_EVERY:
        await _note_use(session_id, now)
    roles = _ROLES.decode(row["roles"] or "[]")
    audience = Audience(row["audience"])
    if (
        audience is Audience.CONSOLE
        and not row["second_factor"]
        and needs_second_factor(frozenset(post.role for post in roles))
    ):
        return None
    return StaffActor(
        staff_id=row["id"],
        employee_no=row["employee_no"],
        name=row["name"],
        station_id=row["station"],
        session_id=session_id,
        audience=audience,
        second_factor=row["second_factor"],
        roles=roles,
        grid_roles=_GRID_ROLES.decode(row["grid_roles"] or "[]"),
        must_change_password=row["must_change_password"],
    )


async def _note_use(session_id: UUID, now: datetime) -> None:
    """Remember the use, at most once a minute, so that a busy session writes almost nothing."""
    await execute(
        "UPDATE sign_in_session SET last_used_at = $2"
        " WHERE id = $1 AND ended_at IS NULL AND last_used_at < $3",
        session_id,
        now,
        now - USE_NOTED_EVERY,
    )


async def open_session(
    staff_id: UUID, audience: Audience, device_id: str, device_name: str | None, second_factor: bool
) -> tuple[UUID, str]:
    """Start a session inside the caller's transaction; gives its id and first refresh token.

    The caller holds the person's row. An older session of the same device ends, and so does the
    one used longest ago when SESSIONS_MAX would be passed.
    """
    now = machine_now()
    await _end_where(
        "staff = $1 AND (device_id = $2 AND audience = $3 OR id IN (SELECT id FROM sign_in_session"
        " WHERE staff = $1 AND ended_at IS NULL ORDER BY last_used_at DESC OFFSET $4))",
        "replaced",
        staff_id,
        device_id,
        audience.value,
        SESSIONS_MAX - 1,
    )
    session_id = new_id()
    await insert(
        SignInSession,
        id=session_id,
        staff=staff_id,
        audience=audience.value,
        device_id=device_id,
        device_name=device_name,
        second_factor=second_factor,
        created_at=now,
        last_used_at=now,
        expires_at=now + (PHONE_SESSION if audience is Audience.PHONE else CONSOLE_SESSION),
    )
    return session_id, await _issue_token(session_id, 1, now)


async def refresh(token: str) -> SignedIn:
    """Renew a session: the token given is spent and a new one comes back.

    A token that was spent before is a copy in other hands: the whole session ends. Raises
    NotSignedIn for that, and for an unknown token or an ended session.
    """
    async with transaction():
        renewed = await _renewed(hashlib.sha256(token.encode("utf-8", "replace")).digest())
    if renewed is None:
        raise NotSignedIn("登录已失效,请重新登录")
    return renewed


async def _renewed(digest: bytes) -> SignedIn | None:
    """None when there is nothing to renew. The session is locked before its token, as always."""
    held = await fetch_one(
        "SELECT s.id, s.staff, s.audience FROM sign_in_session s"
        " JOIN refresh_token t ON t.session = s.id WHERE t.digest = $1 FOR UPDATE OF s",
        digest,
    )
    if held is None:
        return None
    now = machine_now()
    generation = await fetch_value(
        "UPDATE refresh_token SET used_at = $2 WHERE digest = $1 AND used_at IS NULL"
        " RETURNING generation",
        digest,
        now,
    )
    if generation is None:
        ended = await _end_where("id = $1", "token_reused", held["id"])
        await audit.record("session.token_reused", f"session:{held['id']}", ended=bool(ended))
        return None
    if held["audience"] == Audience.PHONE:
        await execute(
            "UPDATE sign_in_session SET last_used_at = $2, expires_at = $3"
            " WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
            held["id"],
            now,
            now + PHONE_SESSION,
        )
    actor = await load_actor(held["id"])
    if actor is None:
        return None
    issued = await _issue_token(held["id"], generation + 1, now)
    return SignedIn(session_id=held["id"], actor=actor, refresh_token=issued)


async def sign_out(actor: StaffActor) -> None:
    """End the session that is acting."""
    async with transaction():
        await _end_where("id = $1", "signed_out", actor.session_id)
        await audit.record("session.signed_out", f"session:{actor.session_id}")


async def sessions_of(actor: StaffActor) -> list[SessionView]:
    """The actor's own open sessions (at most SESSIONS_MAX), the newest use first."""
    now = machine_now()
    rows = await fetch(
        "SELECT id, audience, device_id, device_name, created_at, last_used_at"
        " FROM sign_in_session WHERE staff = $1 AND ended_at IS NULL AND expires_at > $2"
        " AND (audience <> 'console' OR last_used_at > $3) ORDER BY last_used_at DESC LIMIT $4",
        actor.staff_id,
        now,
        now - CONSOLE_IDLE,
        SESSIONS_MAX,
    )
    return [
        SessionView(
            id=row["id"],
            audience=Audience(row["audience"]),
            device_id=row["device_id"],
            device_name=row["device_name"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            current=row["id"] == actor.session_id,
        )
        for row in rows
    ]


async def end_session(actor: StaffActor, session_id: UUID) -> None:
    """End one of the actor's own sessions. Raises NotFound for another person's or an ended one."""
    async with transaction():
        ended = await _end_where("id = $1 AND staff = $2", "withdrawn", session_id, actor.staff_id)
        if not ended:
            raise NotFound("没有这个登录设备,或者已经退出")
        await audit.record("session.withdrawn", f"session:{session_id}")


async def end_sessions_of(staff_id: UUID, reason: str, *, but: UUID | None = None) -> int:
    """End every open session of somebody inside the caller's transaction; returns how many."""
    return await _end_where("staff = $1 AND id IS DISTINCT FROM $2", reason, staff_id, but)


async def _end_where(condition: str, reason: str, *args: object) -> int:
    """End open sessions that fit a condition of ours, and say so once for each."""
    marks = len(args)
    rows = await fetch(
        f"UPDATE sign_in_session SET ended_at = ${marks + 1}, end_reason = ${marks + 2}"  # noqa: S608
        f" WHERE ended_at IS NULL AND ({condition}) RETURNING id, staff",
        *args,
        machine_now(),
        reason,
    )
    for row in rows:
        await say(SessionEnded(session_id=row["id"], staff_id=row["staff"]))
    return len(rows)


async def _issue_token(session_id: UUID, generation: int, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    await insert(
        RefreshToken,
        id=new_id(),
        session=session_id,
        digest=hashlib.sha256(token.encode()).digest(),
        generation=generation,
        issued_at=now,
    )
    return token
