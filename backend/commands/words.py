"""How commands speak: plain lines on standard output, refusals on standard error."""

import sys

from backend.refused import Refused


class CommandRefused(Refused):
    """A command cannot do what it was asked; the text is one clear line for a person."""


def say(words: str) -> None:
    """One line for a person, at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def complain(words: str) -> None:
    """One line about what went wrong."""
    sys.stderr.write(f"wangge: {words}\n")
    sys.stderr.flush()
