"""Matters of the office: a complaint about a manager, a sealed tip-off, a breach that climbs."""

from typing import Any

from tests.journeys.people import (
    HOUR,
    MINUTE,
    of_grid,
    staff_id,
    ticket_step,
    walk,
    with_role,
)
from tests.journeys.station import Station, until

_SOON_S = 60.0


async def complaint_about_a_manager(station: Station, customer: dict[str, Any]) -> str:
    """Taken by telephone, kept from the manager, answered by the station, called back (W5)."""
    manager = of_grid(station, customer["grid"], "manager")
    head, office = with_role(station, "station_head"), with_role(station, "back_office")
    other = with_role(station, "back_office", 1)
    ticket = await station.api(
        with_role(station, "dispatcher"),
        "POST",
        "/tickets",
        kind="complaint",
        channel="phone",
        description="管理员态度不好,答应来又没来",
        account_no=customer["account_no"],
        complaint_class="service",
        about=[manager],
        phone=customer["phone"],
    )
    hidden = await station.refused(manager, "GET", f"/tickets/{ticket['id']}")
    assert hidden["status"] == 404
    listed = await station.api(manager, "GET", "/tickets?limit=200")
    assert ticket["id"] not in [one["id"] for one in listed["items"]]
    accused = await station.refused(
        head,
        "POST",
        f"/tickets/{ticket['id']}/dispatch",
        version=0,
        staff_id=await staff_id(station, manager),
    )
    assert "被投诉人" in accused["detail"], accused
    await ticket_step(station, head, ticket, "dispatch", staff_id=await staff_id(station, office))
    await ticket_step(station, office, ticket, "take")
    await ticket_step(station, office, ticket, "contact", words="已致电客户,说明情况")
    await ticket_step(station, office, ticket, "handle", words="约谈管理员,改进服务")
    await ticket_step(station, office, ticket, "reply", words="已向您道歉并改正")
    own = await station.refused(
        office, "POST", f"/tickets/{ticket['id']}/callback", version=5, outcome="satisfied"
    )
    assert own["status"] in (403, 409), own
    await ticket_step(station, other, ticket, "callback", outcome="satisfied", stars=4)
    done = await ticket_step(station, other, ticket, "archive")
    assert done["state"] == "closed"
    return str(ticket["id"])


async def sealed_tip_off(station: Station, customer: dict[str, Any]) -> str:
    """Told in the chat; the auditor handles it, nobody at the station knows of it."""
    openid = customer["openid"]
    asked = await station.says(openid, "举报")
    for words in ("1", "有人夜里绕过电表用电,在村口加工厂", "1"):
        asked = await station.says(openid, words)
    number = str(asked["reply"]["text"]).split("单号 ")[1][:16]
    auditor = with_role(station, "auditor")
    found = await station.api(auditor, "GET", "/tickets?kind=tip_off")
    ticket = next(one for one in found["items"] if one["number"] == number)
    assert ticket["phone"] is None
    assert openid not in str(ticket)
    for who in ("station_head", "dispatcher", "back_office"):
        assert (await station.refused(with_role(station, who), "GET", f"/tickets/{ticket['id']}"))[
            "status"
        ] == 404
    handler = await staff_id(station, auditor)
    await ticket_step(station, auditor, ticket, "dispatch", staff_id=handler)
    await ticket_step(station, auditor, ticket, "take")
    await ticket_step(station, auditor, ticket, "handle", words="已现场核实")
    await ticket_step(station, auditor, ticket, "reply", words="已查处,谢谢您")
    return str(ticket["id"])


async def breach_that_climbs_to_the_county(station: Station, customer: dict[str, Any]) -> str:
    """A fault that nobody reaches: grid, station, county are asked one after another (W3)."""
    dispatcher = with_role(station, "dispatcher")
    job = await station.api(
        dispatcher,
        "POST",
        "/work-orders",
        description="电表箱里有响声",
        account_no=customer["account_no"],
        phone=customer["phone"],
    )
    who = str(await until(lambda: _given(station, dispatcher, job["id"]), _SOON_S, "it is offered"))
    await walk(station, who, job, "accept")
    await station.advance(2 * HOUR + 5 * MINUTE)
    order = await until(
        lambda: _order(station, dispatcher, job["id"], "grid"), _SOON_S, "the breach is supervised"
    )
    await station.advance(2 * HOUR + 5 * MINUTE)
    await until(
        lambda: _order(station, dispatcher, job["id"], "station"), _SOON_S, "the station is asked"
    )
    await station.advance(4 * HOUR + 5 * MINUTE)
    await until(
        lambda: _order(station, dispatcher, job["id"], "county"), _SOON_S, "the county is asked"
    )
    auditor = with_role(station, "auditor")
    path = f"/supervision-orders/{order['id']}"
    early = await station.refused(auditor, "POST", f"{path}/close", words="先关掉")
    assert early["code"] == "supervision_step_not_possible", early
    offender = await station.refused(who, "POST", f"{path}/answer", words="我马上去")
    assert offender["status"] in (403, 404), offender
    await station.api(dispatcher, "POST", f"{path}/answer", words="已催促,今天到场")
    await station.api(auditor, "POST", f"{path}/close", words="同意")
    shown = await station.api(auditor, "GET", path)
    levels = [step["to_level"] for step in shown["history"]]
    assert list(dict.fromkeys(levels)) == ["grid", "station", "county"]
    await walk(station, who, job, "arrive", "start", "restore", "complete")
    return str(job["id"])


async def _given(station: Station, who: str, job_id: str) -> str | None:
    job = await station.api(who, "GET", f"/work-orders/{job_id}")
    return str(job["assignee"]["employee_no"]) if job["assignee"] else None


async def _order(station: Station, who: str, job_id: str, level: str) -> dict[str, Any] | None:
    """The one order about the arrival of a job, once it stands at a level."""
    page = await station.api(who, "GET", "/supervision-orders?state=all&limit=200")
    found = [
        one for one in page["items"] if one["work_order_id"] == job_id and one["target"] == "arrive"
    ]
    assert len(found) <= 1, found
    late = found and found[0]["cause"] == "breach"
    return found[0] if late and found[0]["level"] == level else None
