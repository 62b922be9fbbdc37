"""Prometheus metrics that stay bounded: route templates, never ids.

Web processes that share `PROMETHEUS_MULTIPROC_DIR` are counted together, else each alone; numbers
about the whole (the outbox) are read from the database when asked. `GET /metrics` wants the metrics
key; without one, an address of this machine.
"""

import ipaddress
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from litestar import Request, Response, get
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from backend.http.live import HUB
from backend.http.staff import PUBLIC
from backend.settings import settings
from grid.kit.database import DB
from grid.kit.deliveries import outbox_gauges
from grid.kit.refusals import NotFound

REGISTRY = CollectorRegistry()
_REQUESTS = Counter(
    "wangge_requests_total", "Requests", ["method", "path", "status"], registry=REGISTRY
)
_SECONDS = Histogram(
    "wangge_request_seconds",
    "Seconds per request",
    ["method", "path"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
_STREAMS = Gauge(
    "wangge_live_streams",
    "Open event streams",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
_POOL = Gauge(
    "wangge_pool_connections",
    "Database connections",
    ["state"],
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def metrics_middleware(app: ASGIApp) -> ASGIApp:
    """Count requests by method, route template and status."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started, seen = time.perf_counter(), {"status": "499"}

        async def counted_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = str(message["status"])
            await send(message)

        try:
            await app(scope, receive, counted_send)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            path = scope.get("path_template") or "(none)"
            _REQUESTS.labels(method, path, seen["status"]).inc()
            _SECONDS.labels(method, path).observe(time.perf_counter() - started)

    return middleware


@get("/metrics", opt={PUBLIC: True}, tags=["health"], include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The numbers of this process and of the outbox. Without the right to read: 404."""
    if not _may_read(request):
        raise NotFound("没有这个地址")
    _STREAMS.set(HUB.count())
    if DB.pool is not None:
        _POOL.labels("open").set(DB.pool.get_size())
        _POOL.labels("idle").set(DB.pool.get_idle_size())
    counted = generate_latest(_of_all_processes())
    whole = CollectorRegistry()
    whole.register(_Outbox(await outbox_gauges()))
    return Response(counted + generate_latest(whole), media_type=CONTENT_TYPE_LATEST)


class _Outbox(Collector):
    """Numbers of the whole, not of a process: they stay out of the shared directory."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("wangge_outbox", "Events on their way", labels=["what"])
        for name, value in self._values.items():
            family.add_metric([name], value)
        return [family]


def _of_all_processes() -> CollectorRegistry:
    """This process's numbers, or the sum over all web processes that share a directory."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def _may_read(request: Request[Any, Any, Any]) -> bool:
    key = settings().metrics_key
    if key is not None:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and key.matches(shown)
    if request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
