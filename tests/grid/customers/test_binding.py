"""Binding an account in WeChat: proofs, limits, defaults."""

import asyncio
from datetime import timedelta

import pytest
from asyncpg.connection import LoggedQuery

from grid.customers.binding import (
    AlreadyBound,
    BindingRefused,
    TooManyAccounts,
    account_for_link,
    bind_wechat,
    follow,
    follower_seen,
    links_of,
    set_default,
    unbind_wechat,
    unfollow,
)
from grid.customers.policies import binding_limits
from grid.customers.schedule import prune_tries
from grid.customers.types import BindWechat, LinkTrust, LinkView
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, transaction
from grid.kit.refusals import NotFound, Refusal
from grid.territory.types import CustomerActor
from tests.grid.customers.households import add_account, add_grounds

pytestmark = pytest.mark.usefixtures("committed")

FARMER = CustomerActor(openid="o-farmer")
STRANGER = CustomerActor(openid="o-stranger")


def proofs(
    account_no: str = "4200000001", name: str = "田文光", meter_no: str | None = None
) -> BindWechat:
    return BindWechat(account_no=account_no, name=name, meter_no=meter_no or f"M{account_no}")


async def answer_to(actor: CustomerActor, command: BindWechat) -> str:
    try:
        await bind_wechat(actor, command)
    except Refusal as refusal:
        return refusal.code
    return "bound"


async def test_three_proofs_bind_with_the_trust_to_pay_and_report() -> None:
    account_id = await add_account(await add_grounds(), "4200000001")
    link = await bind_wechat(FARMER, proofs(" 4200000001 ", "田 文光", "m4200000001"))
    assert (link.account_no, link.trust, link.is_default) == (
        "4200000001",
        LinkTrust.PAY_AND_REPORT,
        True,
    )
    linked = await account_for_link("o-farmer")
    assert linked is not None
    assert linked.account_id == account_id
    assert linked == await account_for_link("o-farmer", "4200000001")


WRONG = [
    proofs(account_no="4299999999", meter_no="M4200000001"),
    proofs(name="田文亮"),
    proofs(meter_no="M4200000002"),
    proofs(name="\x00\ud800"),
    proofs(account_no="\x00" * 60),
    proofs(account_no="-", name="-", meter_no="-"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
async def test_P1_a_stranger_learns_nothing_from_a_refusal(wrong: BindWechat) -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    await add_account(grounds, "4200000002", "覃章霞")
    with pytest.raises(BindingRefused) as refused:
        await bind_wechat(STRANGER, wrong)
    assert (refused.value.detail, refused.value.facts) == (BindingRefused.title, {})
    assert await links_of("o-stranger") == []
    assert await account_for_link("o-stranger", "4200000001") is None
    assert await account_for_link("o-stranger", "4299999999") is None
    assert await account_for_link("o-stranger") is None


async def test_P1_a_closed_account_and_a_removed_meter_are_refused_alike() -> None:
    grounds = await add_grounds()
    await add_account(grounds, "4200000001")
    await add_account(grounds, "4200000002")
    await execute("UPDATE service_account SET state = 'closed' WHERE account_no = '4200000001'")
    await execute("UPDATE meter SET removed_on = installed_on WHERE meter_no = 'M4200000002'")
    assert await answer_to(FARMER, proofs("4200000001")) == "binding_refused"
    assert await answer_to(FARMER, proofs("4200000002")) == "binding_refused"


async def test_P1_unknown_and_wrong_take_the_same_statements() -> None:
    await add_account(await add_grounds(), "4200000001")
    shapes = []
    for wrong in (proofs("4299999999"), proofs(name="别人"), proofs(meter_no="X")):
        async with transaction() as running:
            statements: list[LoggedQuery] = []
            with running.connection.query_logger(statements.append):
                await answer_to(STRANGER, wrong)
            await running.rollback()
        shapes.append([statement.query for statement in statements])
    assert shapes[0] == shapes[1] == shapes[2]


async def test_a_failed_try_stays_counted_although_the_verb_refuses() -> None:
    await add_account(await add_grounds(), "4200000001")
    for _ in range(5):
        assert await answer_to(FARMER, proofs(name="别人")) == "binding_refused"
    assert await answer_to(FARMER, proofs()) == "too_many_tries"
    assert await fetch_value("SELECT count(*) FROM binding_try") == 5


async def test_a_failed_try_stays_counted_in_a_callers_transaction() -> None:
    await add_account(await add_grounds(), "4200000001")
    async with transaction():
        assert await answer_to(FARMER, proofs(name="别人")) == "binding_refused"
    assert await fetch_value("SELECT count(*) FROM binding_try WHERE NOT succeeded") == 1


async def test_five_tries_on_an_account_are_counted_over_all_users() -> None:
    await add_account(await add_grounds(), "4200000001")
    for number in range(5):
        await answer_to(CustomerActor(openid=f"o-{number}"), proofs(name="别人"))
    assert await answer_to(FARMER, proofs()) == "too_many_tries"
    assert await answer_to(FARMER, proofs("4299999999")) == "binding_refused"
    await advance(86_401)
    assert await answer_to(FARMER, proofs()) == "bound"


async def test_tries_are_forgotten_after_an_hour() -> None:
    await add_account(await add_grounds(), "4200000001")
    for number in range(5):
        await answer_to(FARMER, proofs(f"429999999{number}"))
    assert await answer_to(FARMER, proofs()) == "too_many_tries"
    await advance(3601)
    assert await answer_to(FARMER, proofs()) == "bound"


async def test_P1_the_limit_is_the_same_for_numbers_that_nobody_has() -> None:
    for number in range(5):
        await answer_to(CustomerActor(openid=f"o-{number}"), proofs("4299999999"))
    assert await answer_to(FARMER, proofs("4299999999")) == "too_many_tries"


async def test_parallel_guesses_get_five_tries_and_no_more() -> None:
    await add_account(await add_grounds(), "4200000001")
    answers = await asyncio.gather(
        *(answer_to(STRANGER, proofs(name=f"人{number}")) for number in range(12))
    )
    assert answers.count("binding_refused") == 5
    assert answers.count("too_many_tries") == 7


async def test_parallel_guesses_of_many_users_on_one_account_get_five_tries() -> None:
    await add_account(await add_grounds(), "4200000001")
    answers = await asyncio.gather(
        *(
            answer_to(CustomerActor(openid=f"o-{number}"), proofs(name="别人"))
            for number in range(12)
        )
    )
    assert answers.count("binding_refused") == 5
    assert answers.count("too_many_tries") == 7


async def test_two_right_binds_in_parallel_make_one_link() -> None:
    await add_account(await add_grounds(), "4200000001")
    answers = await asyncio.gather(*(answer_to(FARMER, proofs()) for _ in range(4)))
    assert sorted(answers) == ["already_bound"] * 3 + ["bound"]
    assert await fetch_value("SELECT count(*) FROM wechat_link") == 1


async def test_two_accounts_bound_in_parallel_have_one_default() -> None:
    grounds = await add_grounds()
    wanted = [f"42000000{number:02}" for number in range(4)]
    for account_no in wanted:
        await add_account(grounds, account_no)
    answers = await asyncio.gather(*(answer_to(FARMER, proofs(number)) for number in wanted))
    assert answers == ["bound"] * 4
    assert [link.is_default for link in await links_of("o-farmer")] == [True, False, False, False]


async def test_a_bound_account_is_said_to_be_bound_to_who_proves_it() -> None:
    await add_account(await add_grounds(), "4200000001")
    await bind_wechat(FARMER, proofs())
    with pytest.raises(AlreadyBound):
        await bind_wechat(FARMER, proofs())
    assert isinstance(await bind_wechat(STRANGER, proofs()), LinkView)


async def test_accounts_per_user_are_limited() -> None:
    grounds = await add_grounds()
    limit = (await binding_limits(await business_now())).accounts
    for number in range(limit + 1):
        await add_account(grounds, f"42000000{number:02}")
    for number in range(limit):
        await bind_wechat(FARMER, proofs(f"42000000{number:02}"))
    with pytest.raises(TooManyAccounts):
        await bind_wechat(FARMER, proofs(f"42000000{limit:02}"))


async def test_unbinding_keeps_history_and_moves_the_default() -> None:
    grounds = await add_grounds()
    for number in ("4200000001", "4200000002", "4200000003"):
        await add_account(grounds, number)
        await bind_wechat(FARMER, proofs(number))
    await set_default(FARMER, "4200000002")
    assert (await links_of("o-farmer"))[0].account_no == "4200000002"
    await unbind_wechat(FARMER, "4200000002")
    links = await links_of("o-farmer")
    assert [(link.account_no, link.is_default) for link in links] == [
        ("4200000003", True),
        ("4200000001", False),
    ]
    assert await account_for_link("o-farmer", "4200000002") is None
    assert await fetch_value("SELECT count(*) FROM wechat_link") == 3
    assert await answer_to(FARMER, proofs("4200000002")) == "bound"


@pytest.mark.parametrize("account_no", ["4200000001", "4299999999", "\x00"])
async def test_P1_what_is_not_bound_cannot_be_unbound_or_preferred(account_no: str) -> None:
    await add_account(await add_grounds(), "4200000001")
    await bind_wechat(FARMER, proofs())
    for verb in (unbind_wechat, set_default):
        with pytest.raises(NotFound) as refused:
            await verb(STRANGER, account_no)
        assert refused.value.detail == "没有绑定这个户号"
    assert len(await links_of("o-farmer")) == 1


async def test_P1_neither_name_nor_meter_stands_in_the_audit_trail() -> None:
    await add_account(await add_grounds(), "4200000001")
    await answer_to(STRANGER, proofs(name="错误的人"))
    await answer_to(FARMER, proofs())
    rows = await fetch("SELECT actor, action, subject, facts::text AS facts FROM audit_entry")
    assert {row["action"] for row in rows} == {"customers.bind_refused", "customers.bound"}
    text = " ".join(str(value) for row in rows for value in row.values())
    assert not any(word in text for word in ("错误的人", "田文光", "M4200000001"))


async def test_followers_come_go_and_write() -> None:
    await follow("o-farmer")
    await unfollow("o-farmer")
    row = await fetch_one("SELECT * FROM wechat_follower")
    assert row is not None
    assert row["unfollowed_at"] is not None
    await follow("o-farmer")
    seen = await fetch_value("SELECT last_seen_at FROM wechat_follower")
    await follower_seen("o-farmer")
    row = await fetch_one("SELECT * FROM wechat_follower")
    assert row is not None
    assert (row["unfollowed_at"], row["last_seen_at"]) == (None, seen)
    await advance(61)
    await follower_seen("o-farmer")
    assert await fetch_value("SELECT last_seen_at FROM wechat_follower") - seen > timedelta(
        seconds=60
    )
    await follower_seen("o-new")
    assert await fetch_value("SELECT count(*) FROM wechat_follower") == 2


async def test_tries_are_forgotten_after_a_month() -> None:
    await answer_to(STRANGER, proofs())
    await prune_tries()
    assert await fetch_value("SELECT count(*) FROM binding_try") == 1
    await advance(32 * 86_400)
    await prune_tries()
    assert await fetch_value("SELECT count(*) FROM binding_try") == 0
