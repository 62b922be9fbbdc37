"""A file of orders: every row as through the port, all of it or nothing."""

import csv
import io
from datetime import timedelta

import pytest

from grid.kit.clock import SHANGHAI, business_now
from grid.kit.database import fetch_value
from grid.partners.importing import ROWS_MAX, import_orders
from grid.territory.csv_files import FileRefused
from tests.grid.partners.scene import number, tickets
from tests.grid.work_orders.scene import make_scene


async def row(**more: str) -> dict[str, str]:
    at = (await business_now() - timedelta(hours=1)).astimezone(SHANGHAI)
    return {
        "number": number(),
        "kind": "意见",
        "accepted_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "description": "电压偏低",
        **more,
    }


def file_of(*rows: dict[str, str]) -> bytes:
    names = sorted({name for one in rows for name in one})
    text = io.StringIO()
    out = csv.DictWriter(text, names)
    out.writeheader()
    out.writerows(rows)
    return text.getvalue().encode()


@pytest.mark.usefixtures("rolled_back")
async def test_a_file_is_loaded_whole_and_again_changes_nothing() -> None:
    scene = await make_scene()
    fault = await row(kind="故障报修", account_no=scene.home.account_no, description="没电")
    urge = await row(kind="催办", urged_number=fault["number"], description="快点")
    source = file_of(urge, fault, await row(phone="13800000009"))
    report = await import_orders(source)
    assert (report.rows, report.added, report.changed, report.refused_count) == (3, 2, 1, 0)
    again = await import_orders(source)
    assert (again.added, again.changed, again.refused_count) == (0, 0, 0)
    assert len(await tickets()) == 2
    assert [one["urges"] for one in await tickets()] == [1, 0]


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("kind", {"kind": "别的"}),
        ("accepted_at", {"accepted_at": "昨天"}),
        ("accepted_at", {"accepted_at": "2020-01-01 08:00:00"}),
        ("complaint_class", {"kind": "投诉"}),
        ("urged_number", {"kind": "催办"}),
        ("account_no", {"account_no": "AB12"}),
        ("lat", {"lat": "29.8"}),
        ("number", {"number": "A"}),
        ("phone", {"phone": "电话"}),
    ],
)
async def test_one_wrong_row_and_nothing_is_loaded(column: str, cells: dict[str, str]) -> None:
    report = await import_orders(file_of(await row(), await row(**cells)))
    assert (report.added, report.refused_count) == (0, 1)
    assert [(one.row, one.column) for one in report.refused] == [(3, column)]


@pytest.mark.usefixtures("rolled_back")
async def test_a_number_that_came_with_another_content_is_refused_by_row() -> None:
    first = await row()
    await import_orders(file_of(first))
    report = await import_orders(file_of({**first, "description": "另一件事"}))
    assert [one.column for one in report.refused] == ["number"]


@pytest.mark.usefixtures("rolled_back")
async def test_a_file_that_is_too_long_is_refused_as_a_whole() -> None:
    one = await row()
    rows = [{**one, "number": f"HBX{n:06d}"} for n in range(ROWS_MAX + 1)]
    with pytest.raises(FileRefused):
        await import_orders(file_of(*rows))


@pytest.mark.usefixtures("committed")
async def test_rows_that_were_good_are_taken_back_with_the_others() -> None:
    await import_orders(file_of(await row(), await row(number="A")))
    assert await fetch_value("SELECT count(*) FROM partner_order") == 0
