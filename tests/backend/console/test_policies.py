"""Limits on a page: seen with their source, tried on what is open, proposed and released."""

import re
from uuid import uuid4

import pytest

from backend.console.policies import kind_words, limit_words, narrowed_words
from backend.demo import DemoFacts
from grid.clocks.policies import SEEDS, Facts, limits_at
from grid.clocks.policy_changes import TARGETS_OF
from grid.clocks.policy_types import PolicyState, PolicyView
from grid.clocks.types import Hours, Target
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_value
from tests.support.console import NewBrowser, person_with

_PAGE = "/console/policies"
_FORM = {
    "kind": "fault_repair",
    "target": "arrive",
    "limit": "50",
    "unit": "minutes",
    "hours": "always",
    "place_class": "city",
    "source": "县公司第 5 号文件",
    "act": "propose",
}


def shown(limit_s: int, hours: Hours = Hours.ALWAYS, **more: str) -> PolicyView:
    nothing = {"station_code": None, "place_class": None, "priority": None, "tag": None}
    return PolicyView(
        id=None,
        kind="fault_repair",
        target=Target.ARRIVE,
        limit_s=limit_s,
        hours=hours,
        warn_percent=None,
        source="x",
        effective_from=SEEDS[0].effective_from,
        state=PolicyState.RELEASED,
        proposed_by=None,
        released_by=None,
        **{**nothing, **more},
    )


@pytest.mark.parametrize(
    ("limit_s", "hours", "words"),
    [
        (2700, Hours.ALWAYS, "45 分钟"),
        (90 * 60, Hours.ALWAYS, "90 分钟"),
        (7200, Hours.OFFICE, "2 小时"),
        (86_400, Hours.ALWAYS, "1 天"),
        (5 * 86_400, Hours.WORKDAYS, "5 个工作日"),
        (90, Hours.ALWAYS, "1.5 分钟"),
    ],
)
def test_a_limit_is_said_in_the_largest_unit_that_fits(
    limit_s: int, hours: Hours, words: str
) -> None:
    assert limit_words(shown(limit_s, hours)) == words


def test_every_kind_with_limits_has_words_and_a_policy_says_for_whom_it_holds() -> None:
    assert [kind for kind in TARGETS_OF if kind_words(kind) == kind] == []
    assert narrowed_words(shown(60)) == "全部"
    narrowed = shown(60, place_class="city", tag="medical", station_code="S1", priority="danger")
    assert narrowed_words(narrowed) == "供电所 S1 · 城区 · 危险 · 医疗用电"


async def test_two_people_change_a_limit(browser_of: NewBrowser, console_demo: DemoFacts) -> None:
    first, second = (one for one in console_demo.staff if "operator" in one.roles)
    proposer = await browser_of().sign_in(first)
    releaser = await browser_of().sign_in(second)
    assert "国家电网供电服务十项承诺" in await proposer.see(_PAGE)
    assert _PAGE in await proposer.see("/console/numbers")
    tried = await proposer.submit(_PAGE, _PAGE, **{**_FORM, "act": "preview"})
    assert tried.status_code == 200
    assert "还没有保存" in tried.text
    assert await fetch_value("SELECT count(*) FROM sla_policy") == 0
    sent = await proposer.submit(_PAGE, _PAGE, **_FORM)
    assert sent.status_code == 303, sent.text[:2000]
    draft = re.search(r"/console/policies/([0-9a-f-]{36})/withdraw", await proposer.see(_PAGE))
    assert draft is not None
    release = f"{_PAGE}/{draft[1]}/release"
    assert release not in await proposer.see(_PAGE), "one's own is not offered"
    own = await proposer.submit(release, _PAGE)
    assert own.status_code == 403
    facts = Facts("fault_repair", "city", "urgent")
    now = {one.target: one.limit_s for one in await limits_at(await business_now(), facts)}
    assert now[Target.ARRIVE] == 45 * 60
    done = await releaser.submit(release, _PAGE)
    assert done.status_code == 303
    now = {one.target: one.limit_s for one in await limits_at(await business_now(), facts)}
    assert now[Target.ARRIVE] == 50 * 60
    assert "50 分钟" in await releaser.see(_PAGE)
    assert (await releaser.submit(release, _PAGE)).status_code == 409
    await execute("DELETE FROM sla_policy")


async def test_bad_limits_are_named_and_kept_in_the_form(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    operator = await browser_of().sign_in(person_with(console_demo, "operator"))
    bad = [
        ({"limit": "0"}, "期限"),
        ({"limit": "soon"}, "期限应是整数"),
        ({"limit": "9999999"}, "期限应是整数"),
        ({"unit": "years"}, "期限应是整数"),
        ({"target": "callback"}, "没有这个时限"),
        ({"kind": "nothing"}, "没有这类事项"),
        ({"source": ""}, "依据"),
        ({"tag": "rich"}, "没有这个客户标签"),
        ({"warn_percent": "100"}, "临近提醒"),
        ({"station_code": "NOWHERE"}, "没有这个供电所"),
        ({"effective_from": "2001-01-01T00:00"}, "不能早于"),
        ({"effective_from": "soon"}, "格式不对"),
    ]
    for fields, words in bad:
        answer = await operator.submit(_PAGE, _PAGE, **{**_FORM, **fields})
        assert answer.status_code == 400, (fields, answer.status_code, answer.text[:500])
        assert words in answer.text, fields
    assert await fetch_value("SELECT count(*) FROM sla_policy") == 0
    assert (await operator.submit(f"{_PAGE}/{uuid4()}/release", _PAGE)).status_code == 404


async def test_a_station_head_acts_for_the_station_only(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    head = await browser_of().sign_in(person_with(console_demo, "station_head"))
    refused = await head.submit(_PAGE, _PAGE, **_FORM)
    assert refused.status_code == 403
    assert "县公司" in refused.text
    assert await fetch_value("SELECT count(*) FROM sla_policy") == 0


async def test_a_dispatcher_may_not(browser_of: NewBrowser, console_demo: DemoFacts) -> None:
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    await dispatcher.see(_PAGE, status=403)
