"""Indicators over HTTP: figures, records and trends of one's own reach; months closed by two."""

import httpx
import pytest

from backend.demo import DemoFacts
from grid.indicators.catalogue import CATALOGUE
from tests.grid.indicators.world import World, make_world
from tests.mobile_api.people import Headers, manager_of, sign_in, somebody

BASE = "/api/v1/indicators"
FEBRUARY = {"period": "2024-02"}


@pytest.fixture(scope="module")
async def world(demo: DemoFacts) -> World:
    """A made-up winter beside the demo county."""
    return await make_world(12)


async def county(client: httpx.AsyncClient, demo: DemoFacts) -> Headers:
    """Somebody who reads the whole county."""
    return await sign_in(client, somebody(demo, lambda one: "auditor" in one.roles))


async def test_every_figure_drills_down_to_its_records(
    client: httpx.AsyncClient, demo: DemoFacts, world: World
) -> None:
    headers = await county(client, demo)
    listed = (await client.get(BASE, headers=headers)).json()
    assert [one["name"] for one in listed["items"]] == list(CATALOGUE)
    for name in CATALOGUE:
        figure = (await client.get(f"{BASE}/{name}", params=FEBRUARY, headers=headers)).json()
        counted = 0
        asked = {**FEBRUARY, "limit": "50"}
        while True:
            page = await client.get(f"{BASE}/{name}/records", params=asked, headers=headers)
            assert page.status_code == 200, page.text
            counted += len(page.json()["items"])
            if page.json()["next"] is None:
                break
            asked["cursor"] = page.json()["next"]
        assert counted == figure["denominator"]
        trend = await client.get(f"{BASE}/{name}/trend", params=FEBRUARY, headers=headers)
        last = trend.json()["items"][-1]
        assert (last["period"], last["denominator"]) == ("2024-02", figure["denominator"])
        lines = await client.get(
            f"{BASE}/{name}/comparison", params={**FEBRUARY, "by": "grid"}, headers=headers
        )
        assert sum(line["denominator"] for line in lines.json()["items"]) == figure["denominator"]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/arrive_met", {}, 400),
        ("/arrive_met", {"period": "2024-2"}, 400),
        ("/arrive_met", {"period": "2024-13"}, 400),
        ("/arrive_met", {"period": "2024-02", "scope": "village:1"}, 400),
        ("/arrive_met", {"period": "2024-02", "scope": "grid:nowhere"}, 404),
        ("/arrive_met", {"period": "2024-02", "version": "9"}, 404),
        ("/arrive_met", {"period": "2024", "version": "1"}, 400),
        ("/arrive_met/records", {"period": "2024-02", "limit": "201"}, 400),
        ("/arrive_met/records", {"period": "2024-02", "which": "best"}, 400),
        ("/arrive_met/records", {"period": "2024-02", "cursor": "eA"}, 400),
        ("/arrive_met/trend", {"period": "2024-02", "count": "25"}, 400),
        ("/nothing", {"period": "2024-02"}, 404),
        ("/periods/2024", {}, 400),
    ],
)
async def test_what_is_asked_wrongly_is_refused_by_name(
    client: httpx.AsyncClient, demo: DemoFacts, path: str, params: dict[str, str], status: int
) -> None:
    answer = await client.get(f"{BASE}{path}", params=params, headers=await county(client, demo))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_manager_reads_the_grid_and_nothing_wider(
    client: httpx.AsyncClient, demo: DemoFacts, world: World
) -> None:
    grid = next(code for one in demo.staff if "manager" in one.roles for code in one.grids)
    headers = await sign_in(client, manager_of(demo, grid))
    for scope, status in ((f"grid:{grid}", 200), ("county", 404)):
        for path in ("", "/records", "/trend"):
            answer = await client.get(
                f"{BASE}/arrive_met{path}", params={**FEBRUARY, "scope": scope}, headers=headers
            )
            assert answer.status_code == status, answer.text
    refused = await client.post(
        f"{BASE}/periods/2024-02/close", json={"reason": "试试"}, headers=headers
    )
    assert refused.status_code == 403


async def test_K3_closing_asked_for_twice_by_one_person_closes_nothing(
    client: httpx.AsyncClient, demo: DemoFacts, world: World
) -> None:
    headers = await county(client, demo)
    path, body = f"{BASE}/periods/2024-01/close", {"reason": "一月例会"}
    once = {**headers, "Idempotency-Key": "close-2024-01"}
    first, again = [await client.post(path, json=body, headers=once) for _ in range(2)]
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["asked"]["verb"] == "close"
    alone = await client.post(path, json=body, headers=headers)
    assert (alone.status_code, alone.json()["code"]) == (403, "same_person")
    month = (await client.get(f"{BASE}/periods/2024-01", headers=headers)).json()
    assert month["closings"] == []
    unknown = await client.post(f"{BASE}/periods/2024-01/forget", json=body, headers=headers)
    assert unknown.status_code == 404
