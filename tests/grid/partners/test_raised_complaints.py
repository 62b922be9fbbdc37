"""What was raised past a grid or a station is no matter of theirs, whichever way they come (W5)."""

import pytest

from grid.kit.database import fetch_value
from grid.kit.refusals import NotFound
from grid.partners.handovers import hand_over
from grid.partners.types import HandOver
from grid.supervision.service import open_supervision
from grid.supervision.types import OpenSupervision
from grid.visits.caring import care_card
from grid.work_orders.times.promising import ticket_promises
from tests.grid.partners.test_handovers import outgoing
from tests.grid.work_orders.matters import make_office, taken_in
from tests.support.staff import actor_of

pytestmark = pytest.mark.usefixtures("rolled_back")


async def test_W5_a_station_neither_gives_away_nor_reads_the_complaint_about_its_head() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint", about=[office.head.employee_no])
    by_number = HandOver(
        **{
            name: getattr(outgoing(None, ticket_number=ticket.number), name)
            for name in HandOver.__struct_fields__
        }
    )
    for actor in (office.clerk, office.scene.manager, office.head):
        for command in (outgoing(ticket.id), by_number):
            with pytest.raises(NotFound):
                await hand_over(actor, command)
        with pytest.raises(NotFound):
            await ticket_promises(actor, ticket.id)
    supervisor = await actor_of(office.scene.grid.supervisor)
    for actor in (supervisor, office.scene.dispatcher):
        with pytest.raises(NotFound):
            await open_supervision(actor, OpenSupervision(ticket_id=ticket.id, words="催一催"))
    assert await fetch_value("SELECT count(*) FROM handover") == 0
    assert (
        await open_supervision(office.county, OpenSupervision(ticket_id=ticket.id, words="催一催"))
    ).ticket_id == ticket.id


async def test_W5_the_card_before_the_door_does_not_count_a_complaint_about_its_reader() -> None:
    office = await make_office()
    home, manager = office.scene.home, office.scene.manager
    await taken_in(office, "complaint", about=[manager.employee_no])
    assert (await care_card(manager, home.account_no)).open_matters == 0
    assert (await care_card(office.clerk, home.account_no)).open_matters == 1
