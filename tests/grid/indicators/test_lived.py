"""A fault that was lived through the verbs stands in the figures as the verbs left it."""

import pytest

from grid.indicators.reading import value
from grid.indicators.records import records
from grid.indicators.types import Asked, Which
from grid.kit.clock import business_day, business_now
from grid.work_orders.tickets.followed import rate_ticket
from grid.work_orders.tickets.types import RateTicket
from tests.grid.work_orders.scene import completed, make_scene
from tests.support.staff import make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")


@pytest.mark.parametrize(("stars", "content"), [(5, 1), (1, 0)])
async def test_a_fault_from_report_to_rating_counts_everywhere_once(
    stars: int, content: int
) -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=stars))
    county = await make_dispatcher()
    today = f"{business_day(await business_now())}"
    asked = Asked(period=today, scope=f"grid:{scene.grid.code}")
    for name, numerator in (
        ("solved_in_grid", 1),
        ("accept_met", 1),
        ("arrive_met", 1),
        ("arrive_met_without_pauses", 1),
        ("restore_met", 1),
        ("rating_satisfied", content),
        ("callback_satisfied", content),
        ("callback_made", 1),
        ("callback_met", 1),
        ("reopened_soon", 0),
        ("disputed_arrivals", 0),
    ):
        figure = await value(county, name, asked)
        assert (figure.numerator, figure.denominator) == (numerator, 1), name
    (rated,) = (await records(county, "rating_average", asked)).items
    assert rated.amount == stars
    assert rated.staff == scene.manager.name
    assert rated.work_order_id == job.id
    (solved,) = (await records(county, "solved_in_grid", asked, Which.HIT)).items
    assert solved.ticket_id == job.ticket_id
