"""The limits of rows a, b and c: a Litestar handler that only runs the statements of a recipe."""

import os
import pickle
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from litestar import Litestar, Request, Response, post
from litestar.logging import LoggingConfig

from grid.kit.database import PooledConnection
from tests.benchmarks.replay import TRANSACTION_WORDS, Recipe, fill


class _Kept:
    pool: Any = None
    recipes: dict[str, Recipe]


def _inputs(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The query's values in their types: ids as UUID, versions as whole numbers."""
    found: dict[str, Any] = {}
    for name, value in request.query_params.items():
        if name == "version":
            found[name] = int(value)
        elif name in ("job", "session"):
            found[name] = UUID(value)
        else:
            found[name] = value
    return found


async def _run(recipe: Recipe, inputs: dict[str, Any]) -> None:
    made: dict[int, Any] = {}
    async with _Kept.pool.acquire() as connection:
        running = None
        for sql, args in recipe.steps:
            word = TRANSACTION_WORDS.get(sql)
            if word == "begin":
                running = connection.transaction()
                await running.start()
            elif word == "commit":
                assert running is not None
                await running.commit()
            elif sql.lstrip().upper().startswith(("SELECT", "WITH")):
                await connection.fetch(sql, *fill(args, inputs, made))
            else:
                await connection.execute(sql, *fill(args, inputs, made))


@post("/replay/{name:str}", status_code=200)
async def replay(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """Read the body, run the statements, give the real answer's bytes."""
    await request.body()
    recipe = _Kept.recipes[name]
    await _run(recipe, _inputs(request))
    return Response(recipe.answer, media_type="application/json")


@asynccontextmanager
async def lifespan(_: Litestar) -> AsyncIterator[None]:
    """A pool of the same size and kind as ours."""
    async with asyncpg.create_pool(
        os.environ["WANGGE_DATABASE_URL"],
        min_size=1,
        max_size=8,
        connection_class=PooledConnection,
    ) as pool:
        _Kept.pool = pool
        yield


def create_app() -> Litestar:
    _Kept.recipes = pickle.loads(Path(os.environ["BENCH_RECIPES"]).read_bytes())
    return Litestar(
        [replay],
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=LoggingConfig(log_exceptions="always"),
    )


def main() -> None:
    """Serve on the port that is given, with the same server options as ours."""
    uvicorn.run(
        "tests.benchmarks.bare_web:create_app",
        factory=True,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()
