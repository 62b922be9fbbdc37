"""`wangge doctor`: check the installation and say how to mend it."""

import argparse
import os

from backend.commands.run import finish
from backend.commands.words import say
from backend.doctor import Finding, examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--online", action="store_true", help="also ask the WeChat platform for an access token"
    )


def run(arguments: argparse.Namespace) -> int:
    findings = finish(examine(os.environ, online=arguments.online))
    for finding in findings:
        for line in lines_of(finding):
            say(line)
    bad = sum(not finding.is_right for finding in findings)
    say("all is well" if not bad else f"{bad} to mend")
    return 1 if bad else 0


def lines_of(finding: Finding) -> list[str]:
    """A finding for a person to read."""
    mark = "ok  " if finding.is_right else "BAD "
    lines = [f"{mark} {finding.check:<11} {finding.seen}"]
    return [*lines, f"     {'':<11} -> {finding.mend}"] if finding.mend else lines
