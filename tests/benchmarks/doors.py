"""Rows a, b and c: what a request costs us beside a bare handler that runs the same statements."""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx

from backend.app import create_app
from backend.http.budgets import open_budgets
from tests.backend.worker_process import worker_environment
from tests.benchmarks import stage as staging
from tests.benchmarks.figures import Row
from tests.benchmarks.replay import Recipe, learn
from tests.benchmarks.rounds import CONNECTIONS, Sides, Size, checked, row_of
from tests.benchmarks.servers import Plan, both, send
from tests.benchmarks.services import Services
from tests.support.statements import Statement, recorded

#: Open jobs on the worklist that row c reads.
READER_JOBS = 8


class Ground(NamedTuple):
    """Both servers up, and the people the requests are about."""

    sides: Sides
    stage: staging.Stage


async def measure(services: Services, *, quick: bool) -> list[Row]:
    """The three rows on one stage, ours and bare in turns."""
    size = Size(requests=40, rounds=3) if quick else Size(requests=250, rounds=5)
    os.environ.update(worker_environment(services.app_url, services.redis_url, demo=False))
    stage = await staging.set_up(2 * CONNECTIONS + 2, READER_JOBS)
    recipes = await _record(services, stage)
    async with both(services, recipes) as (ours, bare):
        ground = Ground(Sides(services, ours, bare), stage)
        await _warm(ground)
        return [
            await _callback_row(ground, size),
            await _verb_row(ground, size),
            await _today_row(ground, size),
        ]


# --- what a request runs -----------------------------------------------------------------------


async def _record(services: Services, stage: staging.Stage) -> dict[str, Recipe]:
    """Run two real requests of each kind in this process and learn their statements."""
    open_budgets(services.redis_url)
    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        return {
            "callback": await _callback_recipe(client),
            "verb": await _verb_recipe(client, stage),
            "today": await _today_recipe(client, stage),
        }


async def _callback_recipe(client: httpx.AsyncClient) -> Recipe:
    first, second = await staging.followers(2)
    said: list[list[Statement]] = []
    answer = b""
    for openid in (first, second):
        path, body = staging.callback_request(openid, "帮助")
        async with recorded() as statements:
            answer = checked(await client.post(path, content=body))
        said.append(statements)
    return Recipe(learn(said[0], said[1], ({"openid": first}, {"openid": second})), answer)


async def _verb_recipe(client: httpx.AsyncClient, stage: staging.Stage) -> Recipe:
    said: list[list[Statement]] = []
    answer = b""
    samples = stage.jobs[-2:]
    for job in samples:
        async with recorded() as statements:
            answer = checked(
                await client.post(
                    staging.comment_path(job),
                    content=staging.comment_body(job.version),
                    headers=_as_headers(staging.comment_headers(stage)),
                )
            )
        said.append(statements)
    inputs = [{"job": job.id, "version": job.version} for job in samples]
    return Recipe(learn(said[0], said[1], (inputs[0], inputs[1])), answer)


async def _today_recipe(client: httpx.AsyncClient, stage: staging.Stage) -> Recipe:
    """The read of the worklist and its audit, with what signs the request in."""
    headers = {"Authorization": f"Bearer {stage.reader_bearer}"}
    said: list[list[Statement]] = []
    answer = checked(await client.get("/api/v1/today", headers=headers))
    for _ in range(2):
        async with recorded() as statements:
            answer = checked(await client.get("/api/v1/today", headers=headers))
        said.append(statements)
    return Recipe(learn(said[0], said[1], ({}, {})), answer)


def _as_headers(lines: Sequence[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines)


async def _warm(ground: Ground) -> None:
    """Connections opened, statements prepared, code warmed on both sides."""
    today = [[_today_request(ground.stage)] * 20] * CONNECTIONS
    services, ours, bare = ground.sides
    await send(services, ours, today)
    await send(services, bare, [[staging.http("POST", "/replay/today")] * 20] * CONNECTIONS)


# --- the rows ----------------------------------------------------------------------------------


async def _callback_row(ground: Ground, size: Size) -> Row:
    count = size.requests * CONNECTIONS

    async def ours() -> Plan:
        requests = []
        for openid in await staging.followers(count):
            path, body = staging.callback_request(openid, "帮助")
            requests.append(staging.http("POST", path, ["Content-Type: text/xml"], body))
        return _dealt(requests)

    async def bare() -> Plan:
        body = staging.callback_request("oBench", "帮助")[1]
        return _dealt(
            [
                staging.http("POST", f"/replay/callback?openid={openid}", (), body)
                for openid in await staging.followers(count)
            ]
        )

    return await row_of(
        ground.sides,
        size,
        "a",
        "WeChat callback, safe mode, first reply stored",
        "bare handler, same statements",
        0.5,
        [ours, bare],
    )


async def _verb_row(ground: Ground, size: Size) -> Row:
    """Comments: each connection has a job of its own, whose version grows with each request."""
    versions = {job.id: job.version for job in ground.stage.jobs}

    def plan(jobs: Sequence[staging.Job], make: Callable[[staging.Job, int], bytes]) -> Plan:
        made: Plan = []
        for job in jobs:
            start = versions[job.id]
            made.append([make(job, start + n) for n in range(size.requests)])
            versions[job.id] = start + size.requests
        return made

    def real(job: staging.Job, version: int) -> bytes:
        headers = staging.comment_headers(ground.stage)
        body = staging.comment_body(version)
        return staging.http("POST", staging.comment_path(job), headers, body)

    def bare_request(job: staging.Job, version: int) -> bytes:
        query = urlencode({"job": job.id, "version": version})
        return staging.http("POST", f"/replay/verb?{query}", (), staging.comment_body(version))

    async def ours() -> Plan:
        return plan(ground.stage.jobs[:CONNECTIONS], real)

    async def bare() -> Plan:
        return plan(ground.stage.jobs[CONNECTIONS : 2 * CONNECTIONS], bare_request)

    return await row_of(
        ground.sides,
        size,
        "b",
        "one verb (comment) with Idempotency-Key",
        "bare handler, same statements",
        0.5,
        [ours, bare],
    )


async def _today_row(ground: Ground, size: Size) -> Row:
    async def ours() -> Plan:
        return [[_today_request(ground.stage)] * size.requests] * CONNECTIONS

    async def bare() -> Plan:
        return [[staging.http("POST", "/replay/today")] * size.requests] * CONNECTIONS

    return await row_of(
        ground.sides,
        size,
        "c",
        f"GET /today with {READER_JOBS} jobs",
        "bare handler, the same statements",
        0.4,
        [ours, bare],
    )


def _today_request(stage: staging.Stage) -> bytes:
    return staging.http("GET", "/api/v1/today", [f"Authorization: Bearer {stage.reader_bearer}"])


def _dealt(requests: list[Any]) -> Plan:
    """The requests shared evenly among the connections."""
    return [requests[n::CONNECTIONS] for n in range(CONNECTIONS)]
