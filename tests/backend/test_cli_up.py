"""`wangge up`: from an empty directory to a page that answers, through crashes, to an ordered end."""

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyotp import TOTP

from tests.support.launching import can_become_another_user, owner_of, wait_until
from tests.support.one_machine import Running, all_gone, up, wangge

CUSTOMERS = "60"
NOBODY = 65534
#: Web 2 s for open requests, worker 10 s for running jobs, the services a moment: on a busy machine.
STOPS_WITHIN_S = 35.0

pytestmark = pytest.mark.journey


def test_up_serves_survives_and_stops_in_order(tmp_path: Path) -> None:
    home = tmp_path / "容美 供电所"
    with up(home, "--customers", CUSTOMERS, "--web-processes", "2") as first:
        ready = first.wait_until_ready()
        _holds_the_contract(home, ready)
        assert httpx.get(f"{ready['base_url']}/health/ready").json()["missing"] == []
        _second_start_is_refused(home)
        _dead_children_come_back(first)
        _other_commands_find_it(home)
        account = ready["customers"][0]["account_no"]

        # kill -9 of everything, and start again at once.
        pids = [process["pid"] for process in first.ready["processes"]]
        first.process.kill()
        for pid in pids:
            _kill_if_alive(pid)
        wait_until(lambda: all_gone(pids), "every child is gone")
    with up(home) as second:
        again = second.wait_until_ready()
        assert again["customers"][0]["account_no"] == account
        assert again["database_url"] == ready["database_url"]
        assert again["staff"][0]["password"] == ready["staff"][0]["password"]
        pids = [process["pid"] for process in again["processes"]]

        # A launcher that is killed takes its children with it.
        second.process.kill()
        wait_until(lambda: all_gone(pids), "every child is gone")
    with up(home) as third:
        pids = [process["pid"] for process in third.wait_until_ready()["processes"]]
        with _open_stream(third.ready) as stream:
            began = time.monotonic()
            assert third.stop(signal.SIGINT) == 0
            assert time.monotonic() - began < STOPS_WITHIN_S
            # The stream was ended, not cut: reading on finds its proper end.
            for _ in stream.iter_raw():
                continue
        assert all_gone(pids)
        _stopped_in_order(third.said)
        assert not (home / "ready.json").exists()
    _a_home_that_stands_still_is_copied(home)


@contextlib.contextmanager
def _open_stream(ready: dict[str, Any]) -> Iterator[httpx.Response]:
    """A phone that listens for live hints."""
    person = ready["staff"][0]
    with httpx.Client(base_url=f"{ready['base_url']}/api/v1", timeout=30) as client:
        session = client.post(
            "/sessions",
            json={
                "employee_no": person["employee_no"],
                "password": person["password"],
                "device_id": "test",
            },
        )
        assert session.is_success, session.text
        bearer = {"Authorization": f"Bearer {session.json()['access_token']}"}
        with client.stream("GET", "/live", headers=bearer) as stream:
            assert stream.status_code == 200
            yield stream


def _holds_the_contract(home: Path, ready: dict[str, Any]) -> None:
    assert (home / "ready.json").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    names = {process["name"] for process in ready["processes"]}
    assert names >= {"web", "web-2", "worker", "valkey", "postgres", "wechat-simulator"}
    assert ready["base_url"].startswith("http://127.0.0.1:")
    assert ready["database_url"].startswith("postgresql://")
    assert ready["redis_url"].startswith("redis://")
    assert set(ready["wechat"]) >= {
        "callback_url",
        "app_id",
        "original_id",
        "token",
        "encoding_aes_key",
        "simulator_url",
    }
    assert set(ready["head_end"]) >= {"inbound_url", "api_key", "simulator_url"}
    assert set(ready["province"]) >= {"inbound_url", "key", "simulator_url"}
    assert set(ready["staff"][0]) >= {
        "employee_no",
        "password",
        "totp_secret",
        "name",
        "roles",
        "grids",
        "on_shift",
    }
    assert set(ready["customers"][0]) >= {
        "account_no",
        "name",
        "meter_no",
        "phone",
        "openid",
        "bound",
        "grid",
        "district_no",
        "lat",
        "lon",
    }
    meter = ready["customers"][0]["meter_no"]
    control = f"{ready['head_end']['simulator_url']}/control/meters/{meter}"
    assert httpx.get(control).json()["relay"] == "closed"


def _second_start_is_refused(home: Path) -> None:
    before = (home / "ready.json").read_bytes()
    refused = wangge("up", "--home", str(home))
    assert refused.returncode == 1
    assert refused.stderr.startswith("wangge: this home is already in use by process ")
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stdout == ""
    assert (home / "ready.json").read_bytes() == before


def _dead_children_come_back(running: Running) -> None:
    """kill -9 of a worker, a web process and Valkey; the database stays what it was."""
    database = running.pid_of("postgres")
    for name in ("worker", "web", "valkey"):
        dead = running.pid_of(name)
        os.kill(dead, signal.SIGKILL)
        wait_until(lambda dead=dead, name=name: running.pid_of(name) != dead, f"a new {name}")
    assert running.pid_of("postgres") == database
    url = f"{running.ready['base_url']}/health/ready"
    wait_until(lambda: _answers(url), "it serves again", within_s=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def _other_commands_find_it(home: Path) -> None:
    at = ("--home", str(home))
    moved = wangge("clock", "advance", "3600", *at)
    assert (moved.returncode, "3600 s ahead" in moved.stdout) == (0, True), moved.stderr
    examined = wangge("doctor", *at)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "all is well" in examined.stdout
    listed = wangge("staff", "list", *at)
    assert listed.returncode == 0, listed.stderr
    assert wangge("migrate", *at).returncode == 0
    # The addresses of ready.json alone are enough, from anywhere.
    ready = json.loads((home / "ready.json").read_text(encoding="utf-8"))
    alone = {
        "WANGGE_DATABASE_URL": ready["database_url"],
        "WANGGE_REDIS_URL": ready["redis_url"],
    }
    again = wangge("clock", "advance", "3600", settings=alone)
    assert (again.returncode, "7200 s ahead" in again.stdout) == (0, True), again.stderr
    settings = (home / "settings.toml").read_text(encoding="utf-8")
    token = settings.split('wechat_token = "')[1].split('"')[0]
    assert token not in examined.stdout + listed.stdout


def _a_home_that_stands_still_is_copied(home: Path) -> None:
    """Its database is started for one command, and goes again with it."""
    copy = home.parent / "copy.dump"
    for line in (["backup", str(copy)], ["restore", str(copy), "--replace"], ["staff", "list"]):
        done = wangge(*line, "--home", str(home))
        assert done.returncode == 0, done.stderr
    assert copy.stat().st_mode & 0o777 == 0o600
    examined = wangge("doctor", "--home", str(home))
    assert (examined.returncode, "is it running" in examined.stdout) == (1, True)


def _stopped_in_order(said: str) -> None:
    stops = [line.split()[1] for line in said.splitlines() if line.startswith("stopping ")]
    wanted = ["in", "web", "worker", "wechat-simulator,", "valkey", "postgres"]
    assert stops[-len(wanted) :] == wanted


def _kill_if_alive(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_an_empty_installation_gets_its_first_operator(tmp_path: Path) -> None:
    home = tmp_path / "home"
    at = ("--home", str(home))
    with up(home, "--no-demo") as running:
        ready = running.wait_until_ready()
        assert (ready["staff"], ready["customers"]) == ([], [])
        assert wangge("clock", "advance", "5", *at).returncode == 1
        person = ("--name", "王运维", "--phone", "19900000001")
        first = wangge("staff", "add", "OP-1", *person, "--role", "operator", *at)
        assert (first.returncode, "first password" in first.stdout) == (0, True), first.stderr
        second = wangge("staff", "add", "OP-2", *person, "--role", "operator", *at)
        assert (second.returncode, "asked for" in second.stdout) == (0, True), second.stderr
        waiting = wangge("staff", "changes", *at).stdout
        assert "OP-2" in waiting
        assert "19900000001" not in waiting
        change = waiting.split()[0]
        wrong = wangge(
            "staff", "decide", change, "approve", "--by", "OP-1", *at, given="not-it\n000000\n"
        )
        assert wrong.returncode == 1
        assert "OP-2" not in wangge("staff", "list", *at).stdout
        password, factor = _shown(first.stdout, "first password"), _shown(first.stdout, "second")
        own, now = "远山-keeps-9-lamps", datetime.now(UTC)
        given = f"{password}\n{TOTP(factor).at(now)}\n{password}\n{own}\n"
        changed = wangge("staff", "password", "OP-1", *at, given=given)
        assert changed.returncode == 0, changed.stderr
        # A code is good once, so the next sign-in takes the next one.
        given = f"{own}\n{TOTP(factor).at(now + timedelta(seconds=30))}\n"
        agreed = wangge("staff", "decide", change, "approve", "--by", "OP-1", *at, given=given)
        assert (agreed.returncode, "first password" in agreed.stdout) == (0, True), agreed.stderr
        assert "OP-2" in wangge("staff", "list", *at).stdout
    refused = wangge("up", *at)
    assert (refused.returncode, "--no-demo" in refused.stderr) == (1, True)


def _shown(text: str, label: str) -> str:
    """The word that stands behind a label in what a command said."""
    line = next(line for line in text.splitlines() if line.startswith(label))
    return line.removeprefix(label).removeprefix(" factor").split()[0]


@pytest.mark.skipif(
    not can_become_another_user(), reason="needs root, and a checkout that other users can reach"
)
def test_an_ordinary_user_runs_a_station() -> None:
    place = Path("/tmp") / f"wangge-up-{os.getpid()}"
    place.mkdir(mode=0o700)
    os.chown(place, NOBODY, NOBODY)
    try:
        with up(place / "家 home", "--customers", CUSTOMERS, user=NOBODY) as running:
            running.wait_until_ready()
            assert owner_of(running.pid_of("postgres")) == NOBODY
            assert running.stop() == 0
        assert place.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(place)
