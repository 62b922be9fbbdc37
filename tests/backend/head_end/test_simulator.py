"""The head-end simulator: strict at its door, and as bad as it is told to be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from backend.head_end.simulator.__main__ import main
from backend.head_end.simulator.app import create_simulator
from backend.head_end.simulator.meters import LATE_S, CommandReused, Meters
from backend.head_end.simulator.types import (
    Answer,
    Command,
    CommandKind,
    ControlMeter,
    Outcome,
    Relay,
    SimulatorConfig,
)
from backend.simulating import SimulatorRefused, load_config

KEY = "command-key-of-the-test"
CONFIG = SimulatorConfig(
    commands_key=KEY,
    results_url="http://127.0.0.1:1/head-end/v1/command-results",
    results_key="results-key-of-the-test",
    meters=("HF0001", "HF0002"),
)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Inbound:
    """Stands where Wangge's inbound door will be, and keeps what it is told."""

    def __init__(self) -> None:
        self.results: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.failures_left = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.failures_left:
            self.failures_left -= 1
            return httpx.Response(503)
        self.keys.add(request.headers["authorization"])
        self.results.append(msgspec.json.decode(request.content))
        return httpx.Response(200)

    async def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The results after `count` came and a moment more, in which none should follow."""
        async with asyncio.timeout(5):
            while True:
                if len(self.results) >= count:
                    break
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        return self.results


@asynccontextmanager
async def simulator(inbound: Inbound) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the command key; entered by each test, for a lifespan belongs to one task."""
    app = create_simulator(CONFIG, results_transport=httpx.MockTransport(inbound))
    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://127.0.0.1:8802",
            headers={"Authorization": f"Bearer {KEY}"},
        ) as client,
    ):
        yield client


def order(kind: str = "trip", command_id: str = "c-1", **changed: object) -> dict[str, object]:
    expires = datetime.now(UTC) + timedelta(minutes=5)
    return {
        "command_id": command_id,
        "nonce": "n-1",
        "meter_no": "HF0001",
        "kind": kind,
        "expires_at": expires.isoformat(),
    } | changed


async def test_an_obedient_meter_trips_and_says_so_with_the_nonce() -> None:
    inbound = Inbound()
    async with simulator(inbound) as client:
        answer = await client.post("/commands", json=order())
        assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
        (result,) = await inbound.wait_for(1)
        assert (result["nonce"], result["outcome"], result["relay"]) == ("n-1", "executed", "open")
        assert inbound.keys == {"Bearer results-key-of-the-test"}
        read = (await client.get("/meters/HF0001")).json()
        assert (read["online"], read["relay"], read["voltage_v"]) == (True, "open", 0.0)


async def test_a_liar_says_it_obeyed_and_the_read_back_shows_the_truth() -> None:
    inbound = Inbound()
    async with simulator(inbound) as client:
        await client.post("/control/meters/HF0001", json={"answer": "lie"})
        await client.post("/commands", json=order())
        (result,) = await inbound.wait_for(1)
        assert (result["outcome"], result["relay"]) == ("executed", "open")
        assert (await client.get("/meters/HF0001")).json()["relay"] == "closed"


async def test_a_meter_says_it_twice() -> None:
    inbound = Inbound()
    async with simulator(inbound) as client:
        await client.post("/control/meters/HF0001", json={"answer": "twice"})
        await client.post("/commands", json=order())
        first, second = await inbound.wait_for(2)
        assert first == second


async def test_the_same_command_is_carried_out_once() -> None:
    inbound = Inbound()
    async with simulator(inbound) as client:
        same = order()
        assert (await client.post("/commands", json=same)).status_code == 202
        assert (await client.post("/commands", json=same)).status_code == 202
        assert len(await inbound.wait_for(1)) == 1
        assert (await client.get("/control/meters/HF0001")).json()["commands_seen"] == 1
        assert (await client.post("/commands", json=same | {"nonce": "n-2"})).status_code == 409


async def test_a_result_is_told_again_after_a_failure() -> None:
    inbound = Inbound()
    async with simulator(inbound) as client:
        inbound.failures_left = 1
        await client.post("/commands", json=order())
        assert len(await inbound.wait_for(1)) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": KEY}])
async def test_without_the_key_nothing_happens(headers: dict[str, str]) -> None:
    async with simulator(Inbound()) as client:
        client.headers.pop("authorization")
        assert (await client.post("/commands", json=order(), headers=headers)).status_code == 401
        assert (await client.get("/meters/HF0001", headers=headers)).status_code == 401
        assert (await client.get("/control/meters/HF0001")).json()["commands_seen"] == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "explode"},
        {"expires_at": "2026-03-01T00:00:00"},
        {"nonce": ""},
        {"nonce": 5},
        {"meter_no": "../x"},
        {"extra": 1},
        {"command_id": "c" * 81},
    ],
)
async def test_a_malformed_command_is_refused(changed: dict[str, object]) -> None:
    async with simulator(Inbound()) as client:
        assert (await client.post("/commands", json=order() | changed)).status_code == 400


async def test_an_unknown_meter_is_not_found() -> None:
    async with simulator(Inbound()) as client:
        assert (await client.get("/meters/NONE")).status_code == 404
        assert (await client.get("/control/meters/NONE")).status_code == 404
        assert (await client.post("/commands", json=order(meter_no="NONE"))).status_code == 404


async def test_another_site_cannot_set_a_meter() -> None:
    async with simulator(Inbound()) as client:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}):
            answer = await client.post("/control/meters/HF0001", json={}, headers=headers)
            assert answer.status_code == 403


async def test_it_says_that_it_is_a_simulator() -> None:
    async with simulator(Inbound()) as client:
        assert "SIMULATOR" in (await client.get("/")).text


def command(kind: CommandKind, command_id: str, *, expires_in_s: int = 300) -> Command:
    return Command(
        command_id=command_id,
        nonce="n",
        meter_no="HF0001",
        kind=kind,
        expires_at=NOW + timedelta(seconds=expires_in_s),
    )


def test_a_held_meter_refuses_to_trip() -> None:
    meters = Meters(CONFIG.meters)
    meters.command(command(CommandKind.HOLD, "1"), NOW)
    (reply,) = meters.command(command(CommandKind.TRIP, "2"), NOW)
    assert (reply.result.outcome, meters.show("HF0001").relay) == (Outcome.FAILED, Relay.CLOSED)
    meters.command(command(CommandKind.RELEASE_HOLD, "3"), NOW)
    (reply,) = meters.command(command(CommandKind.TRIP, "4"), NOW)
    assert (reply.result.outcome, reply.result.relay) == (Outcome.EXECUTED, Relay.OPEN)


def test_a_permit_closes_nothing_until_somebody_presses_the_button() -> None:
    meters = Meters(CONFIG.meters)
    meters.command(command(CommandKind.TRIP, "1"), NOW)
    (reply,) = meters.command(command(CommandKind.CLOSE_PERMIT, "2"), NOW)
    assert (reply.result.outcome, reply.result.relay) == (Outcome.EXECUTED, Relay.OPEN)
    assert meters.show("HF0001").close_permitted
    meters.set("HF0001", ControlMeter(relay=Relay.CLOSED))
    assert meters.read_back("HF0001", NOW).voltage_v == pytest.approx(223.5)


def test_an_expired_command_moves_nothing() -> None:
    meters = Meters(CONFIG.meters)
    (reply,) = meters.command(command(CommandKind.TRIP, "1", expires_in_s=0), NOW)
    assert (reply.result.outcome, meters.show("HF0001").relay) == (Outcome.EXPIRED, Relay.CLOSED)


def test_silent_late_and_offline_meters() -> None:
    meters = Meters(CONFIG.meters)
    meters.set("HF0001", ControlMeter(answer=Answer.SILENT))
    assert meters.command(command(CommandKind.TRIP, "1"), NOW) == []
    assert meters.show("HF0001").relay is Relay.CLOSED
    meters.set("HF0001", ControlMeter(answer=Answer.LATE))
    (reply,) = meters.command(command(CommandKind.TRIP, "2"), NOW)
    assert (reply.after_s, meters.show("HF0001").relay) == (LATE_S, Relay.OPEN)
    meters.set("HF0001", ControlMeter(online=False, answer=Answer.OK))
    (reply,) = meters.command(command(CommandKind.CLOSE_DIRECT, "3"), NOW)
    assert (reply.result.outcome, reply.result.relay) == (Outcome.FAILED, None)
    assert meters.read_back("HF0001", NOW).relay is None
    with pytest.raises(CommandReused):
        meters.command(command(CommandKind.TRIP, "3"), NOW)


@pytest.mark.parametrize("text", ["", "{}", '{"commands_key": "short"}', '{"commands_key": 5}'])
def test_a_wrong_configuration_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(SimulatorRefused):
        load_config(file, SimulatorConfig)
    assert main([str(file)]) == 2


def test_it_serves_this_machine_only(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(msgspec.json.encode(CONFIG))
    assert main([str(file), "--host", "0.0.0.0"]) == 2
