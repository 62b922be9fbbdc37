"""Budgets count together over processes, and count on when Valkey is down."""

import asyncio
from pathlib import Path

import pytest

from backend.embedded import EmbeddedValkey
from backend.http.budgets import Budgets
from grid.kit.refusals import TooMany


async def test_fifty_at_once_get_exactly_the_limit(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "home") as valkey:
        processes = [Budgets(valkey.url) for _ in range(2)]
        taken = await asyncio.gather(
            *(processes[n % 2].take("test", "somebody", 5, 60) for n in range(50))
        )
        assert sum(taken) == 5
        assert await processes[0].take("test", "somebody else", 5, 60)
        assert await processes[0].take("another", "somebody", 5, 60)
        for one in processes:
            await one.close()


async def test_without_valkey_this_process_counts() -> None:
    budgets = Budgets("redis://127.0.0.1:9/0")
    taken = [await budgets.take("test", "somebody", 3, 60) for _ in range(5)]
    assert taken == [True, True, True, False, False]
    with pytest.raises(TooMany) as refused:
        await budgets.need("test", "somebody", 3, 60)
    await budgets.close()
    assert refused.value.facts == {"limit": 3, "window_s": 60, "budget": "test"}
