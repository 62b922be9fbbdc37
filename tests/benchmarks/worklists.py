"""Rows f and g: a county with 100,000 open jobs, beside a bare handler with the same statements.

f: a page of the list, the board, and a figure counted over all of their clocks. g: one verb of a
ticket and one of a job in the midst of them.
"""

import json
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import httpx

from backend.app import create_app
from backend.console.session import session_cookie
from backend.http import tokens
from backend.http.budgets import open_budgets
from backend.keys import KeyRing
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, transaction
from grid.kit.ids import new_id
from grid.territory.sessions import open_session
from grid.territory.types import Audience, StaffRole
from tests.backend.worker_process import SETTINGS, worker_environment
from tests.benchmarks.figures import Row
from tests.benchmarks.open_work import load_open_jobs, make_county
from tests.benchmarks.replay import Recipe, learn
from tests.benchmarks.rounds import CONNECTIONS, MakePlan, Sides, Size, checked, row_of
from tests.benchmarks.servers import Plan, both, send
from tests.benchmarks.services import Services, as_owner
from tests.benchmarks.stage import http
from tests.support.staff import make_staff
from tests.support.statements import Statement, recorded

OPEN_JOBS = 100_000
_BARE = "bare handler, same statements"


class Desk(NamedTuple):
    """A dispatcher of the whole county, on the phone's door and at the console."""

    bearer: str
    cookie: str


class Thing(NamedTuple):
    """A ticket or job that a verb acts on."""

    id: UUID
    version: int


class Verb(NamedTuple):
    """A verb that is measured: its row, and how one request of it looks."""

    row: str
    name: str
    what: str
    path: str
    body: dict[str, str]


VERBS = (
    Verb(
        "g1",
        "ticket",
        "comment on a ticket, one of 100,000 open",
        "/api/v1/tickets/{id}/comment",
        {"words": "已联系用户,正在路上"},
    ),
    Verb(
        "g2",
        "job",
        "comment on a job, one of 100,000 open",
        "/api/v1/work-orders/{id}/comment",
        {"reason": "已联系用户,正在路上"},
    ),
)


async def measure_lists(services: Services, *, quick: bool) -> list[Row]:
    """Row f: what is read of the whole county."""
    size = Size(requests=5, rounds=3) if quick else Size(requests=40, rounds=5)
    desk = await _set_up(services)
    year = f"{business_day(await business_now()):%Y}"
    phone, console = f"Authorization: Bearer {desk.bearer}", f"Cookie: {desk.cookie}"
    reads = (
        (
            "f1",
            "list",
            f"GET /work-orders?status=open, 50 of {OPEN_JOBS} jobs",
            phone,
            "/api/v1/work-orders?status=open&limit=50",
        ),
        (
            "f2",
            "board",
            f"the board's rows, 50 of {OPEN_JOBS} jobs, with its counts",
            console,
            "/console/board/rows",
        ),
        (
            "f3",
            "figure",
            f"an indicator over the clocks of {OPEN_JOBS} jobs",
            phone,
            f"/api/v1/indicators/arrive_met?period={year}",
        ),
    )
    async with _client(services) as client:
        recipes = {name: await _read_recipe(client, path, who) for _, name, _, who, path in reads}
    async with both(services, recipes) as (ours, bare):
        sides = Sides(services, ours, bare)
        rows = []
        for row, name, what, who, path in reads:
            real, replayed = http("GET", path, [who]), http("POST", f"/replay/{name}")
            plans = [_always(one, size) for one in (real, replayed)]
            await send(services, ours, [[real] * 3] * CONNECTIONS)
            await send(services, bare, [[replayed] * 3] * CONNECTIONS)
            rows.append(await row_of(sides, size, row, what, _BARE, 0.4, plans))
        return rows


async def measure_verbs(services: Services, *, quick: bool) -> list[Row]:
    """Row g: verbs with an Idempotency-Key, each connection on a ticket or job of its own."""
    size = Size(requests=20, rounds=3) if quick else Size(requests=150, rounds=5)
    desk = await _set_up(services)
    things = {verb.name: await _things(verb.name) for verb in VERBS}
    async with _client(services) as client:
        recipes = {
            verb.name: await _verb_recipe(client, verb, desk, things[verb.name][-2:])
            for verb in VERBS
        }
    async with both(services, recipes) as (ours, bare):
        sides = Sides(services, ours, bare)
        rows = []
        for verb in VERBS:
            plans = _verb_plans(verb, desk, things[verb.name], size)
            for server, plan in ((ours, plans[0]), (bare, plans[1])):
                await send(services, server, await plan())
            rows.append(await row_of(sides, size, verb.row, verb.what, _BARE, 0.5, plans))
        return rows


# --- the county and who asks -------------------------------------------------------------------


async def _set_up(services: Services) -> Desk:
    os.environ.update(worker_environment(services.app_url, services.redis_url, demo=False))
    grids = await make_county()
    await load_open_jobs(grids, OPEN_JOBS)
    await as_owner(services, "VACUUM ANALYZE")
    staff_id = await make_staff(None, skilled=False, roles=(StaffRole.DISPATCHER,), everywhere=True)
    async with transaction():
        phone, _ = await open_session(staff_id, Audience.PHONE, "bench", None, False)
        console, _ = await open_session(staff_id, Audience.CONSOLE, "bench", None, True)
    keys = KeyRing.parse(SETTINGS["WANGGE_SESSION_KEYS"])
    cookie = session_cookie(console)
    return Desk(tokens.issue(phone, Audience.PHONE, keys), f"{cookie.key}={cookie.value}")


async def _things(name: str) -> list[Thing]:
    """Enough of them for both sides, and two to learn from; of one grid, so of one person."""
    table, state = {"ticket": ("ticket", "accepted"), "job": ("work_order", "accepted")}[name]
    rows = await fetch(
        f"SELECT id, version FROM {table} WHERE state = $1 ORDER BY grid, id LIMIT $2",
        state,
        2 * CONNECTIONS + 2,
    )
    return [Thing(row["id"], row["version"]) for row in rows]


def _client(services: Services) -> httpx.AsyncClient:
    """Our application in this process, whose statements are recorded."""
    open_budgets(services.redis_url)
    transport = httpx.ASGITransport(app=create_app())
    return httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=30)


# --- what a request runs, and what is sent -----------------------------------------------------


async def _read_recipe(client: httpx.AsyncClient, path: str, who: str) -> Recipe:
    headers = dict([who.split(": ", 1)])
    said: list[list[Statement]] = []
    answer = b""
    checked(await client.get(path, headers=headers))
    for _ in range(2):
        async with recorded() as statements:
            answer = checked(await client.get(path, headers=headers))
        said.append(statements)
    return Recipe(learn(said[0], said[1], ({}, {})), answer)


async def _verb_recipe(
    client: httpx.AsyncClient, verb: Verb, desk: Desk, samples: Sequence[Thing]
) -> Recipe:
    said: list[list[Statement]] = []
    answer = b""
    for one in samples:
        async with recorded() as statements:
            answer = checked(
                await client.post(
                    verb.path.format(id=one.id),
                    content=_body(verb, one.version),
                    headers=dict(line.split(": ", 1) for line in _headers(desk)),
                )
            )
        said.append(statements)
    inputs = [{"job": one.id, "version": one.version} for one in samples]
    return Recipe(learn(said[0], said[1], (inputs[0], inputs[1])), answer)


def _body(verb: Verb, version: int) -> bytes:
    return json.dumps({"version": version, **verb.body}).encode()


def _headers(desk: Desk) -> list[str]:
    return [
        f"Authorization: Bearer {desk.bearer}",
        "Content-Type: application/json",
        f"Idempotency-Key: {new_id()}",
    ]


def _always(request: bytes, size: Size) -> MakePlan:
    async def plan() -> Plan:
        return [[request] * size.requests] * CONNECTIONS

    return plan


def _verb_plans(verb: Verb, desk: Desk, things: Sequence[Thing], size: Size) -> list[MakePlan]:
    """Each connection has one of its own, whose version grows with each request."""
    versions = {one.id: one.version for one in things}

    def plan_of(chosen: Sequence[Thing], make: Callable[[Thing, int], bytes]) -> MakePlan:
        async def plan() -> Plan:
            made: Plan = []
            for one in chosen:
                start = versions[one.id]
                made.append([make(one, start + n) for n in range(size.requests)])
                versions[one.id] = start + size.requests
            return made

        return plan

    def real(one: Thing, version: int) -> bytes:
        path = verb.path.format(id=one.id)
        return http("POST", path, _headers(desk), _body(verb, version))

    def replayed(one: Thing, version: int) -> bytes:
        query = urlencode({"job": one.id, "version": version})
        return http("POST", f"/replay/{verb.name}?{query}", (), _body(verb, version))

    ours, bare = things[:CONNECTIONS], things[CONNECTIONS : 2 * CONNECTIONS]
    return [plan_of(ours, real), plan_of(bare, replayed)]
