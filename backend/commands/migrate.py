"""`wangge migrate`: bring the tables to this version, under a lock, and give rights."""

import argparse

from backend.commands.run import database_settings, with_database
from backend.commands.words import say
from backend.migrate import migrate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(arguments: argparse.Namespace) -> int:
    done = with_database(database_settings(), lambda found: migrate(found, say))
    say(f"{len(done)} migrations run, rights given" if done else "nothing to migrate, rights given")
    return 0
