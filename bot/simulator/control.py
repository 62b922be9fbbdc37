"""The other side of the platform, for tests and for the chat page: `/control/...`."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from bot.simulator.acts import CustomerAct
from bot.simulator.errors import ControlRefusal, PlatformError
from bot.simulator.faults import OrderFault
from bot.simulator.followers import Follower
from bot.simulator.push import turned
from bot.simulator.stage import perform, prepare
from bot.simulator.world import InWorld

PAGE = 100
LARGEST_PAGE = 500


class AdvanceClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds to move the virtual clock forward."""

    advance_s: float


class GiveConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Consents of one person, set without a popup."""

    openid: Annotated[str, msgspec.Meta(max_length=64)]
    template_id: Annotated[str, msgspec.Meta(max_length=64)]
    count: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 1


def follower_view(follower: Follower) -> dict[str, Any]:
    """What the chat page needs of a follower."""
    return {
        "openid": follower.openid,
        "nickname": follower.nickname,
        "lat": follower.lat,
        "lon": follower.lon,
        "subscribed": follower.subscribed,
        "consents": dict(follower.consents),
    }


class Control(Controller):
    """Messages, acts, faults, knobs, counters, clock."""

    path = "/control"
    include_in_schema = False

    @get("/messages")
    async def messages(
        self,
        world: InWorld,
        openid: FromQuery[str | None] = None,
        after: Annotated[int, QueryParameter(ge=0)] = 0,
        direction: FromQuery[str] = "received",
        limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> dict[str, Any]:
        """What a customer (or everybody) received after a cursor; `direction=both`: and wrote."""
        found = world.mailbox.after(openid, after, both_directions=direction == "both", limit=limit)
        items = [message.view() for message in found]
        return {"items": items, "next": found[-1].id if found else after}

    @post("/events", status_code=200)
    async def events(
        self, world: InWorld, data: JSONBody[CustomerAct], request: Request[Any, Any, Any]
    ) -> Response[dict[str, Any]]:
        """Let a customer do something; the outcome of the push, or 202 with `wait` false."""
        prepared = prepare(world, data, str(request.base_url).rstrip("/"))
        if data.wait:
            return Response(await perform(world, prepared))
        if not world.in_background(perform(world, prepared)):
            raise ControlRefusal(429, "too_many_pushes", "too many pushes wait already")
        return Response({"msg_id": prepared.msg_id}, status_code=202)

    @get("/followers")
    async def followers(
        self,
        world: InWorld,
        q: FromQuery[str] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
    ) -> dict[str, Any]:
        """Followers whose name or openid contains `q`."""
        found = world.followers.search(q, limit)
        return {"items": [follower_view(one) for one in found], "total": len(world.followers)}

    @get("/followers/{openid:str}")
    async def follower(self, world: InWorld, openid: FromPath[str]) -> dict[str, Any]:
        """One follower; 404 for nobody."""
        found = world.followers.find(openid)
        if found is None:
            raise ControlRefusal(404, "follower_unknown", "no such follower")
        now = world.clock.now()
        return {**follower_view(found), "typing": now < found.typing_until}

    @get("/neighbours/{openid:str}")
    async def neighbours(self, world: InWorld, openid: FromPath[str]) -> dict[str, Any]:
        """Up to 40 other homes around this person's home, for the small map."""
        return {"items": [follower_view(one) for one in world.followers.near(openid, 40)]}

    @get("/menu")
    async def menu(self, world: InWorld) -> dict[str, Any]:
        """The account's menu as the chat page shows it; null when there is none."""
        return {"button": world.menu}

    @get("/media/{media_id:str}")
    async def media(self, world: InWorld, media_id: FromPath[str]) -> Response[bytes]:
        """A stored file: pictures in the chat page, and `PicUrl` of pushed images."""
        try:
            found = world.media.get(media_id)
        except PlatformError as error:
            raise ControlRefusal(404, "media_unknown_or_expired", str(error)) from error
        return Response(found.content, media_type=found.content_type)

    @get("/faults")
    async def faults(self, world: InWorld) -> dict[str, Any]:
        """The faults that wait."""
        return {"items": [fault.view() for fault in world.faults.faults]}

    @post("/faults")
    async def order_fault(self, world: InWorld, data: JSONBody[OrderFault]) -> dict[str, Any]:
        """Order one fault."""
        try:
            world.faults.order(data)
        except ValueError as error:
            raise ControlRefusal(400, "fault_malformed", str(error)) from error
        return {"items": [fault.view() for fault in world.faults.faults]}

    @delete("/faults", status_code=200)
    async def clear_faults(self, world: InWorld) -> dict[str, Any]:
        """Behave again."""
        world.faults.clear()
        return {"items": []}

    @get("/push")
    async def push(self, world: InWorld) -> dict[str, Any]:
        """The push knobs."""
        return dict(msgspec.to_builtins(world.pusher.knobs))

    @post("/push", status_code=200)
    async def turn_push(self, world: InWorld, data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
        """Turn some push knobs; the others stay."""
        try:
            world.pusher.knobs = turned(world.pusher.knobs, data)
        except msgspec.ValidationError as error:
            raise ControlRefusal(400, "push_malformed", str(error)) from error
        return dict(msgspec.to_builtins(world.pusher.knobs))

    @post("/verify", status_code=200)
    async def verify(self, world: InWorld) -> dict[str, Any]:
        """Let the platform check the callback address, as when an account enters it."""
        return await world.pusher.verify_address()

    @post("/consents", status_code=200)
    async def consents(self, world: InWorld, data: JSONBody[GiveConsent]) -> dict[str, Any]:
        """Set how many one-time notices of a template a person has agreed to."""
        found = world.followers.find(data.openid)
        if found is None:
            raise ControlRefusal(404, "follower_unknown", "no such follower")
        world.followers.agree(found, data.template_id)
        found.consents[data.template_id] = data.count
        world.remember(found)
        return follower_view(found)

    @post("/tokens/void", status_code=200)
    async def void_tokens(self, world: InWorld) -> dict[str, Any]:
        """Every access token stops working, as after a reset of the secret."""
        world.tokens.void_all()
        return {"voided": True}

    @post("/clock", status_code=200)
    async def clock(self, world: InWorld, data: JSONBody[AdvanceClock]) -> dict[str, Any]:
        """Move the virtual clock forward."""
        try:
            offset_s = world.advance(data.advance_s)
        except ValueError as error:
            raise ControlRefusal(400, "clock_malformed", str(error)) from error
        return {"offset_s": offset_s, "now_s": world.clock.now()}

    @get("/counters")
    async def counters(self, world: InWorld) -> dict[str, Any]:
        """How often what was called, answered, pushed and issued."""
        return {
            "calls": dict(world.calls),
            "errors": dict(world.errors),
            "pushes": dict(world.pusher.counts),
            "quotas": dict(world.quotas.used),
            "tokens_issued": world.tokens.issued,
            "messages": len(world.mailbox),
            "followers": len(world.followers),
            "clock_offset_s": world.clock.offset_s,
        }
