"""Photos on the pages of jobs and tickets: small pictures, the copy, for few the original."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from backend.blob_folder import BlobFolder
from backend.demo import DemoFacts
from backend.embedded import EmbeddedValkey
from grid.evidence.store import use_store
from grid.evidence.types import AttachEvidence, EvidencePurpose
from grid.kit.database import execute, fetch_one, fetch_value
from grid.territory.types import Audience, StaffActor
from grid.work_orders.on_site.evidence import attach_evidence
from grid.work_orders.tickets.evidence import attach_to_ticket
from tests.grid.evidence.pictures import photo_with_place
from tests.grid.evidence.scene import send, work
from tests.support.console import Browser, person_with, told_by_phone
from tests.support.serving import serving, web_settings
from tests.support.staff import actor_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "blobs"


@pytest.fixture(scope="module")
async def address(
    database_url: str,
    console_valkey: EmbeddedValkey,
    console_demo: DemoFacts,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[str]:
    """A web process whose files lie in the folder."""
    values = web_settings(database_url, console_valkey.url) | {"WANGGE_BLOB_DIR": str(folder)}
    async with serving(values, tmp_path_factory.mktemp("web") / "web.log") as base_url:
        yield base_url


@pytest.fixture(autouse=True)
async def store(folder: Path) -> AsyncIterator[None]:
    use_store(BlobFolder(folder, reserve_bytes=0))
    yield
    use_store(None)


async def author_of(job: UUID) -> StaffActor:
    """The dispatcher who took the job; they may attach to it."""
    row = await fetch_one("SELECT * FROM work_order WHERE id = $1", job)
    assert row is not None
    manager = await fetch_value(
        "SELECT staff FROM grid_appointment WHERE grid = $1 AND role = 'manager' LIMIT 1",
        row["grid"],
    )
    return await actor_of(manager, audience=Audience.PHONE)


async def photographed(job: UUID, content: bytes) -> tuple[str, str]:
    """A photo of a job as the manager sends it; its own name, and that of its copy."""
    actor = await author_of(job)
    sha256 = await send(actor, content)
    command = AttachEvidence(sha256=sha256, purpose=EvidencePurpose.SITE_PHOTO, note="<b>杆</b>")
    await attach_evidence(actor, job, command)
    await work(sha256)
    copy = await fetch_value("SELECT copy_sha256 FROM blob WHERE sha256 = $1", sha256)
    assert copy != sha256
    return sha256, str(copy)


SignIn = Callable[[str], Awaitable[Browser]]


@pytest.fixture
async def signed_in(address: str, console_demo: DemoFacts) -> AsyncIterator[SignIn]:
    """A browser with somebody signed in who holds a role; closed after the test."""
    opened: list[Browser] = []

    async def sign_in(role: str) -> Browser:
        opened.append(Browser(address))
        return await opened[-1].sign_in(person_with(console_demo, role))

    yield sign_in
    for browser in opened:
        await browser.http.aclose()


async def test_a_job_shows_small_pictures_and_gives_the_copy(
    signed_in: SignIn, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "断线", 30)
    original, copy = await photographed(job, photo_with_place(81))
    office = await signed_in("dispatcher")
    page = await office.see(f"/console/work-orders/{job}")
    assert f'<img src="/console/evidence/{copy}?size=thumb" alt="现场照片"' in page
    assert "现场资料（1 份）" in page
    assert "&lt;b&gt;杆&lt;/b&gt;" in page
    assert original not in page, "the original is not for everybody"
    for query in ("", "?size=thumb"):
        shown = await office.http.get(f"/console/evidence/{copy}{query}")
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "image/jpeg"
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in shown.headers["cache-control"]
        assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert shown.content.startswith(b"\xff\xd8")
        assert b"secret words of the camera" not in shown.content
    refused = await office.http.get(f"/console/evidence/{original}")
    assert refused.status_code == 403
    read = "SELECT count(*) FROM audit_entry WHERE action = 'evidence.read' AND subject = $1"
    assert await fetch_value(read, original) == 2


async def test_the_original_is_for_the_auditor_and_nobody_elses_is_shown(
    signed_in: SignIn, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "断线", 31)
    original, copy = await photographed(job, photo_with_place(82))
    auditor = await signed_in("auditor")
    assert f"/console/evidence/{original}" in await auditor.see(f"/console/work-orders/{job}")
    shown = await auditor.http.get(f"/console/evidence/{original}")
    assert b"secret words of the camera" in shown.content
    finance = await signed_in("finance")
    for name in (original, copy, "0" * 64, "zz", copy.upper()):
        assert (await finance.http.get(f"/console/evidence/{name}")).status_code == 404, name
    finance.http.cookies.clear()
    away = await finance.http.get(f"/console/evidence/{copy}")
    assert away.status_code == 303


async def test_a_photo_used_twice_is_flagged_with_the_way_to_the_other(
    signed_in: SignIn, console_demo: DemoFacts
) -> None:
    first = await told_by_phone(console_demo, "断线", 32)
    second = await told_by_phone(console_demo, "断线", 33)
    await photographed(first, photo_with_place(83))
    await photographed(second, photo_with_place(83))
    office = await signed_in("dispatcher")
    page = await office.see(f"/console/work-orders/{second}")
    assert "与别处照片相同或很像" in page
    assert f'href="/console/work-orders/{first}"' in page


async def test_a_ticket_shows_what_was_attached_to_it(
    signed_in: SignIn, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "断线", 34)
    ticket = await fetch_value("SELECT ticket FROM work_order WHERE id = $1", job)
    actor = await author_of(job)
    sha256 = await send(actor, photo_with_place(84))
    command = AttachEvidence(sha256=sha256, purpose=EvidencePurpose.DOCUMENT)
    await attach_to_ticket(actor, ticket, command)
    office = await signed_in("dispatcher")
    assert "已传到，正在处理" in await office.see(f"/console/tickets/{ticket}")
    await work(sha256)
    copy = await fetch_value("SELECT copy_sha256 FROM blob WHERE sha256 = $1", sha256)
    assert f"/console/evidence/{copy}?size=thumb" in await office.see(f"/console/tickets/{ticket}")
    await execute("DELETE FROM blob_upload")
