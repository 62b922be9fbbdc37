"""One fault from the farmer's "没电了" to its rating, with the worker killed on the way."""

import os
import signal
from typing import Any

import asyncpg

from tests.journeys.station import Station, until

#: The leases of a killed worker's jobs run out, and the supervisor starts it again.
_RECOVERY_S = 60.0


async def fault_from_wechat_to_rated(station: Station, customer: dict[str, Any]) -> str:
    """Walk one fault through; returns its ticket's number. The worker is killed twice."""
    openid = customer["openid"]
    before = len(await station.received(openid))
    first = await station.says(openid, "没电了")
    assert "哪里没电" in first["reply"]["text"]
    told = await station.says(openid, "1")
    assert "登记好了" in told["reply"]["text"]
    kill_worker(station)
    number = told["reply"]["text"].split("单号 ")[1][:16]
    dispatcher = _on_shift(station, "dispatcher")
    job = await until(lambda: _assigned(station, dispatcher, number), _RECOVERY_S, "it is offered")
    who = job["assignee"]["employee_no"]
    today = await station.api(who, "GET", "/today")
    assert job["id"] in [one["id"] for one in today["items"]]
    await _walk(station, who, job)
    kill_worker(station)
    await until(
        lambda: _heard(station, openid, before, "来电了吗"), _RECOVERY_S, "the customer is asked"
    )
    back = await station.says(openid, "1")
    assert "打个分" in back["reply"]["text"], back["reply"]["text"]
    rated = await station.says(openid, "5")
    assert "谢" in rated["reply"]["text"], rated["reply"]["text"]
    done = await station.api(dispatcher, "GET", f"/work-orders/{job['id']}")
    assert done["state"] == "closed"
    assert [one["event"] for one in done["history"]] == [
        *("intake", "assign", "accept", "depart", "arrive", "start", "restore", "complete"),
        "close",
    ]
    return number


async def _walk(station: Station, who: str, job: dict[str, Any]) -> None:
    near = {"lat": job["lat"], "lon": job["lon"], "accuracy_m": 15.0}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("accept", {}),
        ("depart", {}),
        ("arrive", {"position": near}),
        ("start", {}),
        ("restore", {}),
        ("complete", {"resolution": "更换低压保险"}),
    ]
    for verb, more in steps:
        path = f"/work-orders/{job['id']}/{verb}"
        job = await station.api(who, "POST", path, version=job["version"], **more)


def kill_worker(station: Station) -> None:
    """`kill -9`, as a power cut would."""
    os.kill(station.pid_of("worker"), signal.SIGKILL)


def _on_shift(station: Station, role: str) -> str:
    return next(
        str(one["employee_no"])
        for one in station.facts["staff"]
        if role in one["roles"] and one["on_shift"]
    )


async def _assigned(station: Station, dispatcher: str, number: str) -> dict[str, Any] | None:
    page = await station.api(dispatcher, "GET", f"/work-orders?q={number}")
    job = page["items"][0]
    return job if job["assignee"] else None


async def _heard(station: Station, openid: str, before: int, words: str) -> bool | None:
    texts = (await station.received(openid))[before:]
    return True if any(words in text for text in texts) else None


async def every_event_had_its_effect_once(station: Station, number: str, openid: str) -> None:
    """All deliveries are handled, none twice; no message reached the customer twice."""

    async def settled() -> bool | None:
        waiting = await connection.fetchval(
            "SELECT count(*) FROM event_delivery WHERE state <> 'handled'"
        )
        return True if waiting == 0 else None

    connection = await asyncpg.connect(station.facts["database_url"])
    try:
        await until(settled, _RECOVERY_S, "every delivery is handled")
        offers = await connection.fetchval(
            "SELECT count(*) FROM assignment a JOIN work_order w ON w.id = a.work_order"
            " JOIN ticket t ON t.id = w.ticket WHERE t.number = $1",
            number,
        )
        assert offers == 1
        ratings = await connection.fetchval(
            "SELECT count(*) FROM rating r JOIN ticket t ON t.id = r.ticket WHERE t.number = $1",
            number,
        )
        assert ratings == 1
    finally:
        await connection.close()
    pushed = [text for text in await station.received(openid) if number in text]
    assert len(pushed) == len(set(pushed)), pushed
