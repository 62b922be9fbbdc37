"""`wangge up`: everything on one machine, from an empty directory to a page that answers."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import time
from pathlib import Path

from backend.commands.place import DEFAULT_HOME
from backend.commands.serve import DEFAULT_HOST, DEFAULT_PORT, listening_socket
from backend.commands.words import CommandRefused, say
from backend.embedded.home import HomeLock
from backend.one_machine.home import Home, HomeState
from backend.one_machine.machine import Machine, Wishes

DEFAULT_CUSTOMERS = 1500
COUNTY_CUSTOMERS = 72175
PORTS_TRIED = 50
OLD_LISTENER_WAIT_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", default=DEFAULT_HOME, metavar="DIR", help="where it lives")
    parser.add_argument("--host", default=DEFAULT_HOST, metavar="H", help="address to listen on")
    parser.add_argument("--port", type=int, metavar="N", help=f"port (default {DEFAULT_PORT})")
    parser.add_argument(
        "--customers",
        type=int,
        default=DEFAULT_CUSTOMERS,
        metavar="N",
        help=f"size of the demo (default {DEFAULT_CUSTOMERS}: one station; "
        f"{COUNTY_CUSTOMERS}: the county)",
    )
    parser.add_argument("--web-processes", type=int, default=1, metavar="N", help="web processes")
    parser.add_argument("--no-demo", action="store_true", help="an empty installation")


def run(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.web_processes <= 64:
        raise CommandRefused("--web-processes must be from 1 to 64")
    if not 1 <= arguments.customers <= COUNTY_CUSTOMERS:
        raise CommandRefused(f"--customers must be from 1 to {COUNTY_CUSTOMERS}")
    home = Home(Path(arguments.home))
    # Whatever we or our children write is nobody else's to read, in a home that is open, too.
    os.umask(0o077)
    try:
        home.make()
        lock = HomeLock(home.directory, "this home")
        lock.acquire()
        try:
            return _run_locked(home, arguments)
        finally:
            lock.release()
    except OSError as error:
        raise CommandRefused(f"cannot use {home.directory}: {error}") from None


def _run_locked(home: Home, arguments: argparse.Namespace) -> int:
    state = home.state(is_demo=not arguments.no_demo)
    with contextlib.closing(choose_listener(state, arguments.host, arguments.port)) as listener:
        state.port = listener.getsockname()[1]
        home.remember(state)
        wishes = Wishes(
            host=arguments.host,
            customers=arguments.customers,
            web_processes=arguments.web_processes,
            is_demo=not arguments.no_demo,
        )
        asyncio.run(_until_stopped(Machine(home, state, wishes, listener, say)))
    say("stopped")
    return 0


async def _until_stopped(machine: Machine) -> None:
    """Run until Ctrl-C, SIGTERM or a closed terminal, which stop all in order at any moment."""
    running = asyncio.ensure_future(machine.run())
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            say("stopping in order ...")
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not stopped:
            raise


def choose_listener(state: HomeState, host: str, port: int | None) -> socket.socket:
    """Listen on the port asked for; else on the last one; else on the first free from the default.

    Raises CommandRefused. A port of our own is waited for: after a crash the processes of the last
    run may hold it for a moment longer.
    """
    wanted = port if port is not None else state.port
    if wanted is not None:
        deadline = time.monotonic() + (OLD_LISTENER_WAIT_S if state.port == wanted else 0)
        while True:
            try:
                return listening_socket(host, wanted)
            except CommandRefused:
                if time.monotonic() >= deadline:
                    break
            time.sleep(0.1)
        if port is not None:
            return listening_socket(host, wanted)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED):
        with contextlib.suppress(CommandRefused):
            return listening_socket(host, candidate)
    return listening_socket(host, 0)
