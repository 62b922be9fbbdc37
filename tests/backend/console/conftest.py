"""The console's own web process; its fixtures are shared with the browser tests."""

from tests.support.console import (
    browser_of,
    console_demo,
    console_valkey,
    console_web,
)

__all__ = ["browser_of", "console_demo", "console_valkey", "console_web"]
