"""What a dying database raises in the middle of a request is an honest 503, never a 500."""

import asyncpg
import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient, create_async_test_client

from backend.http.problems import EXCEPTION_HANDLERS


def _door(error: Exception) -> AsyncTestClient[Litestar]:
    @get("/")
    async def fails() -> None:
        raise error

    return create_async_test_client(
        fails, exception_handlers=EXCEPTION_HANDLERS, raise_server_exceptions=False
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.InternalClientError("cannot switch to state 12; secret"), 503),
        (asyncpg.ConnectionDoesNotExistError("connection was closed"), 503),
        (ConnectionRefusedError(), 503),
        (asyncpg.UndefinedTableError("secret"), 500),
    ],
)
async def test_a_database_that_dies_is_not_a_mistake_of_ours(error: Exception, status: int) -> None:
    async with _door(error) as client:
        answer = await client.get("/")
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "secret" not in answer.text
