"""The company's numbers: one person proposes, another releases, the past keeps what it had."""

import re
from uuid import uuid4

from backend.console.number_words import TITLES
from backend.demo import DemoFacts
from grid.kit import dated_settings
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_value
from tests.support.console import NewBrowser, person_with

_NAME = "ticket_close_after_hours"
_PAGE = f"/console/numbers/{_NAME}"


def test_every_number_of_the_rooms_has_words() -> None:
    known = {one.name for one in dated_settings.definitions() if not one.name.startswith("test")}
    assert known - TITLES.keys() == set()


async def test_two_people_change_a_number(browser_of: NewBrowser, console_demo: DemoFacts) -> None:
    proposer = await browser_of().sign_in(person_with(console_demo, "operator"))
    releaser = await browser_of().sign_in(person_with(console_demo, "station_head"))
    assert TITLES[_NAME] in await proposer.see("/console/numbers")
    sent = await proposer.submit(_PAGE, _PAGE, value="36", source="县公司第 3 号文件")
    assert sent.status_code == 303
    draft = re.search(rf"{re.escape(_PAGE)}/([0-9a-f-]{{36}})/withdraw", await proposer.see(_PAGE))
    assert draft is not None
    assert await dated_settings.value_at(_NAME, await business_now()) == 24
    own = await proposer.submit(f"{_PAGE}/{draft[1]}/release", _PAGE)
    assert own.status_code == 403
    assert "提出人不能自己批准" in own.text
    done = await releaser.submit(f"{_PAGE}/{draft[1]}/release", _PAGE)
    assert done.status_code == 303
    assert await dated_settings.value_at(_NAME, await business_now()) == 36
    again = await releaser.submit(f"{_PAGE}/{draft[1]}/release", _PAGE)
    assert again.status_code == 409
    await execute("DELETE FROM dated_setting WHERE name = $1 AND proposed_by <> 'seed'", _NAME)


async def test_bad_values_are_named_and_kept_in_the_form(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    operator = await browser_of().sign_in(person_with(console_demo, "operator"))
    before = await fetch_value("SELECT count(*) FROM dated_setting")
    bad = [
        ({"value": "9999", "source": "依据说明"}, "应在"),
        ({"value": "many", "source": "依据说明"}, "新的数值"),
        ({"value": "30"}, "依据"),
        ({"value": "30", "source": "依据说明", "scope": "NOWHERE"}, "没有这个供电所"),
        ({"value": "30", "source": "依据说明", "effective_from": "2001-01-01T00:00"}, "不能早于"),
        ({"value": "30", "source": "依据说明", "effective_from": "soon"}, "格式不对"),
    ]
    for fields, words in bad:
        answer = await operator.submit(_PAGE, _PAGE, **fields)
        assert answer.status_code == 400, (fields, answer.text[:500])
        assert words in answer.text
    assert await fetch_value("SELECT count(*) FROM dated_setting") == before
    await operator.see("/console/numbers/nothing", status=404)
    gone = await operator.submit(f"{_PAGE}/{uuid4()}/release", _PAGE)
    assert gone.status_code == 404


async def test_a_dispatcher_may_not(browser_of: NewBrowser, console_demo: DemoFacts) -> None:
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    await dispatcher.see("/console/numbers", status=403)
    assert "/console/numbers" not in await dispatcher.see("/console/people")
