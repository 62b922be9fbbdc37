"""Creating people, giving rights, taking them away: two people, and never oneself."""

import asyncio

import pyotp
import pytest

from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value
from grid.kit.dated_settings import SamePerson
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal, TooMany
from grid.territory.appointments import AlreadyHasRole
from grid.territory.changes import (
    ChangePassword,
    Credentials,
    DecidedChange,
    DecideStaffChange,
    EndRole,
    GrantRole,
    ResetPassword,
)
from grid.territory.own_account import (
    RELATIVES_MAX,
    WrongPassword,
    change_password,
    declare_relative,
    relatives_of,
)
from grid.territory.people import (
    ChangeAlreadyDecided,
    FirstOperatorExists,
    LastOperator,
    decide_staff_change,
    disable_staff,
    first_operator,
    propose_staff_change,
    staff_changes,
)
from grid.territory.rights import EmployeeNoTaken
from grid.territory.sign_in import SignInRefused, load_actor, refresh, sign_in
from grid.territory.types import (
    Appoint,
    Audience,
    ChangeState,
    GridRole,
    NewStaff,
    SignedIn,
    SignIn,
    StaffActor,
    StaffRole,
    SystemActor,
)
from tests.grid.territory.county import (
    PASSWORD,
    actor,
    add_grid,
    add_operator,
    add_staff,
    add_station,
    days_from,
    grant,
    today,
)

pytestmark = pytest.mark.usefixtures("committed")


def person(employee_no: str = "E0500", **more: object) -> NewStaff:
    return NewStaff(employee_no=employee_no, name="李四", phone="13900000000", **more)  # type: ignore[arg-type]


async def two_operators() -> tuple[StaffActor, StaffActor]:
    return await add_operator("E0001"), await add_operator("E0002")


async def approve(decider: StaffActor, change: object, proposer: StaffActor) -> DecidedChange:
    asked = await propose_staff_change(proposer, change)  # type: ignore[arg-type]
    return await decide_staff_change(decider, DecideStaffChange(change_id=asked.id, approve=True))


async def enter(issued: Credentials, password: str | None = None) -> SignedIn:
    code = None if issued.totp_secret is None else pyotp.TOTP(issued.totp_secret).now()
    command = SignIn(
        employee_no=issued.employee_no,
        password=password or issued.password or PASSWORD,
        device_id="d",
        code=code,
    )
    return await sign_in(command, Audience.PHONE, None)


# --- the first operator ---------------------------------------------------------------------------


async def test_the_first_operator_is_set_up_alone_and_once() -> None:
    issued = await first_operator(person("E0001"))
    signed_in = await enter(issued)
    assert signed_in.actor.must_change_password
    assert [post.role for post in signed_in.actor.roles] == [StaffRole.OPERATOR]
    with pytest.raises(FirstOperatorExists):
        await first_operator(person("E0002"))


async def test_two_first_operators_at_once_are_one() -> None:
    answers = await asyncio.gather(
        *(first_operator(person(f"E000{number}")) for number in range(3)), return_exceptions=True
    )
    assert sum(isinstance(answer, Credentials) for answer in answers) == 1
    assert await fetch_value("SELECT count(*) FROM staff") == 1


async def test_the_first_operator_has_no_other_post() -> None:
    with pytest.raises(Invalid):
        await first_operator(person("E0001", roles=[StaffRole.FINANCE]))


# --- two people -----------------------------------------------------------------------------------


async def test_S1_creating_a_person_takes_two_people() -> None:
    first, second = await two_operators()
    asked = await propose_staff_change(first, person(roles=[StaffRole.FINANCE]))
    assert await fetch_value("SELECT count(*) FROM staff WHERE employee_no = 'E0500'") == 0
    with pytest.raises(SamePerson):
        await decide_staff_change(first, DecideStaffChange(change_id=asked.id, approve=True))
    done = await decide_staff_change(second, DecideStaffChange(change_id=asked.id, approve=True))
    assert done.credentials is not None
    signed_in = await enter(done.credentials)
    assert signed_in.actor.second_factor
    grants = await fetch(
        "SELECT granted_by, approved_by FROM staff_role_grant WHERE role='finance'"
    )
    assert [tuple(row) for row in grants] == [("staff:E0001", "staff:E0002")]
    with pytest.raises(ChangeAlreadyDecided):
        await decide_staff_change(second, DecideStaffChange(change_id=asked.id, approve=True))


async def test_S1_nobody_decides_on_a_right_for_themselves() -> None:
    first, second = await two_operators()
    change = GrantRole(employee_no="E0002", role=StaffRole.FINANCE, from_day=await today())
    asked = await propose_staff_change(first, change)
    with pytest.raises(SamePerson):
        await decide_staff_change(second, DecideStaffChange(change_id=asked.id, approve=True))


async def test_S1_the_database_refuses_one_person_twice() -> None:
    first, _ = await two_operators()
    asked = await propose_staff_change(first, person())
    with pytest.raises(Exception, match="staff_change_two_people"):
        await execute(
            "UPDATE staff_change SET state = 'approved', decided_by = proposed_by WHERE id = $1",
            asked.id,
        )


async def test_two_deciders_at_once_carry_a_change_out_once() -> None:
    first, second = await two_operators()
    third = await add_operator("E0003")
    asked = await propose_staff_change(first, person())
    answers = await asyncio.gather(
        *(
            decide_staff_change(decider, DecideStaffChange(change_id=asked.id, approve=True))
            for decider in (second, third, second)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, DecidedChange) for answer in answers) == 1
    assert sum(isinstance(answer, ChangeAlreadyDecided) for answer in answers) == 2


async def test_the_proposer_may_take_a_change_back() -> None:
    first, second = await two_operators()
    asked = await propose_staff_change(first, person())
    (waiting,) = (await staff_changes(second)).items
    assert (waiting.id, waiting.proposed_by) == (asked.id, "staff:E0001")
    taken = await decide_staff_change(first, DecideStaffChange(change_id=asked.id, approve=False))
    assert taken == DecidedChange(id=asked.id, state=ChangeState.REFUSED)
    assert (await staff_changes(second)).items == []
    assert len((await staff_changes(second, ChangeState.REFUSED)).items) == 1


async def test_a_number_is_given_once() -> None:
    first, second = await two_operators()
    with pytest.raises(EmployeeNoTaken):
        await propose_staff_change(first, person("E0002"))
    asked = [await propose_staff_change(first, person()) for _ in range(2)]
    await decide_staff_change(second, DecideStaffChange(change_id=asked[0].id, approve=True))
    with pytest.raises(EmployeeNoTaken):
        await decide_staff_change(second, DecideStaffChange(change_id=asked[1].id, approve=True))
    assert len((await staff_changes(second)).items) == 1


async def test_a_command_line_asks_and_does_not_decide() -> None:
    _, second = await two_operators()
    asked = await propose_staff_change(SystemActor(name="cli"), person())
    done = await decide_staff_change(second, DecideStaffChange(change_id=asked.id, approve=True))
    assert done.state is ChangeState.APPROVED


async def test_posts_begin_and_end_on_their_day() -> None:
    first, second = await two_operators()
    await add_staff("E0300")
    day = await today()
    wanted = GrantRole(employee_no="E0300", role=StaffRole.DISPATCHER, from_day=day)
    await approve(second, wanted, first)
    with pytest.raises(AlreadyHasRole):
        await approve(second, wanted, first)
    end = EndRole(employee_no="E0300", role=StaffRole.DISPATCHER, until_day=days_from(day, 3))
    await approve(second, end, first)
    row = await fetch_one(
        "SELECT from_day, until_day FROM staff_role_grant WHERE role='dispatcher'"
    )
    assert row is not None
    assert tuple(row) == (day, days_from(day, 3))
    future = EndRole(employee_no="E0300", role=StaffRole.DISPATCHER, until_day=day)
    await approve(second, future, first)
    assert await fetch_value("SELECT count(*) FROM staff_role_grant WHERE role='dispatcher'") == 0
    with pytest.raises(NotFound):
        await approve(second, future, first)


async def test_what_has_been_is_not_changed() -> None:
    first, second = await two_operators()
    await add_staff("E0300")
    past = GrantRole(
        employee_no="E0300", role=StaffRole.CREW, from_day=days_from(await today(), -1)
    )
    with pytest.raises(Invalid) as refused:
        await approve(second, past, first)
    assert refused.value.field == "from_day"


async def test_a_first_second_factor_comes_with_the_post_that_needs_it() -> None:
    first, second = await two_operators()
    await add_staff("E0300")
    grant_finance = GrantRole(employee_no="E0300", role=StaffRole.FINANCE, from_day=await today())
    done = await approve(second, grant_finance, first)
    assert done.credentials is not None
    assert done.credentials.password is None
    assert (await enter(done.credentials)).actor.second_factor


async def test_a_reset_ends_every_session_and_renews_the_second_factor() -> None:
    first, second = await two_operators()
    station = await add_station()
    await add_staff("E0300", roles=(StaffRole.STATION_HEAD,), station_id=station)
    before = await sign_in(
        SignIn(employee_no="E0300", password=PASSWORD, device_id="d"), Audience.PHONE, None
    )
    done = await approve(second, ResetPassword(employee_no="E0300"), first)
    assert done.credentials is not None
    assert await load_actor(before.session_id) is None
    with pytest.raises(SignInRefused):
        await enter(done.credentials, PASSWORD)
    assert (await enter(done.credentials)).actor.must_change_password


# --- reach ----------------------------------------------------------------------------------------


async def test_a_station_head_reaches_the_station_and_nothing_above() -> None:
    here, there = await add_station("S1"), await add_station("S2")
    staff_id = await add_staff("E0100", station_id=here)
    head = actor(staff_id, "E0100", roles=((StaffRole.STATION_HEAD, here),))
    await add_staff("E0201", station_id=here)
    operator = await add_staff("E0202", station_id=here)
    await grant(operator, StaffRole.OPERATOR, None)
    await add_staff("E0203", station_id=there)
    day = await today()

    await propose_staff_change(head, person(station_code="S1", roles=[StaffRole.CREW]))
    await propose_staff_change(head, ResetPassword(employee_no="E0201"))
    for beyond in (
        person(station_code="S2"),
        person(station_code=None),
        person(station_code="S1", roles=[StaffRole.OPERATOR]),
        GrantRole(employee_no="E0201", role=StaffRole.CREW, from_day=day),
        GrantRole(employee_no="E0201", role=StaffRole.AUDITOR, station_code="S1", from_day=day),
        ResetPassword(employee_no="E0202"),
        ResetPassword(employee_no="E0203"),
    ):
        with pytest.raises(NotAllowed):
            await propose_staff_change(head, beyond)  # type: ignore[arg-type]
    for employee_no in ("E0202", "E0203"):
        with pytest.raises(NotAllowed):
            await disable_staff(head, employee_no, "left")


async def test_a_station_head_sees_the_changes_of_the_station_only() -> None:
    here, there = await add_station("S1"), await add_station("S2")
    await add_grid(here, "G1")
    await add_grid(there, "G2")
    staff_id = await add_staff("E0100", station_id=here)
    await add_staff("E0200", station_id=there)
    head = actor(staff_id, "E0100", roles=((StaffRole.STATION_HEAD, here),))
    first, second = await two_operators()
    day = await today()
    mine = [
        person("E0500", station_code="S1"),
        Appoint(grid_code="G1", employee_no="E0200", role=GridRole.ASSISTANT, from_day=day),
        ResetPassword(employee_no="E0100"),
    ]
    others = [
        person("E0600", station_code="S2"),
        person("E0700"),
        Appoint(grid_code="G2", employee_no="E0100", role=GridRole.ASSISTANT, from_day=day),
        ResetPassword(employee_no="E0200"),
    ]
    asked = [(await propose_staff_change(first, change)).id for change in (*mine, *others)]
    assert [view.id for view in (await staff_changes(head)).items] == asked[2::-1]
    assert [view.id for view in (await staff_changes(second)).items] == asked[::-1]
    page = await staff_changes(second, limit=4)
    rest = await staff_changes(second, cursor=page.next, limit=4)
    assert [view.id for view in (*page.items, *rest.items)] == asked[::-1]


async def test_without_the_second_factor_nobody_gives_rights() -> None:
    staff_id = await add_staff("E0001", roles=(StaffRole.OPERATOR,))
    weak = actor(staff_id, "E0001", roles=((StaffRole.OPERATOR, None),), second_factor=False)
    with pytest.raises(NotAllowed):
        await propose_staff_change(weak, person())
    with pytest.raises(NotAllowed, match="动态口令"):
        await staff_changes(weak)


# --- disabling ------------------------------------------------------------------------------------


async def test_disabling_ends_everything_in_one_transaction() -> None:
    first, _ = await two_operators()
    await add_staff("E0300")
    signed_in = [
        await sign_in(
            SignIn(employee_no="E0300", password=PASSWORD, device_id=f"d{number}"),
            Audience.PHONE,
            None,
        )
        for number in range(3)
    ]
    done = await disable_staff(first, "E0300", "left")
    assert (done.sessions_ended, done.grids_left_open) == (3, [])
    for session in signed_in:
        assert await load_actor(session.session_id) is None
        with pytest.raises(Refusal):
            await refresh(session.refresh_token)
    with pytest.raises(SignInRefused):
        await sign_in(
            SignIn(employee_no="E0300", password=PASSWORD, device_id="d"), Audience.PHONE, None
        )
    kinds = await fetch("SELECT kind FROM outbox_event ORDER BY id")
    assert [row["kind"] for row in kinds] == ["territory.SessionEnded"] * 3 + [
        "territory.StaffDisabled"
    ]
    with pytest.raises(NotFound):
        await disable_staff(first, "E0300", "left")


async def test_nobody_disables_themselves_or_the_last_operator() -> None:
    first, second = await two_operators()
    with pytest.raises(SamePerson):
        await disable_staff(first, "E0001", "left")
    await disable_staff(first, "E0002", "left")
    with pytest.raises(LastOperator):
        await disable_staff(SystemActor(name="cli"), "E0001", "left")
    assert second.employee_no == "E0002"


async def test_two_operators_who_disable_each_other_leave_one() -> None:
    first, second = await two_operators()
    answers = await asyncio.gather(
        disable_staff(first, "E0002", "x"),
        disable_staff(second, "E0001", "x"),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, LastOperator) for answer in answers) == 1
    assert await fetch_value("SELECT count(*) FROM staff WHERE state = 'active'") == 1


async def test_a_sign_in_that_races_with_disabling_never_stays_open() -> None:
    first, _ = await two_operators()
    await add_staff("E0300")
    answers = await asyncio.gather(
        *(
            sign_in(
                SignIn(employee_no="E0300", password=PASSWORD, device_id=f"d{number}"),
                Audience.PHONE,
                None,
            )
            for number in range(4)
        ),
        disable_staff(first, "E0300", "left"),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, SignedIn):
            assert await load_actor(answer.session_id) is None
    assert await fetch_value("SELECT count(*) FROM sign_in_session WHERE ended_at IS NULL") == 0


# --- one's own account ----------------------------------------------------------------------------


async def test_a_first_password_allows_nothing_but_being_changed() -> None:
    issued = await first_operator(person("E0001"))
    signed_in = await enter(issued)
    with pytest.raises(NotAllowed):
        await propose_staff_change(signed_in.actor, person())
    old = issued.password or ""
    await change_password(signed_in.actor, ChangePassword(old=old, new="新的密码 with 16 letters"))
    renewed = await load_actor(signed_in.session_id)
    assert renewed is not None
    assert not renewed.must_change_password
    await propose_staff_change(renewed, person())


async def test_changing_the_password_ends_the_other_sessions() -> None:
    await add_staff("E0300")
    one, two = [
        await sign_in(
            SignIn(employee_no="E0300", password=PASSWORD, device_id=f"d{number}"),
            Audience.PHONE,
            None,
        )
        for number in range(2)
    ]
    await change_password(two.actor, ChangePassword(old=PASSWORD, new="another-password"))
    assert await load_actor(one.session_id) is None
    assert await load_actor(two.session_id) is not None


@pytest.mark.parametrize("new", [PASSWORD, "xx-e0300-xx"])
async def test_a_new_password_is_new_and_not_the_number(new: str) -> None:
    staff_id = await add_staff("E0300")
    with pytest.raises(Invalid) as refused:
        await change_password(actor(staff_id, "E0300"), ChangePassword(old=PASSWORD, new=new))
    assert refused.value.field == "new"


async def test_the_old_password_cannot_be_guessed_here_either() -> None:
    staff_id = await add_staff("E0300")
    me = actor(staff_id, "E0300")
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await change_password(me, ChangePassword(old="wrong", new="another-password"))
    with pytest.raises(WrongPassword):
        await change_password(me, ChangePassword(old=PASSWORD, new="another-password"))
    assert await fetch_value("SELECT locked_until FROM staff") > machine_now()


async def test_relatives_are_declared_once_and_in_bounds() -> None:
    staff_id = await add_staff("E0300")
    me = actor(staff_id, "E0300")
    for account_no in (" 4200000001 ", "4200000001", "42a"):
        await declare_relative(me, account_no)
    assert await relatives_of(staff_id) == ["4200000001", "42A"]
    for wrong in ("", "x" * 21, "42 00", "户号", "42\x00"):
        with pytest.raises(Invalid):
            await declare_relative(me, wrong)
    for number in range(RELATIVES_MAX - 2):
        await declare_relative(me, f"5{number:03}")
    with pytest.raises(TooMany):
        await declare_relative(me, "6000")
