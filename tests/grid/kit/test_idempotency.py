"""A command that comes twice is carried out once and answered the same (L5, Y10, Y11)."""

from uuid import UUID

import msgspec
import pytest

from grid.kit.database import execute, fetch_value
from grid.kit.idempotency import IdempotencyKeyReused, once
from grid.kit.ids import new_id
from grid.kit.refusals import Refusal
from tests.support.statements import recorded


class Write(msgspec.Struct, frozen=True, kw_only=True):
    word: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    word: str


class WordRefused(Refusal):
    """The word is not allowed."""


async def write(
    command: Write, key: str | None, *, subject: str = "staff:E0001", refuse: bool = False
) -> Written:
    async def verb() -> Written:
        await execute("INSERT INTO probe VALUES ($1)", command.word)
        if refuse:
            raise WordRefused()
        return Written(id=new_id(), word=command.word)

    return await once(subject, key, "probe.write", command, verb, Written)


async def count() -> int:
    return int(await fetch_value("SELECT count(*) FROM probe"))


async def test_Y10_the_second_time_gets_the_first_answer(probe: None) -> None:
    first = await write(Write(word="a"), "key")
    assert await write(Write(word="a"), "key") == first
    assert await count() == 1


async def test_Y11_the_same_key_with_another_body_is_refused(probe: None) -> None:
    await write(Write(word="a"), "key")
    with pytest.raises(IdempotencyKeyReused) as caught:
        await write(Write(word="b"), "key")
    assert (caught.value.status, caught.value.code) == (409, "idempotency_key_reused")
    assert await count() == 1


async def test_the_same_key_with_another_verb_is_refused(probe: None) -> None:
    await write(Write(word="a"), "key")

    async def verb() -> Written:
        raise AssertionError("must not run")

    with pytest.raises(IdempotencyKeyReused):
        await once("staff:E0001", "key", "probe.erase", Write(word="a"), verb, Written)


async def test_keys_of_two_people_do_not_meet(probe: None) -> None:
    await write(Write(word="a"), "key")
    await write(Write(word="b"), "key", subject="staff:E0002")
    assert await count() == 2


async def test_a_refusal_frees_the_key(probe: None) -> None:
    with pytest.raises(WordRefused):
        await write(Write(word="a"), "key", refuse=True)
    assert await count() == 0
    assert await fetch_value("SELECT count(*) FROM idempotency_key") == 0
    assert (await write(Write(word="b"), "key")).word == "b"


async def test_without_a_key_the_verb_simply_runs(probe: None) -> None:
    await write(Write(word="a"), None)
    await write(Write(word="a"), None)
    assert await count() == 2


async def test_a_key_costs_two_statements(probe: None) -> None:
    async with recorded() as statements:
        await write(Write(word="a"), "key")
    assert [statement.sql.split()[0] for statement in statements] == [
        "BEGIN;",
        "INSERT",
        "INSERT",
        "UPDATE",
        "COMMIT;",
    ]
