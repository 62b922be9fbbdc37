"""Carries messages and events to the account's callback, as stubbornly as the platform."""

import asyncio
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import httpx
import msgspec

from bot.simulator.cipher import Envelope, sign
from bot.simulator.clock import VirtualClock
from bot.simulator.config import SimulatorConfig
from bot.simulator.reply import BadReply, Reply, ReplyReader
from bot.simulator.wire import write

LARGEST_REPLY_BYTES = 64 * 1024
PARALLEL_PUSHES = 200
REORDER_WAIT_S = 2.0
STALE_S = 3_600


class PushKnobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pushes travel and misbehave; the defaults are the platform's good behaviour.

    `reorder` holds a push back until the next one has overtaken it (2 s at most). Whether a
    retry carries the first nonce is not documented: `retry_nonce` has both.
    """

    mode: Literal["safe", "plain", "compatible"] = "safe"
    tries: Annotated[int, msgspec.Meta(ge=1, le=3)] = 3
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    duplicates: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    reorder: bool = False
    retry_nonce: Literal["fresh", "same"] = "fresh"
    forge: Literal["none", "signature", "unsigned", "ciphertext", "app_id", "stale"] = "none"
    finish_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 200
    template_status: Literal["success", "failed:user block", "failed: system failed"] = "success"


def turned(knobs: PushKnobs, changes: dict[str, Any]) -> PushKnobs:
    """`knobs` with `changes`; msgspec.ValidationError names a wrong one."""
    return msgspec.convert({**msgspec.to_builtins(knobs), **changes}, PushKnobs)


@dataclass(slots=True)
class Outcome:
    """How one copy of a push ended; `status` is the last HTTP status seen, 0 for none."""

    tries: int = 0
    status: int = 0
    reply: Reply | None = None
    problem: str | None = None
    silent: bool = False
    elapsed_s: float = 0.0

    @property
    def answered(self) -> bool:
        """Did the account answer with something the platform accepts?"""
        return self.problem is None


@dataclass(slots=True)
class Letter:
    """One request to the callback: query parameters and body."""

    query: dict[str, str]
    body: bytes = field(repr=False)


class Pusher:
    """Delivers inner XML and judges the answers; at most 200 requests are under way at once."""

    def __init__(self, config: SimulatorConfig, clock: VirtualClock, reader: ReplyReader) -> None:
        self._config = config
        self._clock = clock
        self._reader = reader
        self._envelope = Envelope(config.encoding_aes_key, config.app_id)
        self._places = asyncio.Semaphore(PARALLEL_PUSHES)
        self._held: asyncio.Event | None = None
        self.knobs = PushKnobs()
        self.counts: Counter[str] = Counter()
        self.client: httpx.AsyncClient | None = None

    async def deliver(self, xml: str, openid: str, knobs: PushKnobs) -> list[Outcome]:
        """Push one message, in as many copies as the knobs say; the first outcome counts."""
        self.counts["pushes"] += 1
        await asyncio.sleep(knobs.delay_ms / 1000)
        held = self._held
        if knobs.reorder and held is None:
            await self._hold_back()
        try:
            copies = 1 + knobs.duplicates
            return await asyncio.gather(
                *(self._until_answered(xml, openid, knobs) for _ in range(copies))
            )
        finally:
            if held is not None:
                held.set()

    async def verify_address(self) -> dict[str, Any]:
        """The GET with `echostr` that the platform sends when an address is entered."""
        if self.client is None:
            raise RuntimeError("the simulator is not started: enter its lifespan first")
        timestamp, nonce = str(int(self._clock.machine_now())), secrets.token_hex(5)
        echo = str(secrets.randbelow(9 * 10**18) + 10**18)
        query = {
            "signature": sign(self._config.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        try:
            async with asyncio.timeout(self.knobs.timeout_s):
                answer = await self.client.get(self._config.callback_url, params=query)
        except (TimeoutError, httpx.HTTPError) as error:
            return {"verified": False, "status": 0, "problem": type(error).__name__}
        verified = answer.status_code == 200 and answer.text == echo
        problem = None if verified else "the answer is not the echostr"
        return {"verified": verified, "status": answer.status_code, "problem": problem}

    async def _hold_back(self) -> None:
        self._held = asyncio.Event()
        try:
            async with asyncio.timeout(REORDER_WAIT_S):
                await self._held.wait()
        except TimeoutError:
            self.counts["reorder_without_successor"] += 1
        finally:
            self._held = None

    async def _until_answered(self, xml: str, openid: str, knobs: PushKnobs) -> Outcome:
        outcome = Outcome()
        started = time.monotonic()
        letter = self._letter(xml, openid, knobs)
        while outcome.tries < knobs.tries:
            if outcome.tries and knobs.retry_nonce == "fresh":
                letter = self._letter(xml, openid, knobs)
            outcome.tries += 1
            self.counts["tries"] += 1
            answer = await self._try_once(letter, knobs, outcome)
            if answer is not None:
                self._judge(answer, openid, knobs, outcome)
                break
        outcome.elapsed_s = time.monotonic() - started
        self.counts["answered" if outcome.answered else "failed"] += 1
        return outcome

    async def _try_once(self, letter: Letter, knobs: PushKnobs, outcome: Outcome) -> bytes | None:
        """The answer's body, or None when the platform would try again (`problem` says why)."""
        if self.client is None:
            raise RuntimeError("the simulator is not started: enter its lifespan first")
        try:
            async with self._places, asyncio.timeout(knobs.timeout_s):
                return await self._exchange(self.client, letter, outcome)
        except TimeoutError:
            outcome.problem = "timeout"
            self.counts["timeouts"] += 1
        except httpx.HTTPError as error:
            outcome.problem = f"connection: {type(error).__name__}"
            self.counts["connection_errors"] += 1
        return None

    async def _exchange(
        self, client: httpx.AsyncClient, letter: Letter, outcome: Outcome
    ) -> bytes | None:
        async with client.stream(
            "POST",
            self._config.callback_url,
            params=letter.query,
            content=letter.body,
            headers={"Content-Type": "text/xml"},
        ) as response:
            outcome.status = response.status_code
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST_REPLY_BYTES:
                    break
        if response.status_code >= 500:
            outcome.problem = f"http_{response.status_code}"
            self.counts["server_errors"] += 1
            return None
        return body

    def _judge(self, body: bytes, openid: str, knobs: PushKnobs, outcome: Outcome) -> None:
        outcome.problem = None
        try:
            if outcome.status != 200:
                raise BadReply(f"http_{outcome.status}")
            if len(body) > LARGEST_REPLY_BYTES:
                raise BadReply("reply_too_big")
            outcome.reply = self._reader.read(body, openid, knobs.mode)
        except BadReply as error:
            outcome.problem, outcome.silent = error.problem, error.silent
            self.counts["bad_replies"] += 1
        else:
            self.counts["replies" if outcome.reply else "empty_replies"] += 1

    def _letter(self, xml: str, openid: str, knobs: PushKnobs) -> Letter:
        stamp_s = self._clock.machine_now() - (STALE_S if knobs.forge == "stale" else 0)
        timestamp, nonce = str(int(stamp_s)), str(secrets.randbelow(9 * 10**9) + 10**9)
        token = self._config.token
        query = {
            "signature": _spoilt(sign(token, timestamp, nonce), knobs, "signature"),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": openid,
        }
        if knobs.mode == "plain":
            return Letter(query, xml.encode())
        owner = "wxsim-somebody-else" if knobs.forge == "app_id" else None
        sealed = self._envelope.seal(xml.encode(), app_id=owner)
        if knobs.forge == "ciphertext":
            sealed = _swapped(sealed[:64]) + sealed[64:]
        query["encrypt_type"] = "aes"
        if knobs.forge != "unsigned":
            signature = sign(token, timestamp, nonce, sealed)
            query["msg_signature"] = _spoilt(signature, knobs, "signature")
        wrapped = write("xml", [("ToUserName", self._config.original_id), ("Encrypt", sealed)])
        if knobs.mode == "compatible":
            # Both forms in one body, the plain elements first.
            inner = xml.removeprefix("<xml>").removesuffix("</xml>")
            wrapped = f"<xml>{inner}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return Letter(query, wrapped.encode())


def _swapped(text: str) -> str:
    return text[::-1].swapcase()


def _spoilt(signature: str, knobs: PushKnobs, forge: str) -> str:
    if knobs.forge != forge:
        return signature
    return ("0" if signature[0] != "0" else "1") + signature[1:]
