"""What people do about themselves: change the password, declare relatives' accounts."""

from uuid import UUID

from grid.kit import audit
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, Refusal, TooMany
from grid.territory import passwords
from grid.territory.changes import ChangePassword
from grid.territory.sessions import end_sessions_of
from grid.territory.sign_in import count_wrong_try
from grid.territory.types import StaffActor

#: Accounts of relatives that one person may declare.
RELATIVES_MAX = 50
ACCOUNT_NO_MAX = 20


class WrongPassword(Refusal):
    """The old password does not fit; it counts like a wrong try at the sign-in."""

    status = 403
    title = "原密码不对,或者尝试次数过多,请稍后再试"


async def change_password(actor: StaffActor, command: ChangePassword) -> None:
    """Set one's own password; every other session of the person ends.

    Raises WrongPassword, Invalid (new).
    """
    if command.new == command.old or actor.employee_no.lower() in command.new.lower():
        raise Invalid("new", "新密码不能与原密码相同,也不能含有工号")
    row = await fetch_one(
        "SELECT password_hash, locked_until FROM staff WHERE id = $1", actor.staff_id
    )
    assert row is not None, "people are disabled, never deleted"
    old_hash, now = str(row["password_hash"]), machine_now()
    fits = await passwords.verify(old_hash, command.old)
    if not fits or (row["locked_until"] is not None and row["locked_until"] > now):
        async with transaction():
            await count_wrong_try(actor.employee_no, now)
            await audit.record("territory.password_refused", actor.subject)
        raise WrongPassword()
    new_hash = await passwords.hashed(command.new)
    async with transaction():
        changed = await execute(
            "UPDATE staff SET password_hash = $2, must_change_password = false"
            " WHERE id = $1 AND password_hash = $3 AND state = 'active'",
            actor.staff_id,
            new_hash,
            old_hash,
        )
        if not changed:
            raise WrongPassword()
        await end_sessions_of(actor.staff_id, "password_changed", but=actor.session_id)
        await audit.record("territory.password_changed", actor.subject)


async def declare_relative(actor: StaffActor, account_no: str) -> None:
    """Declare a relative's account, which others then handle; declaring twice changes nothing.

    Raises Invalid (account_no), TooMany.
    """
    tidy = account_no.strip().upper()
    if not 1 <= len(tidy) <= ACCOUNT_NO_MAX or not tidy.isalnum() or not tidy.isascii():
        raise Invalid("account_no", "户号由数字和字母组成,不超过 20 位")
    async with transaction():
        await execute("SELECT 1 FROM staff WHERE id = $1 FOR NO KEY UPDATE", actor.staff_id)
        known = await fetch_value(
            "SELECT count(*) FROM relative_account WHERE staff = $1", actor.staff_id
        )
        if known >= RELATIVES_MAX:
            raise TooMany(f"最多申报 {RELATIVES_MAX} 个亲属户号", limit=RELATIVES_MAX)
        await execute(
            "INSERT INTO relative_account (id, staff, account_no, declared_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT (staff, account_no) DO NOTHING",
            new_id(),
            actor.staff_id,
            tidy,
            await business_now(),
        )
        await audit.record("territory.relative_declared", actor.subject, account_no=tidy)


async def relatives_of(staff_id: UUID) -> list[str]:
    """The account numbers of relatives that somebody declared."""
    rows = await fetch(
        "SELECT account_no FROM relative_account WHERE staff = $1 ORDER BY account_no LIMIT $2",
        staff_id,
        RELATIVES_MAX,
    )
    return [row["account_no"] for row in rows]
