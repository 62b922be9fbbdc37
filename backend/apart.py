"""Work on a database with connections of one's own, beside whatever pool the process has open."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from grid.kit.database import DB, point_at


@contextmanager
def apart(database_url: str, server_settings: Mapping[str, str]) -> Iterator[None]:
    """Inside, each transaction of the ground floor gets a new connection to `database_url`.

    For commands that do one thing in a quiet process: whoever runs beside it would be pointed at
    the same database.
    """
    pool, config = DB.pool, dict(DB.config)
    DB.pool = None
    point_at(database_url)
    DB.config["server_settings"] = dict(server_settings)
    try:
        yield
    finally:
        DB.pool = pool
        DB.config.clear()
        DB.config.update(config)
