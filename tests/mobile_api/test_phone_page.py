"""The phone in a browser: a public shell that holds nothing, and files that run only as files."""

import re
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

import mobile_api.phone
from backend.http.pages import CONTENT_SECURITY_POLICY
from grid.clocks.types import PauseReason, PauseState, Target
from grid.customers.types import CustomerTagWord
from grid.evidence.types import EvidencePurpose, EvidenceState
from grid.outages.words import OutageKind, OutageState
from grid.supervision.types import Cause, Level, OrderState, SupervisionEvent
from grid.territory.types import GridRole, StaffRole
from grid.visits.words import CheckMethod, CheckOutcome, CheckReason, CheckState, Satisfaction
from grid.work_orders.times.types import CorrectedField
from grid.work_orders.words import (
    ArrivalGrade,
    ArrivalProof,
    CallbackOutcome,
    Channel,
    ComplaintClass,
    Priority,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)
from tests.house.application import built_application

FOLDER = Path(mobile_api.phone.__file__).parent
SCRIPTS = sorted(FOLDER.glob("*.js"))


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text inside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is not None:
            self.inline.append(data)

    def addresses(self) -> list[str]:
        named = [attrs.get("src") or attrs.get("href") for _, attrs in self.found]
        return [address for address in named if address and not address.startswith("#")]


@pytest.fixture
async def nobody() -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in, at a service that is no demo."""
    with built_application() as app:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as caller:
            yield caller


async def test_the_shell_is_served_to_everybody_under_the_strict_policy(
    nobody: httpx.AsyncClient,
) -> None:
    answer = await nobody.get("/phone")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert 'lang="zh-CN"' in answer.text
    assert "width=device-width" in answer.text


async def test_the_shell_runs_nothing_inline_and_fetches_nothing_from_elsewhere(
    nobody: httpx.AsyncClient,
) -> None:
    page = Elements((await nobody.get("/phone")).text)
    assert page.inline == []
    for tag, attrs in page.found:
        assert tag != "style"
        assert "style" not in attrs
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
    assert len(page.addresses()) >= 3
    for address in page.addresses():
        assert address.startswith("/phone/static/")
        assert (await nobody.get(address)).status_code == 200, address


async def test_only_a_demo_offers_to_pretend_a_place(client: httpx.AsyncClient) -> None:
    assert 'data-demo="yes"' in (await client.get("/phone")).text


async def test_a_real_station_offers_no_pretended_place(nobody: httpx.AsyncClient) -> None:
    page = (await nobody.get("/phone")).text
    assert 'data-demo="no"' in page
    assert "演示" not in page


async def test_files_are_kept_under_their_version_and_asked_for_under_any_other(
    nobody: httpx.AsyncClient,
) -> None:
    page = Elements((await nobody.get("/phone")).text)
    style = next(address for address in page.addresses() if address.endswith("phone.css"))
    kept = await nobody.get(style)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert kept.content == (FOLDER / "phone.css").read_bytes()
    old = await nobody.get("/phone/static/old/phone.css")
    assert old.headers["cache-control"] == "no-cache"
    assert old.headers["etag"] == kept.headers["etag"]
    same = await nobody.get(style, headers={"If-None-Match": f'"x", W/{kept.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    other = await nobody.get(style, headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.content) == (200, kept.content)


@pytest.mark.parametrize(
    "name", ["phone.html", "routes.py", "none.js", "..%2froutes.py", "__init__.py"]
)
async def test_nothing_but_the_pages_own_files_is_served(
    nobody: httpx.AsyncClient, name: str
) -> None:
    answer = await nobody.get(f"/phone/static/x/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_script_finds_what_it_imports(nobody: httpx.AsyncClient) -> None:
    assert len(SCRIPTS) >= 8
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        served = await nobody.get(f"/phone/static/x/{script.name}")
        assert served.headers["content-type"].startswith("text/javascript")
        for names, source in re.findall(r'import \{([^}]+)\} from "\./([\w.]+)"', text):
            exporting = (FOLDER / source).read_text(encoding="utf-8")
            for name in (one.strip() for one in names.split(",")):
                told = rf"export (?:async )?(?:const|function|class) {name}\b"
                assert re.search(told, exporting), f"{script.name}: {name} of {source}"
                assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{script.name}: {name} unused"


def test_no_script_turns_text_into_markup() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function"
        r"|setHTML|createContextualFragment|srcdoc|https?://"
    )
    for script in SCRIPTS:
        assert forbidden.findall(script.read_text(encoding="utf-8")) == [], script.name


def test_the_access_token_is_never_stored() -> None:
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        stored = re.findall(r"(\w+)Storage\.setItem\((\w+)", text)
        if script.name == "api.js":
            assert sorted(stored) == [
                ("local", "DEVICE"),
                ("session", "REFRESH"),
                ("session", "UNSENT"),
            ]
        else:
            assert stored == [], script.name
        assert "cookie" not in text


@pytest.mark.parametrize(
    ("file", "table", "codes"),
    [
        ("words", "STATES", WorkOrderState),
        ("words", "EVENTS", WorkOrderEvent),
        ("words", "PRIORITIES", Priority),
        ("words", "GRADES", ArrivalGrade),
        ("words", "PROOFS", ArrivalProof),
        ("words", "TAGS", CustomerTagWord),
        ("words", "TARGETS", Target),
        ("words", "KINDS", WorkOrderKind),
        ("words", "PURPOSES", EvidencePurpose),
        ("words", "EVIDENCE_STATES", EvidenceState),
        ("words", "PAUSES", PauseReason),
        ("words", "PAUSE_STATES", PauseState),
        ("words", "CORRECTED", CorrectedField),
        ("matter_words", "TICKET_KINDS", TicketKind),
        ("matter_words", "TICKET_STATES", TicketState),
        ("matter_words", "TICKET_EVENTS", TicketEvent),
        ("matter_words", "COMPLAINTS", ComplaintClass),
        ("matter_words", "CHANNELS", Channel),
        ("matter_words", "OUTCOMES", CallbackOutcome),
        ("matter_words", "LEVELS", Level),
        ("matter_words", "ORDER_STATES", OrderState),
        ("matter_words", "CAUSES", Cause),
        ("matter_words", "SUPERVISION_EVENTS", SupervisionEvent),
        ("matter_words", "OUTAGE_KINDS", OutageKind),
        ("matter_words", "OUTAGE_STATES", OutageState),
        ("matter_words", "SATISFACTIONS", Satisfaction),
        ("matter_words", "CHECK_STATES", CheckState),
        ("matter_words", "CHECK_REASONS", CheckReason),
        ("matter_words", "CHECK_METHODS", CheckMethod),
        ("matter_words", "CHECK_OUTCOMES", CheckOutcome),
        ("matter_words", "ROLES", [*GridRole, *StaffRole]),
    ],
)
def test_every_code_of_the_service_has_a_word(
    file: str, table: str, codes: Iterable[StrEnum]
) -> None:
    words = (FOLDER / f"{file}.js").read_text(encoding="utf-8")
    found = re.search(rf"export const {table} = \{{(.*?)\}};", words, re.DOTALL)
    assert found is not None
    named = set(re.findall(r'"?([\w-]+)"?: "', found[1]))
    assert named == {str(code) for code in codes}


def test_every_name_that_is_promised_to_tests_exists() -> None:
    shell = (FOLDER / "phone.html").read_text(encoding="utf-8")
    promised, page = shell.removeprefix("{#-").split("-#}", 1)
    written = page + "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    names = set(re.findall(r"#([a-z][a-z-]+)", promised))
    assert len(names) > 25
    missing = [
        name for name in names if not re.search(rf'(?:id|field): "{name}"|id="{name}"', written)
    ]
    assert missing == []
