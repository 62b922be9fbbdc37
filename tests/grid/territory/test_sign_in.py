"""Signing in against the real database."""

import asyncio
import statistics
import time
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest

from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value
from grid.kit.refusals import NotAllowed, NotFound, NotSignedIn, Refusal, TemporarilyUnavailable
from grid.territory import passwords
from grid.territory.schedule import prune_tokens
from grid.territory.second_factor import matching_step
from grid.territory.sign_in import (
    SecondFactorNeeded,
    SecondFactorNotSetUp,
    SignInRefused,
    end_session,
    load_actor,
    refresh,
    sessions_of,
    sign_in,
    sign_out,
)
from grid.territory.types import Audience, GridRole, SignedIn, SignIn, StaffRole
from tests.grid.territory.county import (
    PASSWORD,
    add_appointment,
    add_grid,
    add_staff,
    add_station,
    days_from,
    grant,
    today,
)

pytestmark = pytest.mark.usefixtures("committed")


def command(
    employee_no: str = "E0001",
    password: str = PASSWORD,
    device_id: str = "phone-1",
    code: str | None = None,
) -> SignIn:
    return SignIn(employee_no=employee_no, password=password, device_id=device_id, code=code)


async def on_phone(
    employee_no: str = "E0001", password: str = PASSWORD, device_id: str = "phone-1"
) -> SignedIn:
    return await sign_in(command(employee_no, password, device_id), Audience.PHONE, "Android 14")


async def outcome_of_try(password: str) -> str:
    try:
        await on_phone(password=password)
    except SignInRefused:
        return "refused"
    return "in"


async def test_the_right_password_opens_a_session_with_the_rights_of_today() -> None:
    station = await add_station()
    grid = await add_grid(station)
    staff = await add_staff(roles=(StaffRole.CREW,), station_id=station)
    await add_appointment(grid, staff, GridRole.ASSISTANT)
    await grant(staff, StaffRole.DISPATCHER, None, from_day=days_from(await today(), 1))

    signed_in = await on_phone()

    actor = await load_actor(signed_in.session_id)
    assert actor == signed_in.actor
    assert actor is not None
    assert actor.subject == "staff:E0001"
    assert [(post.role, post.station_id) for post in actor.roles] == [(StaffRole.CREW, station)]
    assert [(post.role, post.grid_id, post.station_id) for post in actor.grid_roles] == [
        (GridRole.ASSISTANT, grid, station)
    ]
    assert len(signed_in.refresh_token) >= 43  # 256 bits in base 64


async def test_unknown_wrong_disabled_and_locked_are_one_answer() -> None:
    await add_staff("E0001")
    await add_staff("E0002")
    await add_staff("E0003")
    await execute("UPDATE staff SET state = 'disabled' WHERE employee_no = 'E0002'")
    await execute(
        "UPDATE staff SET locked_until = $1 WHERE employee_no = 'E0003'",
        machine_now() + timedelta(minutes=5),
    )
    answers = set()
    for employee_no, password in (
        ("E4444", PASSWORD),
        ("E0001", "wrong"),
        ("E0002", PASSWORD),
        ("E0003", PASSWORD),
    ):
        with pytest.raises(SignInRefused) as refused:
            await on_phone(employee_no, password)
        answers.add((refused.value.code, refused.value.detail, str(refused.value.facts)))
    assert len(answers) == 1


async def test_five_wrong_tries_lock_the_name_and_the_right_password_opens_it_later() -> None:
    await add_staff()
    for _ in range(5):
        assert await outcome_of_try("wrong") == "refused"
    assert await outcome_of_try(PASSWORD) == "refused"
    locked_until = await fetch_value("SELECT locked_until FROM staff")
    assert timedelta(minutes=14) < locked_until - machine_now() <= timedelta(minutes=15)

    await execute("UPDATE staff SET locked_until = $1", machine_now() - timedelta(seconds=1))
    assert await outcome_of_try(PASSWORD) == "in"
    assert await fetch_value("SELECT failed_tries FROM staff") == 0


async def test_a_right_password_forgets_the_wrong_ones_before() -> None:
    await add_staff()
    for password in ("wrong",) * 4 + (PASSWORD,) + ("wrong",) * 4:
        await outcome_of_try(password)
    assert await outcome_of_try(PASSWORD) == "in"


async def test_guesses_in_parallel_get_no_more_tries_than_one_after_the_other() -> None:
    await add_staff()
    outcomes = await asyncio.gather(*(outcome_of_try("wrong") for _ in range(9)))
    assert set(outcomes) == {"refused"}
    assert await outcome_of_try(PASSWORD) == "refused"
    refused = await fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'sign_in.refused'")
    assert refused == 10


async def test_the_last_allowed_try_is_one_of_two_in_parallel() -> None:
    """Four tries are gone; a wrong and a right one race: the lock and the entry exclude each other."""
    await add_staff()
    for _ in range(4):
        await outcome_of_try("wrong")
    right, _ = await asyncio.gather(outcome_of_try(PASSWORD), outcome_of_try("wrong"))
    row = await fetch_one("SELECT failed_tries, locked_until FROM staff")
    assert row is not None
    sessions = await fetch_value("SELECT count(*) FROM sign_in_session")
    if right == "in":
        assert (row["locked_until"], row["failed_tries"], sessions) == (None, 1, 1)
    else:
        assert row["locked_until"] is not None
        assert sessions == 0


async def test_unknown_names_take_as_long_as_known_ones() -> None:
    await add_staff()
    known: list[float] = []
    unknown: list[float] = []
    for number in range(30):
        for times, employee_no in ((known, "E0001"), (unknown, f"X{number:03}")):
            begin = time.perf_counter()
            with pytest.raises(SignInRefused):
                await on_phone(employee_no, "wrong")
            times.append(time.perf_counter() - begin)
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.75 < ratio < 1.33
    assert not passwords.HASHER.check_needs_rehash(passwords.UNKNOWN_HASH)


async def test_a_flood_of_sign_ins_is_bounded_and_leaves_the_loop_free() -> None:
    await add_staff()
    flood = asyncio.gather(
        *(on_phone("X9999", "wrong") for _ in range(passwords.WAITING_MAX + 20)),
        return_exceptions=True,
    )
    await asyncio.sleep(0.05)
    longest_s = 0.0
    for _ in range(10):
        begin = time.perf_counter()
        await asyncio.sleep(0)
        longest_s = max(longest_s, time.perf_counter() - begin)
    answers = await flood
    assert sum(isinstance(answer, TemporarilyUnavailable) for answer in answers) >= 1
    assert all(isinstance(answer, Refusal) for answer in answers)
    assert longest_s < 0.5


# --- second factor --------------------------------------------------------------------------------


async def operator_with_secret() -> pyotp.TOTP:
    secret = pyotp.random_base32()
    await add_staff(roles=(StaffRole.OPERATOR,), totp_secret=secret)
    return pyotp.TOTP(secret)


async def at_console(code: str | None = None, password: str = PASSWORD) -> SignedIn:
    return await sign_in(command(password=password, code=code), Audience.CONSOLE, None)


async def test_the_console_asks_an_operator_for_the_second_factor() -> None:
    otp = await operator_with_secret()
    with pytest.raises(SecondFactorNeeded):
        await at_console()
    signed_in = await at_console(otp.now())
    assert signed_in.actor.second_factor


async def test_a_wrong_password_says_nothing_of_the_second_factor() -> None:
    await operator_with_secret()
    with pytest.raises(SignInRefused):
        await at_console(password="wrong")


async def test_a_code_works_once_within_its_window() -> None:
    otp = await operator_with_secret()
    code = otp.now()
    await at_console(code)
    with pytest.raises(SignInRefused):
        await at_console(code)


async def test_one_code_in_parallel_opens_one_session() -> None:
    otp = await operator_with_secret()
    code = otp.now()
    answers = await asyncio.gather(*(at_console(code) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1


async def test_wrong_codes_lock_like_wrong_passwords() -> None:
    otp = await operator_with_secret()
    wrong = f"{(int(otp.now()) + 1) % 1_000_000:06d}"
    near = {otp.at(machine_now() + timedelta(seconds=shift)) for shift in (-60, -30, 30, 60)}
    assert wrong not in near
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await at_console(wrong)
    with pytest.raises(SignInRefused):
        await at_console(otp.now())


async def test_a_post_that_needs_a_second_factor_nobody_set_up_does_not_enter() -> None:
    await add_staff(roles=(StaffRole.FINANCE,))
    with pytest.raises(SecondFactorNotSetUp):
        await at_console()


async def test_the_console_is_for_console_posts() -> None:
    await add_staff(roles=(StaffRole.CREW,))
    with pytest.raises(NotAllowed):
        await at_console()
    assert await fetch_value("SELECT count(*) FROM sign_in_session") == 0


async def test_a_console_session_without_second_factor_ends_when_a_post_asks_for_one() -> None:
    staff = await add_staff(roles=(StaffRole.DISPATCHER,))
    signed_in = await at_console()
    assert await load_actor(signed_in.session_id) is not None
    await grant(staff, StaffRole.FINANCE, None)
    assert await load_actor(signed_in.session_id) is None


def test_a_code_of_the_neighbouring_half_minutes_fits_and_no_other() -> None:
    secret = pyotp.random_base32()
    at = machine_now()
    otp = pyotp.TOTP(secret)
    step = int(at.timestamp()) // 30
    codes = {shift: otp.at(at + timedelta(seconds=30 * shift)) for shift in (-2, -1, 0, 1, 2)}
    for shift in (-1, 0, 1):
        assert matching_step(secret, codes[shift], at, None) is not None
    assert matching_step(secret, codes[0], at, step) is None or codes[0] == codes[1]
    for shift in (-2, 2):
        if codes[shift] not in {codes[-1], codes[0], codes[1]}:
            assert matching_step(secret, codes[shift], at, None) is None


# --- sessions -------------------------------------------------------------------------------------


async def test_a_refresh_token_is_spent_and_replaced() -> None:
    await add_staff()
    first = await on_phone()
    second = await refresh(first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    third = await refresh(second.refresh_token)
    assert third.actor == first.actor


async def test_a_spent_token_that_comes_back_ends_the_session() -> None:
    await add_staff()
    first = await on_phone()
    second = await refresh(first.refresh_token)
    with pytest.raises(NotSignedIn):
        await refresh(first.refresh_token)
    assert await load_actor(first.session_id) is None
    with pytest.raises(NotSignedIn):
        await refresh(second.refresh_token)
    row = await fetch_one("SELECT end_reason FROM sign_in_session")
    assert row is not None
    assert row["end_reason"] == "token_reused"
    assert await said("territory.SessionEnded") == 1
    assert await audited("session.token_reused") >= 1


async def test_a_token_used_twice_in_parallel_serves_one_and_ends_the_session() -> None:
    await add_staff()
    first = await on_phone()
    answers = await asyncio.gather(
        *(refresh(first.refresh_token) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert sum(isinstance(answer, NotSignedIn) for answer in answers) == 4
    assert await load_actor(first.session_id) is None
    assert await said("territory.SessionEnded") == 1


@pytest.mark.parametrize("token", ["", "x", "\x00", "网格", "a" * 43])
async def test_a_token_that_was_never_issued_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        await refresh(token)


async def test_tokens_are_stored_as_digests_only() -> None:
    await add_staff()
    signed_in = await on_phone()
    rows = await fetch("SELECT digest FROM refresh_token")
    assert [len(row["digest"]) for row in rows] == [32]
    assert signed_in.refresh_token.encode() not in rows[0]["digest"]


async def test_sign_out_ends_the_session_and_its_tokens() -> None:
    await add_staff()
    signed_in = await on_phone()
    await sign_out(signed_in.actor)
    assert await load_actor(signed_in.session_id) is None
    with pytest.raises(NotSignedIn):
        await refresh(signed_in.refresh_token)


async def test_the_device_list_is_mine_and_i_can_end_one_of_it() -> None:
    await add_staff("E0001")
    await add_staff("E0002")
    one = await on_phone(device_id="phone-1")
    two = await on_phone(device_id="phone-2")
    other = await on_phone("E0002")

    listed = await sessions_of(two.actor)
    assert [(view.device_id, view.current) for view in listed] == [
        ("phone-2", True),
        ("phone-1", False),
    ]
    with pytest.raises(NotFound):
        await end_session(two.actor, other.session_id)
    await end_session(two.actor, one.session_id)
    with pytest.raises(NotFound):
        await end_session(two.actor, one.session_id)
    assert await load_actor(one.session_id) is None
    assert await load_actor(other.session_id) is not None


async def test_a_second_sign_in_on_a_device_replaces_the_first_and_ten_are_the_most() -> None:
    await add_staff()
    first = await on_phone(device_id="phone-0")
    again = await on_phone(device_id="phone-0")
    assert await load_actor(first.session_id) is None
    for number in range(1, 11):
        await on_phone(device_id=f"phone-{number}")
    assert await load_actor(again.session_id) is None
    assert len(await sessions_of(again.actor)) == 10


async def test_sessions_expire_by_machine_time() -> None:
    await add_staff(roles=(StaffRole.DISPATCHER,))
    phone = await on_phone()
    console = await sign_in(command(device_id="desk"), Audience.CONSOLE, "x\x00y" * 200)
    await set_last_used(console.session_id, minutes_ago=59)
    assert await load_actor(console.session_id) is not None
    await set_last_used(console.session_id, minutes_ago=61)
    assert await load_actor(console.session_id) is None
    assert [view.device_id for view in await sessions_of(phone.actor)] == ["phone-1"]

    await set_last_used(phone.session_id, minutes_ago=61)
    assert await load_actor(phone.session_id) is not None
    await execute("UPDATE sign_in_session SET expires_at = $1", machine_now())
    assert await load_actor(phone.session_id) is None
    with pytest.raises(NotSignedIn):
        await refresh(phone.refresh_token)


async def test_use_is_noted_at_most_once_a_minute() -> None:
    await add_staff()
    signed_in = await on_phone()
    before = await fetch_value("SELECT last_used_at FROM sign_in_session")
    await load_actor(signed_in.session_id)
    assert await fetch_value("SELECT last_used_at FROM sign_in_session") == before
    await set_last_used(signed_in.session_id, minutes_ago=2)
    await load_actor(signed_in.session_id)
    assert await fetch_value("SELECT last_used_at FROM sign_in_session") > before


async def test_no_name_phone_or_password_stands_in_the_audit_trail() -> None:
    await add_staff(name="张三丰")
    await on_phone()
    await outcome_of_try("secret-guess")
    rows = await fetch("SELECT actor, action, subject, facts::text FROM audit_entry")
    text = " ".join(str(value) for row in rows for value in row.values())
    assert len(rows) == 2
    for personal in ("张三丰", "13800000000", "secret-guess", PASSWORD):
        assert personal not in text


async def set_last_used(session_id: UUID, *, minutes_ago: int) -> None:
    await execute(
        "UPDATE sign_in_session SET last_used_at = $2 WHERE id = $1",
        session_id,
        machine_now() - timedelta(minutes=minutes_ago),
    )


async def said(kind: str) -> int:
    return int(await fetch_value("SELECT count(*) FROM outbox_event WHERE kind = $1", kind))


async def audited(action: str) -> int:
    return int(await fetch_value("SELECT count(*) FROM audit_entry WHERE action = $1", action))


async def test_spent_tokens_are_forgotten_after_a_month_and_live_ones_never() -> None:
    await add_staff()
    signed_in = await on_phone()
    renewed = await refresh(signed_in.refresh_token)
    await prune_tokens()
    assert await fetch_value("SELECT count(*) FROM refresh_token") == 2
    await execute(
        "UPDATE refresh_token SET used_at = $1 WHERE used_at IS NOT NULL",
        machine_now() - timedelta(days=32),
    )
    await prune_tokens()
    assert await fetch_value("SELECT count(*) FROM refresh_token") == 1
    with pytest.raises(NotSignedIn):
        await refresh(signed_in.refresh_token)
    assert (await refresh(renewed.refresh_token)).session_id == signed_in.session_id
