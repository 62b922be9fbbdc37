"""`wangge restore FILE` brings a copy back; `wangge restore release` lets go what waited in it."""

import argparse
from pathlib import Path

from backend.commands.run import database_settings, with_database, with_pool
from backend.commands.words import CommandRefused, say
from backend.restore import restore
from grid.kit.database import fetch_value
from grid.kit.outbox import release_frozen

RELEASE = "release"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help=f"the copy; or the word '{RELEASE}' to let go what waited"
    )
    parser.add_argument(
        "--replace", action="store_true", help="remove everything in the database first"
    )
    parser.add_argument("--by", metavar="EMPLOYEE_NO", help="who agrees to the release")


def run(arguments: argparse.Namespace) -> int:
    if arguments.file == RELEASE:
        return _release(arguments.by)
    if arguments.by is not None:
        raise CommandRefused("--by belongs to `wangge restore release`")
    done = with_database(
        database_settings(),
        lambda found: restore(found, Path(arguments.file), replace=arguments.replace),
    )
    if done.manifest is None:
        say("there was no manifest: the copy could not be checked for damage")
    else:
        say(f"brought back the copy of {done.manifest.made_at:%Y-%m-%d %H:%M} UTC")
    say(f"{done.frozen} messages that waited are frozen; nothing old is sent again")
    say("after a look at them two people run: wangge restore release --by EMPLOYEE_NO")
    return 0


def _release(employee_no: str | None) -> int:
    if employee_no is None:
        raise CommandRefused("who agrees? wangge restore release --by EMPLOYEE_NO")

    async def agree() -> int:
        known = await fetch_value(
            "SELECT EXISTS (SELECT 1 FROM staff WHERE employee_no = $1 AND disabled_at IS NULL)",
            employee_no,
        )
        if not known:
            raise CommandRefused(f"there is no active employee {employee_no}")
        return await release_frozen(employee_no)

    released = with_pool(database_settings(), agree)
    if released:
        say(f"released {released} messages")
    else:
        say(f"{employee_no} agrees; a second person has to agree too (or nothing waits)")
    return 0
