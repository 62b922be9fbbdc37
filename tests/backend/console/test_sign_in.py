"""Signing in to the console: who gets in, what the cookie is, which forms are believed."""

from uuid import UUID

import pytest

from backend.console.session import COOKIE, DEVICE_COOKIE
from backend.console.sign_in import safe_next
from backend.demo import DemoFacts
from grid.kit.database import execute, fetch_value
from tests.support.console import NewBrowser, fresh_code, person_with

PAGE = "/console/sign-in"


async def test_the_page_binds_its_form_to_the_browser(browser_of: NewBrowser) -> None:
    answer = await browser_of().http.get(PAGE)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{DEVICE_COOKIE}=")
    for mark in ("HttpOnly", "SameSite=strict", "Path=/console"):
        assert mark in cookie
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_dispatcher_signs_in_and_out(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = browser_of()
    person = person_with(console_demo, "dispatcher")
    answer = await browser.submit(
        PAGE, PAGE, employee_no=person.employee_no, password=person.password
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console"
    cookie = next(
        one for one in answer.headers.get_list("Set-Cookie") if one.startswith(f"{COOKIE}=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/console" in cookie
    assert person.name in await browser.see("/console")
    kept = browser.http.cookies[COOKIE]
    out = await browser.submit("/console/sign-out", "/console/people")
    assert out.status_code == 303
    browser.http.cookies.set(COOKIE, kept, path="/console")
    again = await browser.http.get("/console/people")
    assert again.headers["Location"] == "/console/sign-in?next=%2Fconsole%2Fpeople"


async def test_a_wrong_password_keeps_the_name_and_never_the_password(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person = person_with(console_demo, "auditor")
    answer = await browser_of().submit(
        PAGE, PAGE, employee_no=person.employee_no, password="falsch-und-geheim"
    )
    assert answer.status_code == 401
    assert f'value="{person.employee_no}"' in answer.text
    assert "falsch-und-geheim" not in answer.text
    assert COOKIE not in answer.headers.get("Set-Cookie", "").split("=")[0]


async def test_a_post_with_rights_over_roles_needs_the_code(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person, browser = person_with(console_demo, "operator"), browser_of()
    fields = {"employee_no": person.employee_no, "password": person.password}
    answer = await browser.submit(PAGE, PAGE, **fields)
    assert answer.status_code == 401
    assert "动态口令" in answer.text
    assert person.password not in answer.text
    wrong = await browser.submit(PAGE, PAGE, **fields, code="000000")
    assert wrong.status_code == 401
    right = await browser.submit(PAGE, PAGE, **fields, code=await fresh_code(person))
    assert right.status_code == 303


async def test_a_script_is_told_in_the_one_problem_shape(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person, browser = person_with(console_demo, "back_office"), browser_of()
    token = await browser.token()
    headers = {"X-CSRF-Token": token, "Accept": "application/json"}
    fields = {"employee_no": person.employee_no, "password": person.password}
    answer = await browser.http.post(PAGE, data=fields, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_needed")
    fields["code"] = await fresh_code(person)
    answer = await browser.http.post(PAGE, data=fields, headers=headers)
    assert answer.json() == {"location": "/console"}
    assert COOKIE in browser.http.cookies


async def test_somebody_without_a_console_post_is_told_so(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person = next(one for one in console_demo.staff if one.roles == ["manager"])
    answer = await browser_of().submit(
        PAGE, PAGE, employee_no=person.employee_no, password=person.password
    )
    assert answer.status_code == 403
    assert "手机端" in answer.text


@pytest.mark.parametrize(
    ("headers", "with_token"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"X-CSRF-Token": "c1.forged"}, True),
    ],
)
async def test_a_foreign_form_is_refused(
    browser_of: NewBrowser,
    console_demo: DemoFacts,
    headers: dict[str, str],
    with_token: bool,
) -> None:
    person, browser = person_with(console_demo, "dispatcher"), browser_of()
    token = await browser.token()
    fields = {"employee_no": person.employee_no, "password": person.password}
    fields |= {"csrf_token": token} if with_token else {}
    answer = await browser.http.post(PAGE, data=fields, headers=headers)
    assert answer.status_code == 403
    assert "页面已过期" in answer.text
    assert COOKIE not in browser.http.cookies


async def test_the_token_of_another_browser_is_refused(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person, mine, other = person_with(console_demo, "dispatcher"), browser_of(), browser_of()
    await mine.token()
    fields = {"employee_no": person.employee_no, "password": person.password}
    answer = await mine.http.post(PAGE, data={**fields, "csrf_token": await other.token()})
    assert answer.status_code == 403


async def test_a_session_planted_before_the_sign_in_is_worth_nothing_after_it(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    attacker = await browser_of().sign_in(person_with(console_demo, "auditor"))
    planted = attacker.http.cookies[COOKIE]
    victim = browser_of()
    token = await victim.token()
    victim.http.cookies.set(COOKIE, planted, path="/console")
    person = person_with(console_demo, "dispatcher")
    answer = await victim.http.post(
        PAGE,
        data={
            "csrf_token": token,
            "employee_no": person.employee_no,
            "password": person.password,
        },
    )
    assert answer.status_code == 303
    issued = answer.cookies[COOKIE]
    assert issued != planted
    # The planted session ended; it can neither follow the victim nor go on by itself.
    assert (await attacker.http.get("/console/people")).status_code == 303


@pytest.mark.parametrize("change", ["signature", "kid", "session", "nothing", "garbage"])
async def test_only_our_own_cookie_is_believed(
    browser_of: NewBrowser, console_demo: DemoFacts, change: str
) -> None:
    browser = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    kid, session, signature = browser.http.cookies[COOKIE].rsplit(".", 2)
    forged = {
        "signature": f"{kid}.{session}.{signature[::-1]}",
        "kid": f"other.{session}.{signature}",
        "session": f"{kid}.{UUID(int=7).hex}.{signature}",
        "nothing": "",
        "garbage": "x" * 5000,
    }[change]
    other = browser_of()
    other.http.cookies.set(COOKIE, forged, path="/console")
    answer = await other.http.get("/console/people")
    assert (answer.status_code, answer.headers["Location"][:16]) == (303, "/console/sign-in")


async def test_a_disabled_person_sees_nothing_more(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person = person_with(console_demo, "auditor")
    browser = await browser_of().sign_in(person)
    await browser.see("/console/people")
    await execute("UPDATE staff SET state = 'disabled' WHERE employee_no = $1", person.employee_no)
    try:
        await browser.see("/console/people", 303)
        live = await browser.http.get("/console/live", headers={"Accept": "text/event-stream"})
        assert live.status_code == 401
    finally:
        await execute(
            "UPDATE staff SET state = 'active' WHERE employee_no = $1", person.employee_no
        )


async def test_a_first_password_opens_only_the_page_that_changes_it(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    person = person_with(console_demo, "finance")
    before = await fetch_value(
        "SELECT password_hash FROM staff WHERE employee_no = $1", person.employee_no
    )
    await execute(
        "UPDATE staff SET must_change_password = true WHERE employee_no = $1", person.employee_no
    )
    try:
        browser = await browser_of().sign_in(person)
        moved = await browser.http.get("/console/customers")
        assert (moved.status_code, moved.headers["Location"]) == (303, "/console/password")
        token = await browser.token("/console/password")
        told = await browser.http.get("/console/alarms", headers={"X-CSRF-Token": token})
        assert told.json()["code"] == "password_must_change"
        fields = {"old": person.password, "new": "ganz-neu-48213", "again": "ganz-neu-48214"}
        bad = await browser.submit("/console/password", "/console/password", **fields)
        assert bad.status_code == 400
        assert "ganz-neu" not in bad.text
        fields["again"] = fields["new"]
        good = await browser.submit("/console/password", "/console/password", **fields)
        assert good.status_code == 303
        await browser.see("/console/customers")
    finally:
        await execute(
            "UPDATE staff SET must_change_password = false, password_hash = $2"
            " WHERE employee_no = $1",
            person.employee_no,
            before,
        )


async def test_tries_from_one_address_run_out(browser_of: NewBrowser) -> None:
    browser = browser_of()
    token = await browser.token()
    fields = {"csrf_token": token, "employee_no": "NIEMAND", "password": "x"}
    seen = [(await browser.http.post(PAGE, data=fields)).status_code for _ in range(32)]
    assert seen[0] == 401
    assert seen[-1] == 429


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/console//evil.example",
        "/consolex",
        "/console/\\evil.example",
        "/console/\nX",
        "javascript:alert(1)",
        "/api/v1/me",
        "/console/" + "x" * 400,
        None,
    ],
)
def test_signing_in_leads_nowhere_else(wanted: str | None) -> None:
    assert safe_next(wanted) == "/console"


def test_signing_in_leads_back_to_a_page_of_the_console() -> None:
    assert safe_next("/console/customers?q=%E5%BC%A0") == "/console/customers?q=%E5%BC%A0"
    assert safe_next("/console?late=1") == "/console?late=1"
