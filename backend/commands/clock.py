"""`wangge clock advance SECONDS`: move business time forward, in a demo or a test only."""

import argparse

from backend.commands.run import database_settings, with_pool
from backend.commands.words import CommandRefused, say
from grid.kit.clock import advance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    forward = verbs.add_parser("advance", help="move business time forward")
    forward.add_argument("seconds", type=int, metavar="SECONDS", help="1 to 34560000 (400 days)")


def run(arguments: argparse.Namespace) -> int:
    settings = database_settings()
    if not settings.demo:
        raise CommandRefused("business time moves only in a demo (WANGGE_DEMO is not true)")
    offset = with_pool(settings, lambda: advance(arguments.seconds))
    say(f"business time is now {offset:.0f} s ahead of the machine")
    return 0
