"""Starts everything of one home in order, says when it serves, and stops everything in order."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import httpx

from backend.embedded import EmbeddedPostgres, EmbeddedValkey
from backend.embedded.home import LOOPBACK
from backend.one_machine import children
from backend.one_machine.configuring import Addresses, child_environment, decided, write_settings
from backend.one_machine.home import Home, HomeRefused, HomeSecrets, HomeState
from backend.one_machine.ready import Facts, write_ready
from backend.one_machine.seeding import prepare_database
from backend.supervisor.child import Child, ChildSpec
from backend.supervisor.supervisor import Stage, Supervisor

SERVES_WITHIN_S = 90.0


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person who starts it asked for."""

    host: str
    customers: int
    web_processes: int
    is_demo: bool


class Machine:
    """One home that runs. `run` serves until it is cancelled or a child keeps dying."""

    def __init__(
        self,
        home: Home,
        state: HomeState,
        wishes: Wishes,
        listener: socket.socket,
        say: Callable[[str], None],
    ) -> None:
        self._home = home
        self._state = state
        self._wishes = wishes
        self._listener = listener
        self._say = say
        self._secrets: HomeSecrets = home.secrets()
        self._began = time.monotonic()
        self._facts: Facts = {}
        self._serves = False
        self._supervisor = Supervisor(say, self._processes_changed)

    async def run(self) -> None:
        """Start, serve, and on the way out stop web, worker, simulators, Valkey, PostgreSQL."""
        self._home.begin()
        async with contextlib.AsyncExitStack() as stack:
            self._step("starting PostgreSQL")
            postgres = await stack.enter_async_context(EmbeddedPostgres(self._home.directory))
            self._step("starting Valkey")
            valkey = await stack.enter_async_context(EmbeddedValkey(self._home.directory))
            self._at = self._addresses(postgres, valkey)
            values = decided(self._home, self._secrets, self._at, is_demo=self._wishes.is_demo)
            settings = write_settings(self._home, values, dict(os.environ))
            self._step("preparing the database")
            self._facts = await prepare_database(
                settings, self._secrets, self._wishes.customers, self._say
            )
            children.write_simulator_files(
                self._home, self._secrets, self._at, self._facts.get("customers", ())
            )
            stack.push_async_callback(self._leave)
            await self._start_children(postgres, valkey)
            await self._serve()

    def _step(self, words: str) -> None:
        self._say(f"[{time.monotonic() - self._began:5.1f} s] {words}")

    def _addresses(self, postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> Addresses:
        port = self._listener.getsockname()[1]
        host = self._wishes.host
        # A server that listens everywhere is reached, from here, on the loopback address.
        shown = LOOPBACK if host in {"0.0.0.0", "::"} else host  # noqa: S104
        shown = f"[{shown}]" if ":" in shown else shown
        wechat_port, head_end_port, province_port = self._state.choose_simulator_ports()
        self._home.remember(self._state)
        return Addresses(
            base_url=f"http://{shown}:{port}",
            owner_url=postgres.owner_url,
            app_url=postgres.app_url,
            redis_url=valkey.url,
            wechat_simulator_url=f"http://{LOOPBACK}:{wechat_port}",
            head_end_simulator_url=f"http://{LOOPBACK}:{head_end_port}",
            province_simulator_url=f"http://{LOOPBACK}:{province_port}",
        )

    async def _start_children(self, postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
        self._step("starting web, worker and simulators")
        home, environ = self._home, child_environment(self._home, dict(os.environ))
        add = self._supervisor.add
        await add("postgres", Stage.DATABASE, postgres.restart, running=postgres.child)
        await add("valkey", Stage.TRANSPORT, valkey.restart, running=valkey.child)
        for name, module, config, url in (
            (
                "wechat-simulator",
                "bot.simulator",
                home.wechat_simulator_file,
                self._at.wechat_simulator_url,
            ),
            (
                "head-end-simulator",
                "backend.head_end.simulator",
                home.head_end_simulator_file,
                self._at.head_end_simulator_url,
            ),
            (
                "province-simulator",
                "backend.province.simulator",
                home.province_simulator_file,
                self._at.province_simulator_url,
            ),
        ):
            port = int(url.rsplit(":", 1)[1])
            spec = children.simulator(home, environ, name, module, config, port)
            await add(name, Stage.SIMULATOR, starter(spec))
        await add("worker", Stage.WORKER, starter(children.worker(home, environ)))
        for number in range(1, self._wishes.web_processes + 1):
            spec = children.web(home, environ, number, self._listener.fileno())
            await add(spec.name, Stage.WEB, starter(spec))

    async def _serve(self) -> None:
        """Wait until it serves, say so, and stay until a child keeps dying."""
        watching = asyncio.create_task(self._supervisor.wait())
        serving = asyncio.create_task(self._until_it_serves())
        try:
            await asyncio.wait({watching, serving}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            serving.result()
            self._serves = True
            self._processes_changed()
            self._step("it serves")
            for line in self._welcome():
                self._say(line)
            await watching
        finally:
            for task in (watching, serving):
                task.cancel()
            await asyncio.gather(watching, serving, return_exceptions=True)

    async def _until_it_serves(self) -> None:
        """Ask the web process and the simulators until all answer; raises HomeRefused."""
        asked = {
            f"{self._at.base_url}/health/ready": "the web process",
            f"{self._at.wechat_simulator_url}/": "the WeChat simulator",
            f"{self._at.head_end_simulator_url}/": "the head-end simulator",
            f"{self._at.province_simulator_url}/": "the simulator of the province's 95598",
        }
        try:
            async with asyncio.timeout(SERVES_WITHIN_S), httpx.AsyncClient(timeout=5) as client:
                for url in list(asked):
                    await _wait_for_answer(client, url)
                    del asked[url]
        except TimeoutError:
            raise HomeRefused(
                f"{next(iter(asked.values()))} does not answer within {SERVES_WITHIN_S:.0f} s, "
                f"see {self._home.logs}"
            ) from None

    def _welcome(self) -> list[str]:
        lines = [
            "",
            f"  console           {self._at.base_url}/console",
            f"  phone             {self._at.base_url}/phone",
            f"  WeChat simulator  {self._at.wechat_simulator_url}",
            f"  head-end          {self._at.head_end_simulator_url}",
            f"  province 95598    {self._at.province_simulator_url}",
            f"  everything else   {self._home.ready_file}",
            f"  logs              {self._home.logs}",
        ]
        signs = list(sign_ins(self._facts.get("staff", ())))
        if signs:
            lines += [
                "",
                "  demo sign-ins (synthetic people; all of them are in ready.json):",
                *signs,
            ]
        return [*lines, "", "Ctrl-C stops everything in order."]

    def _processes_changed(self) -> None:
        if self._serves:
            write_ready(
                self._home, self._secrets, self._at, self._facts, self._supervisor.processes
            )

    async def _leave(self) -> None:
        self._serves = False
        self._home.ready_file.unlink(missing_ok=True)
        await self._supervisor.stop()


_SHOWN = {"dispatcher": 1, "manager": 10, "crew": 4, "supervisor": 1, "operator": 1}


def sign_ins(staff: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """People of each kind, on shift where that can be, with what they sign in with.

    Of those who get jobs as many as a station has, so that the person whom the board names is here.
    """
    for role, most in _SHOWN.items():
        having = [one for one in staff if role in cast("list[str]", one["roles"])]
        for person in sorted(having, key=lambda one: not one["on_shift"])[:most]:
            line = f"    {role:<11} {person['employee_no']:<8} {person['password']}"
            factor = f"  second factor {person['totp_secret']}" if person["totp_secret"] else ""
            yield f"{line}  {person['name']}{factor}"


def starter(spec: ChildSpec) -> Callable[[], Awaitable[Child]]:
    """What a supervisor calls to start `spec`, or to start it again."""

    async def start() -> Child:
        return await Child.start(spec)

    return start


async def _wait_for_answer(client: httpx.AsyncClient, url: str) -> None:
    """Ask until a server speaks at `url`; our own readiness page has to say yes, too."""
    while True:
        with contextlib.suppress(httpx.HTTPError):
            answer = await client.get(url)
            if answer.status_code == 200 or not url.endswith("/ready"):
                return
        await asyncio.sleep(0.1)
