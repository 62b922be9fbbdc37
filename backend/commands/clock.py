"""`wangge clock advance SECONDS`: move business time forward, in a demo or a test only."""

import argparse
import asyncio

from backend.commands.run import database_settings, with_pool
from backend.commands.words import CommandRefused, say
from grid.kit.clock import OFFSET_FRESH_S, advance
from grid.kit.schedule import wake


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    forward = verbs.add_parser("advance", help="move business time forward")
    forward.add_argument("seconds", type=int, metavar="SECONDS", help="1 to 34560000 (400 days)")


def run(arguments: argparse.Namespace) -> int:
    settings = database_settings()
    if not settings.demo:
        raise CommandRefused("business time moves only in a demo (WANGGE_DEMO is not true)")

    async def push() -> float:
        offset = await advance(arguments.seconds)
        # Other processes may use what they last read for a moment; come back when none does.
        await asyncio.sleep(OFFSET_FRESH_S)
        # What runs once an hour or a day has had its hour: it looks at the new time at once.
        await wake()
        return offset

    offset = with_pool(settings, push)
    say(f"business time is now {offset:.0f} s ahead of the machine")
    return 0
