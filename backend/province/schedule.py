"""When time passes: what waits for the province is sent. No transaction is open meanwhile."""

from functools import cache

from backend.province.adapter import ProvinceHttp
from backend.settings import settings
from grid.kit.schedule import schedule
from grid.partners.feedback import send_waiting


@cache
def province() -> ProvinceHttp | None:
    """This process's client of the province, where one is set."""
    return ProvinceHttp.of(settings())


@schedule("province.send_waiting", every_s=1, limit_s=25)
async def send() -> None:
    """Send queued feedback; without an address it waits, and is chased like any other."""
    known = province()
    if known is not None:
        await send_waiting(known)
