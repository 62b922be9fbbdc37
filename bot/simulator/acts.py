"""What a customer can do, and the XML that the platform makes of it."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from bot.simulator.config import Latitude, Longitude, Openid
from bot.simulator.datum import to_gcj02
from bot.simulator.wire import Bare, Node

Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Word = Annotated[str, msgspec.Meta(max_length=1_024)]

MESSAGE_TYPES = ("text", "image", "voice", "video", "shortvideo", "location", "link")
# Following, scanning and choosing from a menu open the short window of three messages.
WINDOW_EVENTS = frozenset(
    {
        "subscribe",
        "SCAN",
        "CLICK",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)


class TemplateChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer of a person to "may we send you this notice?"."""

    template_id: Word
    status: Literal["accept", "reject"] = "accept"


class CustomerAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /control/events`. Which fields count depends on `type`; the others are ignored.

    `lat`, `lon` are WGS-84 degrees unless `datum` says `gcj02`; the push carries GCJ-02, but a
    LOCATION event carries WGS-84. `push` overrides push knobs for this act. `msg_id` and
    `create_time` (seconds since 1970) replace ours, to repeat or misdate a message. `xml` is
    the whole inner text of a `raw` push.
    """

    openid: Openid
    type: Literal[
        "text", "image", "voice", "video", "shortvideo", "location", "link", "event", "raw"
    ]
    content: Text = ""
    bizmsgmenuid: Word | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    datum: Literal["wgs84", "gcj02"] = "wgs84"
    scale: Annotated[int, msgspec.Meta(ge=0, le=30)] = 16
    label: Word = ""
    precision_m: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 30.0
    media_id: Word | None = None
    media_base64: Annotated[str, msgspec.Meta(max_length=14_000_000)] | None = None
    pic_url: Word | None = None
    title: Word = ""
    description: Word = ""
    url: Word = ""
    event: Annotated[str, msgspec.Meta(max_length=64)] = ""
    event_key: Word = ""
    ticket: Word | None = None
    scan_result: Word = ""
    templates: Annotated[tuple[TemplateChoice, ...], msgspec.Meta(max_length=10)] = ()
    xml: Annotated[str, msgspec.Meta(max_length=200_000)] = ""
    msg_id: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None
    create_time: Annotated[int, msgspec.Meta(ge=0, le=2**40)] | None = None
    wait: bool = True
    push: dict[str, Any] = {}

    @property
    def is_message(self) -> bool:
        """A message carries a MsgId and opens the long window; an event does neither."""
        return self.type in MESSAGE_TYPES

    @property
    def failure_is_shown(self) -> bool:
        """Does the person see that the account did not answer? Not after a silent event."""
        return self.is_message or self.event in WINDOW_EVENTS


def gcj02_of(act: CustomerAct) -> tuple[float, float]:
    """The place of the act in GCJ-02 degrees; (0, 0) when none was given."""
    lat, lon = act.lat or 0.0, act.lon or 0.0
    return to_gcj02(lat, lon) if act.datum == "wgs84" else (lat, lon)


def inner_nodes(act: CustomerAct) -> list[Node]:
    """The elements between MsgType and MsgId; for events, from Event on."""
    if act.type == "event":
        return [("Event", act.event), *_event_nodes(act)]
    return _MESSAGE_NODES[act.type](act)


def sent_fields(act: CustomerAct) -> dict[str, Any]:
    """What the customer's own chat shows of the act: at least `text`."""
    if act.type == "location":
        return {"text": act.label or "位置", "lat": act.lat, "lon": act.lon, "datum": act.datum}
    if act.type == "event":
        return {"text": act.event_key, "event": act.event}
    if act.type == "text":
        return {"text": act.content}
    return {"text": act.title, "media_id": act.media_id}


def _text(act: CustomerAct) -> list[Node]:
    nodes: list[Node] = [("Content", act.content)]
    if act.bizmsgmenuid is not None:
        nodes.append(("bizmsgmenuid", Bare(act.bizmsgmenuid)))
    return nodes


def _image(act: CustomerAct) -> list[Node]:
    return [("PicUrl", act.pic_url or ""), ("MediaId", act.media_id or "")]


def _voice(act: CustomerAct) -> list[Node]:
    media_id = act.media_id or ""
    return [("MediaId", media_id), ("Format", "amr"), ("MediaId16K", media_id)]


def _video(act: CustomerAct) -> list[Node]:
    media_id = act.media_id or ""
    return [("MediaId", media_id), ("ThumbMediaId", media_id)]


def _location(act: CustomerAct) -> list[Node]:
    lat, lon = gcj02_of(act)
    return [
        ("Location_X", Bare(f"{lat:.6f}")),
        ("Location_Y", Bare(f"{lon:.6f}")),
        ("Scale", act.scale),
        ("Label", act.label),
    ]


def _link(act: CustomerAct) -> list[Node]:
    return [("Title", act.title), ("Description", act.description), ("Url", act.url)]


_MESSAGE_NODES: dict[str, Callable[[CustomerAct], list[Node]]] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}


def _event_nodes(act: CustomerAct) -> list[Node]:
    if act.event == "LOCATION":
        return [
            ("Latitude", Bare(f"{act.lat or 0.0:.6f}")),
            ("Longitude", Bare(f"{act.lon or 0.0:.6f}")),
            ("Precision", Bare(f"{act.precision_m:.6f}")),
        ]
    if act.event in ("subscribe_msg_popup_event", "subscribe_msg_change_event"):
        return [_consent_list(act)]
    nodes: list[Node] = [("EventKey", act.event_key)]
    if act.ticket is not None:
        nodes.append(("Ticket", act.ticket))
    if act.event in ("scancode_waitmsg", "scancode_push"):
        scan: list[Node] = [("ScanType", "qrcode"), ("ScanResult", act.scan_result)]
        nodes.append(("ScanCodeInfo", scan))
    if act.event == "location_select":
        lat, lon = gcj02_of(act)
        place: list[Node] = [
            ("Location_X", f"{lat:.6f}"),
            ("Location_Y", f"{lon:.6f}"),
            ("Scale", str(act.scale)),
            ("Label", act.label),
            ("Poiname", ""),
        ]
        nodes.append(("SendLocationInfo", place))
    return nodes


def _consent_list(act: CustomerAct) -> Node:
    popup = act.event == "subscribe_msg_popup_event"
    entries: list[Node] = []
    for choice in act.templates:
        entry: list[Node] = [
            ("TemplateId", choice.template_id),
            ("SubscribeStatusString", choice.status),
        ]
        if popup:
            entry.append(("PopupScene", 1))
        entries.append(("List", entry))
    return ("SubscribeMsgPopupEvent" if popup else "SubscribeMsgChangeEvent", entries)
