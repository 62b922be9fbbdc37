"""A headless Chromium that tells everything it complains about."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = (1280, 800)
PHONE = (360, 740)

#: Marks a test that needs a browser, and skips it with the reason where there is none.
needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


class Watched:
    """A page and everything that went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("requestfailed", lambda sent: self._failed(sent.url, sent.failure or ""))
        page.on("request", lambda sent: self.requests.append(sent.url))
        page.on("dialog", self._dialog)

    def _console(self, message: "object") -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind in ("error", "warning", "assert"):
            self.complaints.append(f"console {kind}: {text}")

    def _failed(self, url: str, failure: str) -> None:
        # A page that is left ends its own requests.
        if "ERR_ABORTED" not in failure:
            self.complaints.append(f"request {url}: {failure}")

    async def _dialog(self, dialog: "object") -> None:
        self.complaints.append(f"dialog: {getattr(dialog, 'message', '')}")
        await dialog.dismiss()  # type: ignore[attr-defined]

    def elsewhere(self, base_url: str) -> list[str]:
        """Requests that left our own address."""
        ours = (f"{base_url}/", "data:", "about:", "blob:")
        return [url for url in self.requests if not url.startswith(ours)]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser process."""
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def watched_page(
    browser: Browser, base_url: str, size: tuple[int, int] = DESK, address: str = "10.30.0.1"
) -> AsyncIterator[Watched]:
    """A page in a fresh profile of its own size."""
    context = await browser.new_context(
        base_url=base_url,
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN",
        extra_http_headers={"X-Forwarded-For": address},
    )
    context.set_default_timeout(15_000)
    try:
        yield Watched(await context.new_page())
    finally:
        await context.close()
