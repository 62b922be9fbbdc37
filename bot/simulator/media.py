"""Temporary media: three days, by kind and size, within a bounded amount of memory."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from bot.simulator.clock import DAY_S, VirtualClock
from bot.simulator.errors import PlatformError

LIFE_S = 3 * DAY_S
SHELF_BYTES = 128 * 1024 * 1024
MEGABYTE = 1024 * 1024
SMALLEST_BYTES = 5
LARGEST_BYTES = {
    "image": 10 * MEGABYTE,
    "voice": 2 * MEGABYTE,
    "video": 10 * MEGABYTE,
    "thumb": 64 * 1024,
}
# The platform looks at the content, not at the name: (first bytes, content type).
SIGNATURES = {
    "image": (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
    ),
    "voice": ((b"#!AMR", "audio/amr"), (b"ID3", "audio/mpeg"), (b"\xff\xfb", "audio/mpeg")),
    "video": ((b"\x00\x00\x00", "video/mp4"),),
    "thumb": ((b"\xff\xd8\xff", "image/jpeg"),),
}


@dataclass(slots=True, frozen=True)
class Media:
    """One stored file."""

    media_id: str
    kind: str
    content: bytes
    content_type: str
    created_at: float


class MediaShelf:
    """Files by media id; the oldest give way when the shelf holds more than 128 MB."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._files: OrderedDict[str, Media] = OrderedDict()
        self._bytes = 0

    def put(self, kind: str, content: bytes) -> Media:
        """Store one file; PlatformError 40004 kind, 41005 no data, 40006 size, 40005 content."""
        if kind not in LARGEST_BYTES:
            raise PlatformError(40004)
        if not content:
            raise PlatformError(41005)
        if not SMALLEST_BYTES < len(content) <= LARGEST_BYTES[kind]:
            raise PlatformError(40006)
        content_type = _content_type(kind, content)
        media = Media(
            f"SIM-{secrets.token_urlsafe(32)}", kind, content, content_type, self._clock.now()
        )
        self._files[media.media_id] = media
        self._bytes += len(content)
        while self._bytes > SHELF_BYTES:
            _, oldest = self._files.popitem(last=False)
            self._bytes -= len(oldest.content)
        return media

    def get(self, media_id: str | None, *kinds: str) -> Media:
        """The file; PlatformError 40007 for unknown, expired or (if `kinds` given) another kind."""
        media = self._files.get(media_id or "")
        if media is None or (kinds and media.kind not in kinds):
            raise PlatformError(40007)
        if self._clock.now() >= media.created_at + LIFE_S:
            raise PlatformError(40007)
        return media


def _content_type(kind: str, content: bytes) -> str:
    for start, content_type in SIGNATURES[kind]:
        if content.startswith(start):
            return content_type
    raise PlatformError(40005)
