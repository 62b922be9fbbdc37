"""What must outlive the process: people, messages, the menu and the clock, one JSON line each.

A platform does not forget when a demo is killed and started again. Tokens and QR codes are not
kept: their loss is what an account must cope with anyway (40001, a new code).
"""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from bot.simulator.followers import Follower
from bot.simulator.mailbox import Message

COMPACT_AFTER_LINES = 100_000


class FollowerLine(msgspec.Struct, frozen=True, tag="follower", tag_field="line"):
    """The state of one person; times are None where nothing happened yet."""

    openid: str
    nickname: str
    lat: float | None
    lon: float | None
    subscribed: bool
    subscribed_at: float
    scene: str
    wrote_at: float | None
    message_window: tuple[float | None, int]
    action_window: tuple[float | None, int]
    consents: dict[str, int]


class MessageLine(msgspec.Struct, frozen=True, tag="message", tag_field="line"):
    """One message of the mailbox."""

    id: int
    openid: str
    at_s: float
    direction: Literal["received", "sent"]
    type: str
    via: str
    fields: dict[str, Any]
    raw: Any


class MenuLine(msgspec.Struct, frozen=True, tag="menu", tag_field="line"):
    """The menu as it is now."""

    menu: list[dict[str, Any]] | None


class ClockLine(msgspec.Struct, frozen=True, tag="clock", tag_field="line"):
    """The clock's offset as it is now."""

    offset_s: float


Line = FollowerLine | MessageLine | MenuLine | ClockLine


class Journal:
    """An append-only file; the caller gives the lines that a compacted file should hold."""

    def __init__(self, path: Path, snapshot: Callable[[], Iterable[Line]]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._decoder = msgspec.json.Decoder(Line)
        self._encoder = msgspec.json.Encoder()
        self._lines = 0
        self._limit = COMPACT_AFTER_LINES
        self._file: io.FileIO | None = None

    def read(self) -> list[Line]:
        """The lines so far; a torn last line (the process was killed) is left out."""
        if not self._path.exists():
            return []
        lines: list[Line] = []
        for text in self._path.read_bytes().splitlines():
            try:
                lines.append(self._decoder.decode(text))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return lines

    def compact(self) -> None:
        """Replace the file by the snapshot in one step, then append to it."""
        lines = [self._encoder.encode(line) for line in self._snapshot()]
        fresh = self._path.with_suffix(".fresh")
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_bytes(b"".join(line + b"\n" for line in lines))
        fresh.replace(self._path)
        self.close()
        self._file = io.FileIO(self._path, "ab")
        self._lines = len(lines)
        self._limit = 2 * len(lines) + COMPACT_AFTER_LINES

    def append(self, line: Line) -> None:
        """Add one line; it survives the end of the process (not of the machine)."""
        if self._file is None:
            raise RuntimeError("the journal is not open")
        self._file.write(self._encoder.encode(line) + b"\n")
        self._lines += 1
        if self._lines > self._limit:
            self.compact()

    def close(self) -> None:
        """No more lines."""
        if self._file is not None:
            self._file.close()
            self._file = None


def follower_line(follower: Follower) -> FollowerLine:
    """The line that restores this person."""
    window = follower.window
    return FollowerLine(
        openid=follower.openid,
        nickname=follower.nickname,
        lat=follower.lat,
        lon=follower.lon,
        subscribed=follower.subscribed,
        subscribed_at=follower.subscribed_at,
        scene=follower.scene,
        wrote_at=_finite(follower.wrote_at),
        message_window=(_finite(window.message_until), window.message_left),
        action_window=(_finite(window.action_until), window.action_left),
        consents=dict(follower.consents),
    )


def restore_follower(follower: Follower, line: FollowerLine) -> None:
    """Give `follower` the state of the line."""
    follower.nickname, follower.lat, follower.lon = line.nickname, line.lat, line.lon
    follower.subscribed, follower.subscribed_at = line.subscribed, line.subscribed_at
    follower.scene, follower.wrote_at = line.scene, _or_never(line.wrote_at)
    window = follower.window
    message_until, window.message_left = line.message_window
    action_until, window.action_left = line.action_window
    window.message_until, window.action_until = _or_never(message_until), _or_never(action_until)
    follower.consents.update(line.consents)


def message_line(message: Message) -> MessageLine:
    """The line that restores this message."""
    return MessageLine(
        id=message.id,
        openid=message.openid,
        at_s=message.at_s,
        direction=message.direction,
        type=message.type,
        via=message.via,
        fields=message.fields,
        raw=message.raw,
    )


def restored_message(line: MessageLine) -> Message:
    """The message of the line."""
    return Message(**msgspec.structs.asdict(line))


def _finite(moment: float) -> float | None:
    return None if moment == float("-inf") else moment


def _or_never(moment: float | None) -> float:
    return float("-inf") if moment is None else moment
