"""A month's rounds of a grid, and an outage that its customers live through."""

from datetime import datetime, timedelta
from typing import Any

from grid.kit.clock import SHANGHAI
from tests.journeys.people import DAY, HOUR, near, of_grid, send_photo, walk, with_role
from tests.journeys.station import Station, until

_SOON_S = 90.0


async def visits_of_this_month(station: Station, grids: list[str]) -> str:
    """Planned, released, walked on its day, and confirmed by the supervisor (S5)."""
    grid, plan = await _first_plan(station, grids)
    manager = of_grid(station, grid, "manager")
    path = f"/visit-plans/{plan['id']}"
    await station.api(manager, "POST", f"{path}/release", version=plan["version"])
    released = await station.api(manager, "GET", path)
    stop = min(released["stops"], key=lambda one: (one["day"], one["position"]))
    who = stop["staff"]["employee_no"]
    nine = datetime.fromisoformat(f"{stop['day']}T09:00:00+08:00")
    await station.advance(int((nine - await _now(station, who)).total_seconds()))
    job = await station.api(who, "GET", f"/work-orders/{stop['work_order_id']}")
    job = await walk(station, who, job, "accept", "depart", "arrive", "start")
    await station.advance(1200)
    await send_photo(station, who, f"/work-orders/{job['id']}", "site_photo", 7)
    visit = await _report(station, who, stop, job)
    done = await walk(station, who, job, "complete")
    assert done["state"] == "completed"
    return await _confirm(station, grid, who, visit)


async def _first_plan(station: Station, grids: list[str]) -> tuple[str, dict[str, Any]]:
    """The plan of the month of the first grid in which somebody is due."""
    for grid in grids:
        manager = of_grid(station, grid, "manager")
        today = (await _now(station, manager)).astimezone(SHANGHAI)
        plan = await station.api(manager, "POST", "/visit-plans", month=f"{today:%Y-%m}", grid=grid)
        assert plan["due"] == plan["stops_count"] + plan["left_out"], "everybody due has a place"
        if plan["stops_count"]:
            return grid, plan
    raise AssertionError("nobody is due in any grid")


async def next_month_begins(station: Station) -> str:
    """Half an hour into the next month; gives the month that has ended, as indicators name it."""
    now = (await _now(station, with_role(station, "dispatcher"))).astimezone(SHANGHAI)
    first = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=30)
    await station.advance(int((first - now).total_seconds()))
    return f"{now:%Y-%m}"


async def _report(
    station: Station, who: str, stop: dict[str, Any], job: dict[str, Any]
) -> dict[str, Any]:
    """Fill in the form that the visit's household has, every field that it must have."""
    forms = await station.api(who, "GET", "/visit-forms")
    form = next(one for one in forms["items"] if one["form"] == stop["form"])
    answers = {one["key"]: _answer(one) for one in form["fields"] if one["required"]}
    visit = await station.api(
        who,
        "POST",
        "/visits",
        work_order_id=job["id"],
        form=form["form"],
        form_version=form["version"],
        answers=answers,
        satisfaction="satisfied",
        leaflets=[forms["leaflets"][0]["code"]],
        findings=[{"kind": "suggestion", "words": "村口想装一个自助缴费点"}],
        position=near(job),
    )
    path = f"/visits/{visit['id']}/findings/1/ticket"
    first = await station.api(who, "POST", path)
    again = await station.api(who, "POST", path)
    assert first["id"] == again["id"], "one finding is one ticket"
    return dict(visit)


def _answer(field: dict[str, Any]) -> Any:
    kind = field["type"]
    if kind == "yes_no":
        return False
    if kind == "number":
        return 1
    if kind in ("choice", "multi"):
        first = field["choices"][0]["words"]
        return first if kind == "choice" else [first]
    return "正常"


async def _confirm(station: Station, grid: str, author: str, visit: dict[str, Any]) -> str:
    path = f"/visits/{visit['id']}/verify"
    verdict = {"method": "call", "outcome": "confirmed", "words": "客户说来过,很仔细"}
    own = await station.refused(author, "POST", path, **verdict)
    assert own["status"] in (403, 404), own
    await station.api(of_grid(station, grid, "supervisor"), "POST", path, **verdict)
    return str(visit["id"])


async def outage_of_a_district(station: Station, inside: list[dict[str, Any]]) -> str:
    """Two report inside a known outage; one has power again, the other is split off (W4)."""
    dispatcher = with_role(station, "dispatcher")
    now = await _now(station, dispatcher)
    outage = await station.api(
        dispatcher,
        "POST",
        "/outages",
        kind="fault",
        starts_at=now.isoformat(),
        expected_end_at=datetime.fromtimestamp(now.timestamp() + 3 * HOUR, now.tzinfo).isoformat(),
        districts=[inside[0]["district_no"]],
        cause="变压器跌落保险熔断",
    )
    for customer in inside:
        told = await _reports(station, customer)
        assert "变压器跌落保险熔断" in told, told
    path = f"/outages/{outage['id']}"
    for verb in ("confirm", "restore"):
        outage = await station.api(dispatcher, "GET", path)
        if verb == "confirm" and outage["state"] != "planned":
            continue
        await station.api(dispatcher, "POST", f"{path}/{verb}", version=outage["version"])
    for customer, words in zip(inside, ("1", "2"), strict=True):
        await until(
            lambda openid=customer["openid"]: _asked(station, openid), _SOON_S, "is it back?"
        )
        await station.says(customer["openid"], words)
    await until(lambda: _ended(station, dispatcher, path), _SOON_S, "each child has its end")
    await station.advance(DAY + HOUR)
    await until(lambda: _closed(station, dispatcher, path), _SOON_S, "the outage closes")
    return str(outage["id"])


async def _reports(station: Station, customer: dict[str, Any]) -> str:
    await station.says(customer["openid"], "没电了")
    return str((await station.says(customer["openid"], "1"))["reply"]["text"])


async def _asked(station: Station, openid: str) -> bool | None:
    return True if any("来电了吗" in one for one in await station.received(openid)) else None


async def _ended(station: Station, who: str, path: str) -> bool | None:
    children = (await station.api(who, "GET", f"{path}/children?limit=200"))["items"]
    return True if sorted(one["state"] for one in children) == ["back", "split"] else None


async def _closed(station: Station, who: str, path: str) -> bool | None:
    return True if (await station.api(who, "GET", path))["state"] == "closed" else None


async def _now(station: Station, who: str) -> datetime:
    """Business time, as the phones read it."""
    return datetime.fromisoformat((await station.api(who, "GET", "/today"))["as_of"])
