"""Signing in: one answer for whatever is wrong, the same work for unknown names, a lock on guesses.

The password is checked before the transaction opens (it costs 30 ms of a core); the person's row is
then locked and the result counts only as the row allows, so that guesses in parallel gain nothing.
"""

from datetime import datetime
from typing import Any

from grid.kit import audit, context
from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, transaction
from grid.kit.refusals import NotAllowed, Refusal
from grid.territory import passwords
from grid.territory.authority import ALLOWED, Action, needs_second_factor
from grid.territory.policies import sign_in_limits
from grid.territory.second_factor import matching_step
from grid.territory.sessions import (
    end_session,
    load_actor,
    open_session,
    refresh,
    sessions_of,
    sign_out,
)
from grid.territory.types import Audience, GridRole, SignedIn, SignIn, StaffRole, StaffState

__all__ = ["end_session", "load_actor", "refresh", "sessions_of", "sign_in", "sign_out"]


class SignInRefused(Refusal):
    """Unknown, wrong, locked or disabled: nobody learns which."""

    status = 401
    title = "工号或密码不对,或者尝试次数过多,请稍后再试"


class SecondFactorNeeded(Refusal):
    """The password fits; the person's posts ask for the six digits as well."""

    status = 401
    title = "请输入动态口令"


class SecondFactorNotSetUp(Refusal):
    """A post asks for the second factor and nobody has given the person one."""

    status = 403
    title = "您的岗位需要动态口令,请联系运维人员办理"


async def sign_in(command: SignIn, audience: Audience, device_name: str | None) -> SignedIn:
    """Open a session for an employee.

    Raises SignInRefused, SecondFactorNeeded (console, code missing), SecondFactorNotSetUp,
    NotAllowed (no console post) and TemporarilyUnavailable (too many at once).
    """
    stored = await fetch_one(
        "SELECT password_hash FROM staff WHERE employee_no = $1", command.employee_no
    )
    checked_hash = passwords.UNKNOWN_HASH if stored is None else str(stored["password_hash"])
    fits = await passwords.verify(checked_hash, command.password)
    async with transaction():
        with context.acting(f"staff:{command.employee_no}" if stored else "sign_in"):
            outcome = await _outcome(command, audience, device_name, checked_hash if fits else None)
    # Raised only after the commit: a refusal must not take its own count back.
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def _outcome(
    command: SignIn, audience: Audience, device_name: str | None, proven_hash: str | None
) -> SignedIn | Refusal:
    """Judge under the person's row lock; `proven_hash` is the hash that the password fitted."""
    now = machine_now()
    person = await fetch_one(
        "SELECT id, state, password_hash, locked_until, totp_secret, totp_last_step"
        " FROM staff WHERE employee_no = $1 FOR UPDATE",
        command.employee_no,
    )
    if person is None or not _may_enter(person, proven_hash, now):
        return await _refused(command.employee_no, person is not None, now)
    step = None
    if command.code is not None and person["totp_secret"] is not None:
        step = matching_step(person["totp_secret"], command.code, now, person["totp_last_step"])
        if step is None:
            return await _refused(command.employee_no, True, now)
    if audience is Audience.CONSOLE:
        missing = await _console_refusal(person, step)
        if missing is not None:
            await audit.record("sign_in.refused", f"staff:{command.employee_no}", why=missing.code)
            return missing
    return await _signed_in(command, audience, device_name, person, step)


def _may_enter(person: Any, proven_hash: str | None, now: datetime) -> bool:
    """Active, not locked, and the password that fitted is still the one that is stored."""
    return (
        person["state"] == StaffState.ACTIVE
        and proven_hash is not None
        and proven_hash == person["password_hash"]
        and (person["locked_until"] is None or person["locked_until"] <= now)
    )


async def _console_refusal(person: Any, step: int | None) -> Refusal | None:
    """What keeps this person from the console, the right password notwithstanding."""
    day = business_day(await business_now())
    rows = await fetch(
        "SELECT role FROM staff_role_grant WHERE staff = $1 AND from_day <= $2"
        " AND (until_day IS NULL OR until_day > $2)",
        person["id"],
        day,
    )
    roles: frozenset[StaffRole | GridRole] = frozenset(StaffRole(row["role"]) for row in rows)
    if not roles & ALLOWED[Action.SIGN_IN_CONSOLE]:
        return NotAllowed("这个账号没有后台岗位,请使用手机端")
    if step is not None or not needs_second_factor(
        frozenset(role for role in roles if isinstance(role, StaffRole))
    ):
        return None
    return SecondFactorNotSetUp() if person["totp_secret"] is None else SecondFactorNeeded()


async def _signed_in(
    command: SignIn, audience: Audience, device_name: str | None, person: Any, step: int | None
) -> SignedIn:
    await execute(
        "UPDATE staff SET failed_tries = 0, locked_until = NULL,"
        " totp_last_step = coalesce($2, totp_last_step) WHERE id = $1",
        person["id"],
        step,
    )
    session_id, token = await open_session(
        person["id"], audience, command.device_id, _one_line(device_name), step is not None
    )
    await audit.record(
        "sign_in.succeeded",
        f"staff:{command.employee_no}",
        audience=audience.value,
        session_id=str(session_id),
        second_factor=step is not None,
    )
    actor = await load_actor(session_id)
    assert actor is not None, "the session was opened in this transaction"
    return SignedIn(session_id=session_id, actor=actor, refresh_token=token)


async def _refused(employee_no: str, known: bool, now: datetime) -> SignInRefused:
    await count_wrong_try(employee_no, now)
    await audit.record("sign_in.refused", f"staff:{employee_no}" if known else "staff:unknown")
    return SignInRefused()


async def count_wrong_try(employee_no: str, now: datetime) -> None:
    """Count a wrong password or code; the same statements run for a name that nobody has."""
    limits = await sign_in_limits(await business_now())
    await execute(
        "UPDATE staff SET"
        " failed_tries = CASE WHEN failed_tries + 1 >= $2 THEN 0 ELSE failed_tries + 1 END,"
        " locked_until = CASE WHEN failed_tries + 1 >= $2 THEN $4 ELSE locked_until END"
        " WHERE employee_no = $1 AND (locked_until IS NULL OR locked_until <= $3)",
        employee_no,
        limits.tries,
        now,
        now + limits.lock,
    )


def _one_line(device_name: str | None) -> str | None:
    """What a browser calls itself, cut to the column and without control characters."""
    if device_name is None:
        return None
    return "".join(letter for letter in device_name if letter.isprintable())[:200] or None
