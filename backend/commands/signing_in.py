"""Who sits at the keyboard: a command that needs a second person asks for their sign-in."""

import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from backend.commands.words import CommandRefused
from grid.territory.sessions import sign_out
from grid.territory.sign_in import SecondFactorNeeded, sign_in
from grid.territory.types import Audience, SignIn, StaffActor

DEVICE_ID = "wangge-shell"


def ask(prompt: str) -> str:
    """A secret from the keyboard, unseen; or the next line of standard input when it is a pipe."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{prompt}: ")
    return sys.stdin.readline().rstrip("\n")


@asynccontextmanager
async def signed_in(employee_no: str) -> AsyncIterator[StaffActor]:
    """Sign somebody in for one command, with the second factor where a post asks for it.

    Raises CommandRefused for what cannot be an employee number or a password, and whatever the
    sign-in refuses.
    """
    password = ask(f"password of {employee_no}")
    try:
        session = await sign_in(_command(employee_no, password, None), Audience.CONSOLE, "wangge")
    except SecondFactorNeeded:
        code = ask("six digits of the second factor")
        session = await sign_in(_command(employee_no, password, code), Audience.CONSOLE, "wangge")
    try:
        yield session.actor
    finally:
        await sign_out(session.actor)


def _command(employee_no: str, password: str, code: str | None) -> SignIn:
    given = {
        "employee_no": employee_no,
        "password": password,
        "device_id": DEVICE_ID,
        "code": code,
    }
    try:
        return msgspec.convert(given, SignIn)
    except msgspec.ValidationError as error:
        raise CommandRefused(f"cannot sign in: {error}") from None
