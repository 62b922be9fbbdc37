"""Carries out what a customer does: the consequences on the platform, then the push."""

import base64
import binascii
from typing import Any

import msgspec

from bot.simulator.acts import WINDOW_EVENTS, CustomerAct, inner_nodes, sent_fields
from bot.simulator.errors import ControlRefusal, PlatformError
from bot.simulator.followers import Follower
from bot.simulator.push import Outcome, PushKnobs, turned
from bot.simulator.reply import OUT_OF_SERVICE
from bot.simulator.wire import Node, write
from bot.simulator.world import World

SAMPLE_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
SAMPLE_VOICE = b"#!AMR\n" + bytes(32)
SAMPLE_VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(32)


class PreparedAct(msgspec.Struct, frozen=True):
    """An act whose consequences have happened and whose push is ready to go."""

    act: CustomerAct
    knobs: PushKnobs
    xml: str
    msg_id: int | None


def prepare(world: World, act: CustomerAct, base_url: str) -> PreparedAct:
    """Let the act happen on the platform's side; ControlRefusal when it cannot.

    A person unknown so far follows by acting. One who left can only follow again.
    """
    knobs = _knobs(world, act)
    if act.type == "event" and not act.event:
        raise ControlRefusal(400, "event_missing", "an event needs `event`")
    if act.type == "raw":
        return PreparedAct(act, knobs, act.xml, None)
    now = world.clock.now()
    follower = world.followers.meet(act.openid, now)
    if not follower.subscribed and act.event != "subscribe":
        raise ControlRefusal(409, "not_following", "this person does not follow the account")
    act = _with_media(world, act, base_url)
    act = _with_scene(world, act, now)
    _consequences(world, follower, act, now)
    world.remember(follower)
    msg_id = None
    if act.is_message:
        msg_id = world.next_id() if act.msg_id is None else act.msg_id
    nodes = _head(world, act, now) + inner_nodes(act)
    if msg_id is not None:
        nodes.append(("MsgId", msg_id))
    world.mailbox.put(act.openid, act.type, sent_fields(act), via="push", direction="sent")
    return PreparedAct(act, knobs, write("xml", nodes), msg_id)


async def perform(world: World, prepared: PreparedAct) -> dict[str, Any]:
    """Push it and show the person the answer; the facts of what happened."""
    act = prepared.act
    outcomes = await world.pusher.deliver(prepared.xml, act.openid, prepared.knobs)
    first = outcomes[0]
    shown = None
    if first.reply is not None and first.reply.type != "transfer_customer_service":
        shown = world.mailbox.put(
            act.openid, first.reply.type, first.reply.fields, via="reply", raw=first.reply.xml
        )
    elif first.problem is not None and act.failure_is_shown and not first.silent:
        fields = {"text": OUT_OF_SERVICE, "problem": first.problem}
        shown = world.mailbox.put(act.openid, "text", fields, via="platform")
    return {
        "msg_id": prepared.msg_id,
        "tries": first.tries,
        "answered": first.answered,
        "status": first.status,
        "problem": first.problem,
        "elapsed_ms": round(first.elapsed_s * 1000),
        "reply": shown.view() if shown is not None else None,
        "copies": [_copy(first, other) for other in outcomes[1:]],
    }


async def push_notice_result(world: World, openid: str, event: str, rest: list[Node]) -> None:
    """Tell the account, a moment later, what became of a notice; nobody sees a failure."""
    act = CustomerAct(openid=openid, type="event", event=event)
    nodes = [*_head(world, act, world.clock.now()), ("Event", event), *rest]
    knobs = turned(world.pusher.knobs, {"delay_ms": world.pusher.knobs.finish_delay_ms})
    await world.pusher.deliver(write("xml", nodes), openid, knobs)


def _copy(first: Outcome, other: Outcome) -> dict[str, Any]:
    same = (first.reply and first.reply.xml) == (other.reply and other.reply.xml)
    return {
        "tries": other.tries,
        "answered": other.answered,
        "problem": other.problem,
        "same_reply": same,
    }


def _head(world: World, act: CustomerAct, now: float) -> list[Node]:
    return [
        ("ToUserName", world.config.original_id),
        ("FromUserName", act.openid),
        ("CreateTime", int(now) if act.create_time is None else act.create_time),
        ("MsgType", act.type),
    ]


def _knobs(world: World, act: CustomerAct) -> PushKnobs:
    try:
        return turned(world.pusher.knobs, act.push)
    except msgspec.ValidationError as error:
        raise ControlRefusal(400, "push_malformed", str(error)) from error


def _consequences(world: World, follower: Follower, act: CustomerAct, now: float) -> None:
    if act.is_message:
        follower.wrote_at = now
    # A choice from a message menu counts like one from the account's menu.
    if act.event in WINDOW_EVENTS or act.bizmsgmenuid is not None:
        follower.window.open_by_action(now)
    elif act.is_message:
        follower.window.open_by_message(now)
    if act.event == "subscribe":
        follower.subscribed, follower.subscribed_at = True, now
        follower.scene = act.event_key.removeprefix("qrscene_")
    elif act.event == "unsubscribe":
        follower.subscribed = False
        follower.window.close()
    elif act.event == "subscribe_msg_popup_event":
        for choice in act.templates:
            if choice.status == "accept":
                world.followers.agree(follower, choice.template_id)
    elif act.event == "subscribe_msg_change_event":
        for choice in act.templates:
            if choice.status == "reject":
                follower.consents.pop(choice.template_id, None)


def _with_media(world: World, act: CustomerAct, base_url: str) -> CustomerAct:
    """The act with a media id, storing what was sent, or a tiny sample."""
    kinds = {"image": "image", "voice": "voice", "video": "video", "shortvideo": "video"}
    kind = kinds.get(act.type)
    if kind is None or act.media_id is not None:
        return act
    samples = {"image": SAMPLE_PICTURE, "voice": SAMPLE_VOICE, "video": SAMPLE_VIDEO}
    content = samples[kind]
    try:
        if act.media_base64 is not None:
            content = base64.b64decode(act.media_base64, validate=True)
        media_id = world.media.put(kind, content).media_id
    except binascii.Error as error:
        raise ControlRefusal(400, "media_base64_malformed", str(error)) from error
    except PlatformError as error:
        raise ControlRefusal(400, "media_refused", str(error)) from error
    pic_url = act.pic_url or f"{base_url}/control/media/{media_id}"
    return msgspec.structs.replace(act, media_id=media_id, pic_url=pic_url, media_base64=None)


def _with_scene(world: World, act: CustomerAct, now: float) -> CustomerAct:
    """The act with the scene of its QR ticket; ControlRefusal for an unknown or old ticket."""
    if act.ticket is None or act.event_key or act.event not in ("SCAN", "subscribe"):
        return act
    scene = world.scenes.get(act.ticket)
    if scene is None or now >= scene.expires_at:
        raise ControlRefusal(409, "ticket_unknown_or_expired", "no such QR code")
    prefix = "qrscene_" if act.event == "subscribe" else ""
    return msgspec.structs.replace(act, event_key=prefix + scene.key)
