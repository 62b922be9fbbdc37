"""Children: on a leash, started again, given up, stopped in order."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from backend.refused import Refused
from backend.supervisor.child import LOG_MAX_BYTES, Child, ChildSpec
from backend.supervisor.supervisor import KeepsDying, Stage, Supervisor
from tests.support.launching import first_line, gone, launched, wait_until

STAY = "import time; time.sleep(60)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(60)"
)
NOTE_THE_END = """
import signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""
HOLD_A_CHILD = """
import asyncio, sys
from pathlib import Path
from backend.refused import Refused
from backend.supervisor.child import Child, ChildSpec

async def main():
    child = await Child.start(ChildSpec(
        name="held", command=[sys.executable, "-c", "import time; time.sleep(60)"],
        log_path=Path(sys.argv[1]) / "held.log", identity=sys.argv[2]))
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def spec(tmp_path: Path, name: str, program: str, *arguments: str, **options: object) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=[sys.executable, "-c", program, *arguments],
        log_path=tmp_path / "logs" / f"{name}.log",
        **options,  # type: ignore[arg-type]
    )


def starter(one: ChildSpec) -> Callable[[], Awaitable[Child]]:
    async def start() -> Child:
        return await Child.start(one)

    return start


async def until(condition: Callable[[], bool], what: str) -> None:
    """Like `wait_until`, for facts that need the event loop to run."""
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, f"not within 15 s: {what}"
        await asyncio.sleep(0.05)


def identities() -> list[str]:
    return ["same", "namespace", "65534:65534"] if os.geteuid() == 0 else ["same"]


@pytest.mark.parametrize("identity", identities())
def test_a_child_dies_with_its_parent_whatever_its_identity(tmp_path: Path, identity: str) -> None:
    tmp_path.chmod(0o755)
    with launched(HOLD_A_CHILD, tmp_path, identity) as launcher:
        (pid,) = first_line(launcher)
        wait_until(lambda: "sleep" in _command(int(pid)), "the leash turns into the program")
    wait_until(lambda: gone(int(pid)), "the child ends")


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


async def test_a_child_has_its_own_session_and_a_private_log(tmp_path: Path) -> None:
    child = await Child.start(spec(tmp_path, "one", "print('first words'); " + STAY))
    try:
        assert os.getsid(child.pid) == child.pid
        log = tmp_path / "logs" / "one.log"
        assert log.stat().st_mode & 0o777 == 0o600
        assert log.parent.stat().st_mode & 0o777 == 0o700
    finally:
        assert await child.stop() == -signal.SIGTERM


async def test_a_log_has_a_limit(tmp_path: Path) -> None:
    one = spec(tmp_path, "one", "print('new words')")
    one.log_path.parent.mkdir()
    with one.log_path.open("wb") as log:
        log.truncate(LOG_MAX_BYTES + 1)
    child = await Child.start(one)
    await child.wait()
    assert one.log_path.read_text() == "new words\n"
    assert (tmp_path / "logs" / "one.log.1").stat().st_size == LOG_MAX_BYTES + 1


async def test_a_deaf_child_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = await Child.start(spec(tmp_path, "deaf", DEAF, grace_s=0.3))
    await until(lambda: "deaf" in child.last_words(), "it no longer listens")
    assert await child.stop() == -signal.SIGKILL
    assert gone(child.pid)


async def test_no_signal_of_python_stays_ignored_in_a_child(tmp_path: Path) -> None:
    child = await Child.start(
        ChildSpec(
            name="sh",
            command=["/bin/sh", "-c", "grep SigIgn /proc/self/status"],
            log_path=tmp_path / "sh.log",
        )
    )
    assert await child.wait() == 0
    ignored = int(child.last_words().split()[-1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1))


async def test_a_dead_child_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    changes: list[int] = []
    supervisor = Supervisor(said.append, lambda: changes.append(1))
    await supervisor.add("worker", Stage.WORKER, starter(spec(tmp_path, "worker", STAY)))
    ((_, first),) = supervisor.processes
    try:
        os.kill(first, signal.SIGKILL)
        await until(lambda: bool(changes), "a new process")
        ((_, second),) = supervisor.processes
        assert second != first
        assert said == ["worker ended (signal 9); starting it again"]
    finally:
        await supervisor.stop()
    assert gone(second)


async def test_a_child_that_keeps_dying_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda words: None)
    program = "import sys; sys.exit('no such table: 没有')"
    await supervisor.add("worker", Stage.WORKER, starter(spec(tmp_path, "worker", program)))
    try:
        async with asyncio.timeout(30):
            with pytest.raises(KeepsDying, match=r"worker died 6 times .*exit code 1") as given_up:
                await supervisor.wait()
        assert "no such table: 没有" in str(given_up.value)
    finally:
        await supervisor.stop()


async def test_a_start_that_fails_for_a_moment_is_tried_again(tmp_path: Path) -> None:
    one = spec(tmp_path, "valkey", STAY)
    refusals = [Refused("the port is still taken"), Refused("the port is still taken")]

    async def start() -> Child:
        if refusals:
            raise refusals.pop()
        return await Child.start(one)

    said: list[str] = []
    supervisor = Supervisor(said.append)
    await supervisor.add("valkey", Stage.TRANSPORT, start, running=await Child.start(one))
    ((_, first),) = supervisor.processes
    os.kill(first, signal.SIGKILL)
    try:
        await until(lambda: supervisor.processes[0][1] != first, "it runs again")
        assert [line.split("(")[1].split(")")[0] for line in said] == [
            "signal 9",
            "the port is still taken",
            "the port is still taken",
        ]
    finally:
        await supervisor.stop()


async def test_children_stop_stage_by_stage(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    supervisor = Supervisor(lambda words: None)
    wanted = [Stage.DATABASE, Stage.SIMULATOR, Stage.WORKER, Stage.WEB, Stage.TRANSPORT]
    specs = [spec(tmp_path, s.name, NOTE_THE_END, str(ends), s.name) for s in wanted]
    for stage, one in zip(wanted, specs, strict=True):
        await supervisor.add(stage.name, stage, starter(one))
    await until(lambda: all("up" in s.log_path.read_text() for s in specs), "all are up")
    await supervisor.stop()
    assert ends.read_text().split() == ["WEB", "WORKER", "SIMULATOR", "TRANSPORT", "DATABASE"]
