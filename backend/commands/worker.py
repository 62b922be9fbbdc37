"""`wangge worker`: one worker process: relay, reactions, schedules."""

import argparse

from backend.commands.run import full_settings
from backend.worker import main


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(arguments: argparse.Namespace) -> int:
    full_settings()
    return main()
