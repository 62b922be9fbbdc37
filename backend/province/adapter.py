"""The real side of the port: feedback as signed JSON over HTTP, bounded in time and size."""

import httpx
import msgspec

from backend.keys import Key
from backend.province.signing import Asked, sign
from backend.settings import Settings
from grid.kit.clock import machine_now
from grid.partners.port import ProvinceAway, ProvinceRefused, Receipt

#: One call, whole: connect, send, read.
CALL_LIMIT_S = 5.0
_ANSWER_MAX_BYTES = 64 * 1024
_PATH = "/feedback"


class _Answer(msgspec.Struct, frozen=True):
    message_id: str
    result: str
    reason: str | None = None


class ProvinceHttp:
    """The province's interface for feedback, at one address, under one key."""

    def __init__(
        self, base_url: str, key: Key, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._client = httpx.AsyncClient(
            transport=transport, timeout=CALL_LIMIT_S, trust_env=False, follow_redirects=False
        )

    @classmethod
    def of(cls, known: Settings) -> "ProvinceHttp | None":
        """From the settings; None where no address of the province is set."""
        if known.province_base_url is None or not known.province_keys:
            return None
        return cls(known.province_base_url, known.province_keys.signing)

    async def tell(self, body: bytes) -> Receipt:
        """Hand over one message. Raises ProvinceAway, ProvinceRefused."""
        headers = sign(self._key, Asked("POST", _PATH, body), machine_now())
        headers["Content-Type"] = "application/json"
        try:
            answer = await self._client.post(
                f"{self._base_url}{_PATH}", content=body, headers=headers
            )
        except httpx.HTTPError as error:
            raise ProvinceAway(type(error).__name__) from None
        return _read(answer, body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _read(answer: httpx.Response, body: bytes) -> Receipt:
    """What an answer means: only one that names our message is one at all."""
    if answer.status_code >= 500 or answer.status_code in (401, 403, 408, 429):
        raise ProvinceAway(f"HTTP {answer.status_code}")
    try:
        if len(answer.content) > _ANSWER_MAX_BYTES:
            raise ProvinceAway("the answer is too long")
        told = msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.MsgspecError:
        raise ProvinceAway(f"HTTP {answer.status_code} without an answer") from None
    if told.message_id != msgspec.json.decode(body)["message_id"]:
        raise ProvinceAway("the answer is for another message")
    if told.result in set(Receipt) and answer.is_success:
        return Receipt(told.result)
    if told.result == "refused":
        raise ProvinceRefused((told.reason or "没有说明原因")[:200])
    raise ProvinceAway(f"HTTP {answer.status_code}")
