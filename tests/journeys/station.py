"""A station of one's own: `wangge up` in a temporary home, driven only from outside."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pyotp

ROOT = Path(__file__).parents[2]
_START_S = 120.0

T = TypeVar("T")


class Station:
    """The outside of a running station: its facts, its doors, its processes."""

    def __init__(self, process: "subprocess.Popen[bytes]", home: Path) -> None:
        self.process = process
        self.home = home
        self.client = httpx.AsyncClient(timeout=20.0)
        self._tokens: dict[str, dict[str, str]] = {}

    @property
    def facts(self) -> dict[str, Any]:
        """`ready.json`, read anew: processes change when one is started again."""
        return dict(json.loads((self.home / "ready.json").read_text(encoding="utf-8")))

    def pid_of(self, name: str) -> int:
        return next(one["pid"] for one in self.facts["processes"] if one["name"] == name)

    async def as_staff(self, employee_no: str) -> dict[str, str]:
        """Headers of a signed-in phone; signed in once per person."""
        if employee_no not in self._tokens:
            person = next(one for one in self.facts["staff"] if one["employee_no"] == employee_no)
            second = person["totp_secret"]
            answer = await self.client.post(
                f"{self.facts['base_url']}/api/v1/sessions",
                json={
                    "employee_no": employee_no,
                    "password": person["password"],
                    "device_id": f"journey-{employee_no}",
                    **({} if second is None else {"code": pyotp.TOTP(second).now()}),
                },
            )
            answer.raise_for_status()
            self._tokens[employee_no] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return self._tokens[employee_no]

    async def api(self, who: str, method: str, path: str, /, **body: Any) -> Any:
        """One call of the phones' door; raises on anything but success."""
        answer = await self.client.request(
            method,
            f"{self.facts['base_url']}/api/v1{path}",
            headers=await self.as_staff(who),
            json=body or None,
        )
        if answer.is_error:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    async def refused(self, who: str, method: str, path: str, /, **body: Any) -> dict[str, Any]:
        """One call of the phones' door that must be refused; gives the problem."""
        answer = await self.client.request(
            method,
            f"{self.facts['base_url']}/api/v1{path}",
            headers=await self.as_staff(who),
            json=body or None,
        )
        assert answer.is_client_error, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    async def advance(self, seconds: int) -> None:
        """Push business time forward, as `wangge clock advance` does."""
        pushing = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "backend", "clock", "advance", str(seconds), "--home", str(self.home)),
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if not key.startswith("WANGGE_")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await pushing.communicate()
        assert pushing.returncode == 0, told.decode()

    async def says(self, openid: str, content: str) -> dict[str, Any]:
        """A customer writes; the answer holds the reply they got at once."""
        return await self.pushes(openid=openid, type="text", content=content)

    async def pushes(self, **event: Any) -> dict[str, Any]:
        """The platform pushes any message or event to the callback."""
        url = f"{self.facts['wechat']['simulator_url']}/control/events"
        answer = await self.client.post(url, json=event)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def received(self, openid: str) -> list[str]:
        """Every text that the customer has on their screen, oldest first."""
        url = f"{self.facts['wechat']['simulator_url']}/control/messages"
        answer = await self.client.get(url, params={"openid": openid})
        return [
            one.get("text") or json.dumps(one, ensure_ascii=False)
            for one in answer.json()["items"]
            if one["direction"] == "received"
        ]

    async def close(self) -> None:
        await self.client.aclose()


@asynccontextmanager
async def station(home: Path, customers: int = 300) -> AsyncIterator[Station]:
    """Start a station and stop it in order; its end is awaited."""
    process = start(home, customers)
    running = Station(process, home)
    try:
        await until(lambda: _ready(running), _START_S, "the station serves")
        yield running
    finally:
        await running.close()
        await asyncio.to_thread(stop, process)


def start(home: Path, customers: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "backend", "up", "--home", str(home)]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WANGGE_")}
    with (home.parent / "up.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--port", "0", "--customers", str(customers)],
            cwd=ROOT,
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: "subprocess.Popen[bytes]") -> int:
    """SIGTERM and the ordered stop; returns the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(timeout=60)


async def _ready(running: Station) -> bool | None:
    if running.process.poll() is not None:
        log = (running.home.parent / "up.log").read_text(encoding="utf-8")
        raise AssertionError(f"the station ended: {log[-2000:]}")
    ready = running.home / "ready.json"
    # A station that was killed leaves its file; only the one of this process counts.
    if not ready.exists() or running.facts["pid"] != running.process.pid:
        return None
    return True


async def until(look: Callable[[], Awaitable[T | None]], limit_s: float, what: str) -> T:
    """Look until there is something to see; fails by name after `limit_s`."""
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen within {limit_s} s: {what}")
