"""What the platform sends, read strictly: the inner XML becomes one frozen Struct or is refused.

`bot/xml.py` accepts only the shape the platform writes; here every field gets its own rule. What
has the right shape but an unknown type becomes `Unknown`, which is acknowledged and counted.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from bot.xml import Malformed, read_fields

_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_DECIMAL = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?")
_MSG_ID_LIMIT = 2**64
_CREATE_TIME_LIMIT_S = 10**11


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every message has: addressee (gh_ name), sender (openid), seconds since 1970."""

    to_user: str
    openid: str
    created_at_s: int
    dedup_key: str
    body_hash: str


class TextMessage(Message, frozen=True, kw_only=True):
    """Words; `menu_choice` is set when the customer tapped an answer of a message menu."""

    content: str
    menu_choice: str | None = None


class MediaMessage(Message, frozen=True, kw_only=True):
    """A picture, voice, video or short video; `kind` is the platform's word."""

    kind: str
    media_id: str


class LocationMessage(Message, frozen=True, kw_only=True):
    """A place picked on the platform's map: degrees in GCJ-02, and the map's label."""

    lat: Decimal
    lon: Decimal
    label: str


class LinkMessage(Message, frozen=True, kw_only=True):
    """A shared link; the bot never opens it."""

    url: str


class Subscribed(Message, frozen=True, kw_only=True):
    """Somebody follows the account; `scene` names the QR code, if one was scanned."""

    scene: str | None


class Unsubscribed(Message, frozen=True, kw_only=True):
    """Somebody left: nothing can be answered."""


class Scanned(Message, frozen=True, kw_only=True):
    """A follower scanned a QR code."""

    scene: str


class LocationReported(Message, frozen=True, kw_only=True):
    """The position some phones report every few seconds; the bot keeps none of it."""

    lat: Decimal
    lon: Decimal


class MenuClicked(Message, frozen=True, kw_only=True):
    """A tap on the account's menu; also photo and code buttons, whose answer is the key."""

    key: str


class Notice(Message, frozen=True, kw_only=True):
    """Something the platform tells us that needs no words: results of sends, pages viewed."""

    event: str


class Unknown(Message, frozen=True, kw_only=True):
    """A type or event this version does not know: acknowledged, counted, not answered."""

    kind: str


def _required(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name, "").strip()
    if not pattern.fullmatch(value):
        raise Malformed(name)
    return value


def _whole(fields: Mapping[str, str], name: str, limit: int) -> int:
    value = int(_required(fields, name, _NUMBER))
    if value >= limit:
        raise Malformed(name)
    return value


def _degrees(fields: Mapping[str, str], name: str, limit: int) -> Decimal:
    """A finite decimal within ±limit degrees; 'nan' and '1e999' are refused."""
    value = Decimal(_required(fields, name, _DECIMAL))
    if abs(value) > limit:
        raise Malformed(name)
    return value


def _dedup_key(fields: Mapping[str, str], body_hash: str) -> str:
    """What makes two deliveries one message: MsgId alone is known to repeat across people."""
    names = ("ToUserName", "FromUserName", "MsgType", "MsgId", "Event", "EventKey", "CreateTime")
    parts = [fields.get(name, "") for name in (*names, "MsgID", "Ticket")]
    parts.append(body_hash)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def read_message(xml: bytes) -> Message:
    """The message in a trusted inner XML. Raises Malformed."""
    fields = read_fields(xml)
    body_hash = hashlib.sha256(xml).hexdigest()
    head = Message(
        to_user=_required(fields, "ToUserName", _OPENID),
        openid=_required(fields, "FromUserName", _OPENID),
        created_at_s=_whole(fields, "CreateTime", _CREATE_TIME_LIMIT_S),
        dedup_key=_dedup_key(fields, body_hash),
        body_hash=body_hash,
    )
    kind = fields.get("MsgType", "")
    if not kind:
        raise Malformed("MsgType")
    if kind == "event":
        return _read_event(fields, head)
    _whole(fields, "MsgId", _MSG_ID_LIMIT)
    return _read_said(kind, fields, head)


def _head(head: Message) -> dict[str, object]:
    return msgspec.structs.asdict(head)


def _read_said(kind: str, fields: Mapping[str, str], head: Message) -> Message:
    if kind == "text":
        return msgspec.convert(
            _head(head)
            | {"content": fields.get("Content", ""), "menu_choice": fields.get("bizmsgmenuid")},
            TextMessage,
        )
    if kind in ("image", "voice", "video", "shortvideo"):
        facts = {"kind": kind, "media_id": fields.get("MediaId", "")}
        return msgspec.convert(_head(head) | facts, MediaMessage)
    if kind == "location":
        return _location(fields, head, "")
    if kind == "link":
        return msgspec.convert(_head(head) | {"url": fields.get("Url", "")}, LinkMessage)
    return msgspec.convert(_head(head) | {"kind": "message"}, Unknown)


def _location(fields: Mapping[str, str], head: Message, under: str) -> Message:
    facts = {
        "lat": _degrees(fields, f"{under}Location_X", 90),
        "lon": _degrees(fields, f"{under}Location_Y", 180),
        "label": fields.get(f"{under}Label", "")[:200],
    }
    return msgspec.convert(_head(head) | facts, LocationMessage)


def _subscribed(fields: Mapping[str, str], head: Message) -> Message:
    scene = fields.get("EventKey", "").removeprefix("qrscene_") or None
    return msgspec.convert(_head(head) | {"scene": scene}, Subscribed)


def _unsubscribed(_fields: Mapping[str, str], head: Message) -> Message:
    return msgspec.convert(_head(head), Unsubscribed)


def _scanned(fields: Mapping[str, str], head: Message) -> Message:
    return msgspec.convert(_head(head) | {"scene": fields.get("EventKey", "")}, Scanned)


def _reported(fields: Mapping[str, str], head: Message) -> Message:
    facts = {"lat": _degrees(fields, "Latitude", 90), "lon": _degrees(fields, "Longitude", 180)}
    return msgspec.convert(_head(head) | facts, LocationReported)


def _clicked(fields: Mapping[str, str], head: Message) -> Message:
    return msgspec.convert(_head(head) | {"key": fields.get("EventKey", "")[:128]}, MenuClicked)


def _selected(fields: Mapping[str, str], head: Message) -> Message:
    return _location(fields, head, "SendLocationInfo/")


def _noticed(fields: Mapping[str, str], head: Message) -> Message:
    return msgspec.convert(_head(head) | {"event": fields.get("Event", "")}, Notice)


_EVENTS: Mapping[str, Callable[[Mapping[str, str], Message], Message]] = {
    "subscribe": _subscribed,
    "unsubscribe": _unsubscribed,
    "SCAN": _scanned,
    "LOCATION": _reported,
    "CLICK": _clicked,
    "location_select": _selected,
    "pic_sysphoto": _clicked,
    "pic_photo_or_album": _clicked,
    "pic_weixin": _clicked,
    "scancode_push": _noticed,
    "scancode_waitmsg": _clicked,
    "VIEW": _noticed,
    "view_miniprogram": _noticed,
    "TEMPLATESENDJOBFINISH": _noticed,
    "subscribe_msg_popup_event": _noticed,
    "subscribe_msg_change_event": _noticed,
    "subscribe_msg_sent_event": _noticed,
    "kf_create_session": _noticed,
    "kf_close_session": _noticed,
    "kf_switch_session": _noticed,
}


def _read_event(fields: Mapping[str, str], head: Message) -> Message:
    reader = _EVENTS.get(fields.get("Event", ""))
    if reader is None:
        return msgspec.convert(_head(head) | {"kind": "event"}, Unknown)
    return reader(fields, head)
