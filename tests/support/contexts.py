"""Run a piece of code as another request would: with no part in the transaction that is running."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def apart(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start `work` in a fresh context, so that it takes a connection of its own."""
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())
