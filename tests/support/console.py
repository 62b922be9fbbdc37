"""The console as a browser meets it: a real web process on the test database, and people in it."""

import re
import tempfile
from collections.abc import AsyncIterator, Callable
from html import unescape
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import pyotp
import pytest

from backend.demo import DemoFacts, seed
from backend.demo.ready import DemoStaffFact
from backend.embedded import EmbeddedPostgres, EmbeddedValkey
from grid.kit.database import execute, fetch_one
from grid.territory.types import Audience
from grid.work_orders.intake import report_fault
from grid.work_orders.tickets.types import ReportFault
from grid.work_orders.words import Channel
from tests.conftest import empty_tables
from tests.support.serving import TEST_SECRET, serving, web_settings
from tests.support.staff import actor_of

#: Every client comes from an address of its own, so that sign-in budgets do not meet.
_addresses = count(1)


@pytest.fixture(scope="module")
async def console_valkey() -> AsyncIterator[EmbeddedValkey]:
    """A Valkey of this module."""
    with tempfile.TemporaryDirectory(prefix="wangge-test-") as place:
        async with EmbeddedValkey(Path(place) / "home") as server:
            yield server


@pytest.fixture(scope="module")
async def console_demo(pool: None, postgres: EmbeddedPostgres) -> AsyncIterator[DemoFacts]:
    """容美镇 with two hundred customers, emptied after the module."""
    facts = await seed(
        customers=200,
        seed=422828,
        progress=lambda words, done: None,
        home_secret=TEST_SECRET.encode(),
    )
    yield facts
    await empty_tables(postgres.owner_url)


@pytest.fixture(scope="module")
async def console_web(
    database_url: str,
    console_valkey: EmbeddedValkey,
    console_demo: DemoFacts,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[str]:
    """The address of a web process."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    async with serving(web_settings(database_url, console_valkey.url), log) as base_url:
        yield base_url


def person_with(demo: DemoFacts, role: str) -> DemoStaffFact:
    """The first demo colleague with a post."""
    return next(person for person in demo.staff if role in person.roles)


def fresh_address() -> str:
    """An address that nobody has tried from."""
    return f"10.20.{next(_addresses)}.1"


class Browser:
    """A browser without scripts: keeps cookies, finds the token of a form, sends it."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Accept": "text/html", "X-Forwarded-For": fresh_address()},
            timeout=30,
        )

    async def see(self, path: str, status: int = 200) -> str:
        """The page at a path; its status must be as expected."""
        answer = await self.http.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return answer.text

    async def token(self, path: str = "/console/sign-in") -> str:
        """The proof that the forms of a page carry."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', await self.see(path))
        assert found is not None
        return unescape(found[1])

    async def submit(self, path: str, page: str, **fields: str) -> httpx.Response:
        """Fill in a form of `page` and send it to `path`."""
        token = await self.token(page)
        return await self.http.post(path, data={"csrf_token": token, **fields})

    async def sign_in(self, person: DemoStaffFact) -> "Browser":
        """Sign in as somebody, with the code where there is one."""
        code = {} if person.totp_secret is None else {"code": await fresh_code(person)}
        answer = await self.submit(
            "/console/sign-in",
            "/console/sign-in",
            employee_no=person.employee_no,
            password=person.password,
            **code,
        )
        assert answer.status_code == 303, answer.text[:2000]
        return self

    async def close(self) -> None:
        await self.http.aclose()


async def fresh_code(person: DemoStaffFact) -> str:
    """The six digits of now; earlier sign-ins of the same half minute are forgotten."""
    assert person.totp_secret is not None
    await execute(
        "UPDATE staff SET totp_last_step = NULL WHERE employee_no = $1", person.employee_no
    )
    return pyotp.TOTP(person.totp_secret).now()


NewBrowser = Callable[[], Browser]


@pytest.fixture
async def browser_of(console_web: str) -> AsyncIterator[NewBrowser]:
    """Makes browsers that are closed with the test."""
    opened: list[Browser] = []

    def make() -> Browser:
        opened.append(Browser(console_web))
        return opened[-1]

    yield make
    for browser in opened:
        await browser.close()


async def told_by_phone(
    demo: DemoFacts, description: str, account: int = 0, *, danger: bool = False
) -> UUID:
    """A fault that a dispatcher took by telephone; gives the job's id."""
    row = await fetch_one(
        "SELECT id FROM staff WHERE employee_no = $1", person_with(demo, "dispatcher").employee_no
    )
    assert row is not None
    ticket = await report_fault(
        await actor_of(row["id"], audience=Audience.CONSOLE),
        ReportFault(
            description=description,
            channel=Channel.PHONE,
            account_no=demo.customers[account].account_no,
            danger=danger,
        ),
    )
    assert ticket.work_order_id is not None
    return ticket.work_order_id
