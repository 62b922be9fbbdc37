"""`wangge`: finds the command, gives it its settings, and turns refusals into one clear line."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from backend.commands.place import add_home_argument, adopt_home, split_home
from backend.commands.words import complain
from backend.refused import Refused

#: What each command does; its file in `backend/commands/` is loaded only when it is asked for.
COMMANDS = {
    "up": "run everything on this machine: services, demo county, simulators",
    "serve": "run one web process",
    "worker": "run one worker process",
    "migrate": "bring the tables to this version",
    "doctor": "check the installation and say how to mend it",
    "staff": "list, add, disable and appoint staff",
    "import": "load a county from CSV files",
    "clock": "move business time forward (demo and tests only)",
    "backup": "write a consistent copy of the database to a file",
    "restore": "bring a copy back, or release what waited in it",
}
MODULES = {"import": "import_csv"}


class Command(Protocol):
    """What a file in `backend/commands/` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code; raises Refused with one clear line."""


def command_named(name: str) -> Command:
    """Load one command."""
    module = importlib.import_module(f"backend.commands.{MODULES.get(name, name)}")
    return cast(Command, module)


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser of the whole command line; only the chosen command declares its options."""
    parser = argparse.ArgumentParser(
        prog="wangge", description="Wangge (网格): the service system of a county power company."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        if name == chosen:
            command_named(name).add_arguments(sub)
            if name != "up":
                add_home_argument(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    given = list(sys.argv[1:] if argv is None else argv)
    chosen = given[0] if given and given[0] in COMMANDS else None
    home: str | None = None
    if chosen not in {None, "up"}:
        home, given = split_home(given)
    arguments = build_parser(chosen).parse_args(given)
    try:
        if arguments.command != "up":
            adopt_home(os.environ, home)
        return command_named(arguments.command).run(arguments)
    except Refused as refusal:
        complain(str(refusal))
        return 1
    except KeyboardInterrupt:
        complain("stopped")
        return 130
