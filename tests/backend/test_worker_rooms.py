"""No room's reactions or schedules are forgotten by the worker."""

from backend.worker import ROOMS
from grid.kit.schedule import schedules
from tests.house.source import TOP, product_files, relative


def test_the_worker_imports_every_room_that_reacts_or_keeps_time() -> None:
    wanted = {
        relative(path).removesuffix(".py").replace("/", ".")
        for path in product_files()
        if path.name in ("reactions.py", "schedule.py")
        and path.parent.parent in (TOP / "grid", TOP)
        and path.parent.name != "kit"
    }
    known = {module.__name__ for module in ROOMS}
    assert "grid.dispatch.reactions" in wanted
    assert wanted - known == set()


def test_every_schedule_has_a_limit_and_a_name_of_its_room() -> None:
    ours = [one for one in schedules().values() if not one.run.__module__.startswith("tests.")]
    assert ours
    for known in ours:
        assert 0 < known.limit_s <= 60, known.name
        assert 0.2 <= known.every_s <= 86400, known.name
        assert known.name.split(".")[0] in known.run.__module__.split(".")[:2], known.name
