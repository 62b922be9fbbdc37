"""One Chromium for a module, beside the console's web process."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.support.chromium import chromium
from tests.support.console import console_demo, console_valkey, console_web

__all__ = ["browser", "console_demo", "console_valkey", "console_web"]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser process of this module."""
    async with chromium() as opened:
        yield opened
