"""`wangge staff`: the operator's first hour with people.

The first operator of an empty installation is set up alone. After that whoever holds the shell can
only ask for a change; a signed-in person decides on it, here or in the console. Disabling takes
rights away and needs one person only.
"""

import argparse
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import UUID

import msgspec

from backend.commands.run import database_settings, with_pool
from backend.commands.signing_in import ask, signed_in
from backend.commands.words import CommandRefused, say
from grid.kit import context
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_value
from grid.territory.changes import Change, ChangePassword, Credentials, DecideStaffChange
from grid.territory.own_account import change_password
from grid.territory.people import (
    decide_staff_change,
    disable_staff,
    first_operator,
    propose_staff_change,
    staff_changes,
)
from grid.territory.types import Appoint, GridRole, NewStaff, StaffRole, SystemActor

SHELL = SystemActor(name="shell")
LISTED_MAX = 2000

Verb = Callable[[argparse.Namespace], Awaitable[None]]
Kind = TypeVar("Kind", bound=msgspec.Struct)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="everybody, with posts and grids of today")
    add = verbs.add_parser("add", help="ask for a new person (the first one is set up at once)")
    add.add_argument("employee_no", metavar="EMPLOYEE_NO")
    add.add_argument("--name", required=True)
    add.add_argument("--phone", required=True)
    add.add_argument("--station", metavar="CODE", help="supply station; none is the whole county")
    add.add_argument("--role", action="append", default=[], choices=list(StaffRole), dest="roles")
    disable = verbs.add_parser("disable", help="end somebody's sessions and rights at once")
    disable.add_argument("employee_no", metavar="EMPLOYEE_NO")
    disable.add_argument("--reason", default="asked for in the shell")
    appoint = verbs.add_parser("appoint", help="ask for one of the three roles in a grid")
    appoint.add_argument("employee_no", metavar="EMPLOYEE_NO")
    appoint.add_argument("--grid", required=True, metavar="CODE")
    appoint.add_argument("--role", required=True, choices=list(GridRole))
    appoint.add_argument("--from", required=True, dest="from_day", metavar="YYYY-MM-DD")
    verbs.add_parser("changes", help="what was asked for and waits for its second person")
    decide = verbs.add_parser("decide", help="agree to a change, or refuse it")
    decide.add_argument("change", type=UUID, metavar="CHANGE")
    decide.add_argument("answer", choices=["approve", "refuse"])
    decide.add_argument("--by", required=True, metavar="EMPLOYEE_NO", help="who decides")
    password = verbs.add_parser("password", help="change one's own password")
    password.add_argument("employee_no", metavar="EMPLOYEE_NO")


def run(arguments: argparse.Namespace) -> int:
    verb = VERBS[arguments.verb]

    async def act() -> None:
        with context.acting(SHELL.subject):
            await verb(arguments)

    with_pool(database_settings(), act)
    return 0


async def _list(arguments: argparse.Namespace) -> None:
    """Numbers, names and rights; no phone numbers, for a shell keeps what it shows."""
    rows = await fetch(
        "SELECT s.employee_no, s.name, s.state, coalesce(t.code, '-') AS station,"
        " (SELECT string_agg(DISTINCT r.role, ',') FROM staff_role_grant r WHERE r.staff = s.id"
        "  AND r.from_day <= $2 AND (r.until_day IS NULL OR r.until_day > $2)) AS roles,"
        " (SELECT string_agg(g.code || ' ' || a.role, ', ' ORDER BY g.code)"
        "  FROM grid_appointment a JOIN service_grid g ON g.id = a.grid"
        "  WHERE a.staff = s.id AND a.from_day <= $2"
        "  AND (a.until_day IS NULL OR a.until_day > $2)) AS grids"
        " FROM staff s LEFT JOIN supply_station t ON t.id = s.station"
        " ORDER BY s.employee_no LIMIT $1",
        LISTED_MAX,
        business_day(await business_now()),
    )
    for row in rows:
        state = "" if row["state"] == "active" else f" [{row['state']}]"
        say(
            f"{row['employee_no']:<12} {row['name']}{state}  {row['station']}"
            f"  {row['roles'] or '-'}  {row['grids'] or '-'}"
        )
    say(f"{len(rows)} people" + (" shown, there may be more" if len(rows) == LISTED_MAX else ""))


async def _add(arguments: argparse.Namespace) -> None:
    command = _checked(
        NewStaff,
        {
            "employee_no": arguments.employee_no,
            "name": arguments.name,
            "phone": arguments.phone,
            "station_code": arguments.station,
            "roles": arguments.roles,
        },
    )
    if await fetch_value("SELECT EXISTS (SELECT 1 FROM staff)"):
        await _propose(command)
        return
    _show(await first_operator(command))
    say("this is the first operator; from now on people and rights take two people")


async def _disable(arguments: argparse.Namespace) -> None:
    done = await disable_staff(SHELL, arguments.employee_no, arguments.reason)
    say(f"{done.employee_no} is disabled, {done.sessions_ended} sessions ended")
    if done.grids_left_open:
        say(f"these grids need another person now: {', '.join(done.grids_left_open)}")


async def _appoint(arguments: argparse.Namespace) -> None:
    await _propose(
        _checked(
            Appoint,
            {
                "employee_no": arguments.employee_no,
                "grid_code": arguments.grid,
                "role": arguments.role,
                "from_day": arguments.from_day,
            },
        )
    )


async def _changes(arguments: argparse.Namespace) -> None:
    page = await staff_changes(SHELL)
    for change in page.items:
        body = msgspec.json.decode(change.body)
        body.pop("phone", None)
        words = ", ".join(f"{name} {value}" for name, value in body.items() if value)
        say(f"{change.id}  {change.kind}  asked by {change.proposed_by}: {words}")
    say(f"{len(page.items)} wait" + (", and more" if page.next else ""))


async def _decide(arguments: argparse.Namespace) -> None:
    command = DecideStaffChange(change_id=arguments.change, approve=arguments.answer == "approve")
    async with signed_in(arguments.by) as actor:
        with context.acting(actor.subject):
            decided = await decide_staff_change(actor, command)
    say(f"{decided.id} is {decided.state}")
    if decided.credentials is not None:
        _show(decided.credentials)


async def _password(arguments: argparse.Namespace) -> None:
    async with signed_in(arguments.employee_no) as actor:
        given = {"old": ask("the same password again"), "new": ask("new password")}
        with context.acting(actor.subject):
            await change_password(actor, _checked(ChangePassword, given))
    say("the password is changed; other sessions ended")


async def _propose(change: Change) -> None:
    asked = await propose_staff_change(SHELL, change)
    say(f"asked for, as {asked.id}; a signed-in operator decides in the console, or here:")
    say(f"  wangge staff decide {asked.id} approve --by EMPLOYEE_NO")


def _show(credentials: Credentials) -> None:
    """Credentials are shown once, to the person who hands them on, and stored nowhere in clear."""
    say(f"employee number  {credentials.employee_no}")
    if credentials.password:
        say(f"first password   {credentials.password}  (to be changed at the first sign-in)")
    if credentials.totp_secret:
        say(f"second factor    {credentials.totp_secret}")
        say(f"                 {credentials.totp_uri}")


def _checked(kind: type[Kind], given: Mapping[str, object]) -> Kind:
    """Build a command from words; raises CommandRefused naming the wrong one."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise CommandRefused(f"not understood: {error}") from None


VERBS: dict[str, Verb] = {
    "list": _list,
    "add": _add,
    "disable": _disable,
    "appoint": _appoint,
    "changes": _changes,
    "decide": _decide,
    "password": _password,
}
