"""The simulated meters: what each does with a command, in memory, told the time by others."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from backend.head_end.simulator.types import (
    Answer,
    Command,
    CommandKind,
    CommandResult,
    ControlMeter,
    ControlView,
    MeterView,
    Outcome,
    Relay,
)

NOMINAL_VOLTAGE_V = 223.5
COMMANDS_REMEMBERED = 20_000
LATE_S = 30.0


class UnknownMeter(Exception):
    """No meter of that number belongs to this head-end."""


class CommandReused(Exception):
    """A command id came again with another content."""


@dataclass
class Meter:
    """One meter as it really is."""

    meter_no: str
    relay: Relay = Relay.CLOSED
    online: bool = True
    answer: Answer = Answer.OK
    held: bool = False
    close_permitted: bool = False
    commands_seen: int = 0

    def obey(self, kind: CommandKind) -> bool:
        """Do what a command asks; False when the meter refuses, as a held one refuses to trip."""
        if kind is CommandKind.TRIP:
            if self.held:
                return False
            self.relay, self.close_permitted = Relay.OPEN, False
        elif kind is CommandKind.CLOSE_DIRECT:
            self.relay, self.close_permitted = Relay.CLOSED, False
        elif kind is CommandKind.CLOSE_PERMIT:
            # Somebody at the meter has to press its button: the control side sets the relay.
            self.close_permitted = True
        else:
            self.held = kind is CommandKind.HOLD
        return True


@dataclass(frozen=True)
class Reply:
    """A result and how many seconds later it is said."""

    result: CommandResult
    after_s: float = 0.0


class Meters:
    """All meters of one head-end, and the commands it has seen."""

    def __init__(self, meter_nos: tuple[str, ...] = ()) -> None:
        self._meters = {meter_no: Meter(meter_no) for meter_no in meter_nos}
        self._seen: OrderedDict[str, Command] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def meter(self, meter_no: str) -> Meter:
        """Raises UnknownMeter."""
        try:
            return self._meters[meter_no]
        except KeyError:
            raise UnknownMeter(meter_no) from None

    def read_back(self, meter_no: str, now: datetime) -> MeterView:
        """Ask a meter how it is; one that is offline says nothing. Raises UnknownMeter."""
        meter = self.meter(meter_no)
        return MeterView(
            meter_no=meter_no,
            online=meter.online,
            relay=meter.relay if meter.online else None,
            voltage_v=_voltage(meter.relay) if meter.online else None,
            read_at=now,
        )

    def command(self, command: Command, now: datetime) -> list[Reply]:
        """Carry out a command once; the same one again does nothing more and says nothing more.

        Returns what is to be said to Wangge. Raises UnknownMeter and CommandReused.
        """
        meter = self.meter(command.meter_no)
        earlier = self._seen.get(command.command_id)
        if earlier is not None:
            if earlier != command:
                raise CommandReused(command.command_id)
            return []
        self._seen[command.command_id] = command
        if len(self._seen) > COMMANDS_REMEMBERED:
            self._seen.popitem(last=False)
        meter.commands_seen += 1
        return _replies(meter, command, now)

    def set(self, meter_no: str, wanted: ControlMeter) -> ControlView:
        """Set what the tester named. Raises UnknownMeter."""
        meter = self.meter(meter_no)
        if wanted.relay is not None:
            meter.relay = wanted.relay
        if wanted.online is not None:
            meter.online = wanted.online
        if wanted.answer is not None:
            meter.answer = wanted.answer
        return self.show(meter_no)

    def show(self, meter_no: str) -> ControlView:
        """A meter as it really is. Raises UnknownMeter."""
        meter = self.meter(meter_no)
        return ControlView(
            meter_no=meter.meter_no,
            relay=meter.relay,
            online=meter.online,
            answer=meter.answer,
            held=meter.held,
            close_permitted=meter.close_permitted,
            commands_seen=meter.commands_seen,
        )


def _voltage(relay: Relay) -> float:
    return NOMINAL_VOLTAGE_V if relay is Relay.CLOSED else 0.0


def _replies(meter: Meter, command: Command, now: datetime) -> list[Reply]:
    """What a meter says to a command, and the doing of it."""
    if now >= command.expires_at:
        return [Reply(_result(command, Outcome.EXPIRED, None, now))]
    if meter.answer is Answer.SILENT:
        return []
    if not meter.online:
        return [Reply(_result(command, Outcome.FAILED, None, now))]
    if meter.answer is Answer.LIE:
        said = Relay.OPEN if command.kind is CommandKind.TRIP else Relay.CLOSED
        return [Reply(_result(command, Outcome.EXECUTED, said, now))]
    outcome = Outcome.EXECUTED if meter.obey(command.kind) else Outcome.FAILED
    reply = Reply(
        _result(command, outcome, meter.relay, now),
        after_s=LATE_S if meter.answer is Answer.LATE else 0.0,
    )
    return [reply, reply] if meter.answer is Answer.TWICE else [reply]


def _result(
    command: Command, outcome: Outcome, relay: Relay | None, now: datetime
) -> CommandResult:
    return CommandResult(
        command_id=command.command_id,
        nonce=command.nonce,
        outcome=outcome,
        relay=relay,
        voltage_v=None if relay is None else _voltage(relay),
        occurred_at=now,
    )
