"""Health says what is missing; metrics stay bounded and closed."""

import httpx
import pytest

from backend.demo import DemoFacts
from backend.settings import settings
from tests.mobile_api.people import sign_in


async def test_ready_names_what_is_missing(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/health/live")).json() == {"status": "alive"}
    assert (await client.get("/health/ready")).json() == {"status": "ready", "missing": []}
    monkeypatch.setenv("WANGGE_REDIS_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    answer = await client.get("/health/ready")
    monkeypatch.undo()
    settings.cache_clear()
    assert answer.status_code == 503
    assert answer.json() == {"status": "not_ready", "missing": ["transport"]}


async def test_metrics_hold_templates_and_never_ids(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    headers = await sign_in(client, demo.staff[0])
    job = "01a20093-8c42-7272-bbef-f8aa9146b99e"
    await client.get(f"/api/v1/work-orders/{job}", headers=headers)
    for n in range(20):
        await client.get(f"/no/such/path/{n}")
        await client.request(f"ODD{n}", "/api/v1/me")
    text = (await client.get("/metrics")).text
    assert job not in text
    assert "/no/such/path" not in text
    assert "ODD" not in text
    assert 'path="/api/v1/work-orders/{work_order_id}"' in text
    assert "wangge_outbox" in text


async def test_metrics_want_their_key_when_there_is_one(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_METRICS_KEY", "a-key-for-metrics-0123456789")
    settings.cache_clear()
    try:
        assert (await client.get("/metrics")).status_code == 404
        wrong = {"Authorization": "Bearer not-the-key"}
        assert (await client.get("/metrics", headers=wrong)).status_code == 404
        right = {"Authorization": "Bearer a-key-for-metrics-0123456789"}
        assert (await client.get("/metrics", headers=right)).status_code == 200
    finally:
        monkeypatch.undo()
        settings.cache_clear()


async def test_refusals_before_any_route_are_counted_named_and_kept_by_nobody(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    refusals = [
        await client.get("/api/v1/me"),
        await client.get("/api/v1/me", headers={"Authorization": "Bearer a.b.c"}),
        await client.get("/nowhere"),
        await client.delete("/health/live"),
    ]
    assert [answer.status_code for answer in refusals] == [401, 401, 404, 405]
    mine = await client.get("/api/v1/me", headers=await sign_in(client, demo.staff[0]))
    for answer in refusals:
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    for answer in (*refusals, mine):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    text = (await client.get("/metrics")).text
    assert 'method="GET",path="/api/v1/me",status="401"' in text
    assert 'method="GET",path="(none)",status="404"' in text
