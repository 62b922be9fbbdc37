"""Judges what the account answered to a push, as the platform does before it shows anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import xmltodict

from bot.simulator.cipher import CipherRefused, Envelope, sign
from bot.simulator.errors import PlatformError
from bot.simulator.media import MediaShelf

TEXT_BYTES = 2048
OUT_OF_SERVICE = "该公众号提供的服务出现故障，请稍后再试"
MAX_ARTICLES = 1


class BadReply(Exception):
    """The answer cannot be shown; `silent` ones show nothing, others the out-of-service text."""

    def __init__(self, problem: str, *, silent: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.silent = silent


@dataclass(slots=True, frozen=True)
class Reply:
    """A good passive reply: its type, the fields a person sees, and the inner XML."""

    type: str
    fields: dict[str, Any]
    xml: str


@dataclass(slots=True, frozen=True)
class ReplyReader:
    """Knows one account's keys and media."""

    token: str
    original_id: str
    envelope: Envelope
    media: MediaShelf

    def read(self, body: bytes, openid: str, mode: str) -> Reply | None:
        """The reply to `openid`; None for `success` or nothing; BadReply for anything else.

        `mode` is that of the push: safe takes only ciphertext, plain only plain text,
        compatible both.
        """
        if body.strip() in (b"", b"success"):
            return None
        outer = _parse(body)
        if "Encrypt" in outer:
            if mode == "plain":
                raise BadReply("encrypted_reply_in_plain_mode")
            body = self._open(outer)
            outer = _parse(body)
        elif mode == "safe":
            raise BadReply("plain_reply_in_safe_mode")
        return self._judge(outer, body, openid)

    def _open(self, outer: dict[str, Any]) -> bytes:
        sealed, signature = _string(outer, "Encrypt"), _string(outer, "MsgSignature")
        timestamp, nonce = _string(outer, "TimeStamp"), _string(outer, "Nonce")
        if not timestamp.isdigit() or not nonce:
            raise BadReply("reply_timestamp_or_nonce_malformed")
        if sign(self.token, timestamp, nonce, sealed) != signature:
            raise BadReply("reply_signature_wrong")
        try:
            return self.envelope.open(sealed)
        except CipherRefused as error:
            raise BadReply(f"reply_cipher: {error}") from error

    def _judge(self, inner: dict[str, Any], body: bytes, openid: str) -> Reply:
        if _string(inner, "ToUserName") != openid:
            raise BadReply("reply_to_another_user")
        if _string(inner, "FromUserName") != self.original_id:
            raise BadReply("reply_from_another_account")
        if not _string(inner, "CreateTime").isdigit():
            raise BadReply("reply_create_time_malformed")
        kind = _string(inner, "MsgType")
        reader = _READERS.get(kind)
        if reader is None:
            raise BadReply("reply_type_unknown")
        try:
            fields = reader(inner, self.media)
        except PlatformError as error:
            raise BadReply(f"reply_media: {error.code}") from error
        return Reply(kind, fields, body.decode())


def _parse(body: bytes) -> dict[str, Any]:
    """Children of the one `<xml>` root; BadReply for anything that is not such a document."""
    try:
        # Entities are refused by the parser; blank text between elements is dropped below.
        document = xmltodict.parse(body.decode(), strip_whitespace=False)
    except Exception as error:
        raise BadReply(f"reply_not_xml: {type(error).__name__}") from error
    root = document.get("xml") if isinstance(document, dict) else None
    if not isinstance(root, dict):
        raise BadReply("reply_root_is_not_xml")
    return root


def _string(node: dict[str, Any], name: str) -> str:
    value = node.get(name)
    if not isinstance(value, str):
        raise BadReply(f"reply_{name}_missing_or_repeated")
    return value.strip()


def _child(node: dict[str, Any], name: str) -> dict[str, Any]:
    value = node.get(name)
    if not isinstance(value, dict):
        raise BadReply(f"reply_{name}_missing_or_repeated")
    return value


def _text(inner: dict[str, Any], _media: MediaShelf) -> dict[str, Any]:
    content = inner.get("Content")
    if not isinstance(content, str) or not content.strip():
        raise BadReply("reply_text_empty")
    if len(content.encode()) > TEXT_BYTES:
        raise BadReply("reply_text_over_2048_bytes", silent=True)
    return {"text": content}


def _single_media(
    element: str, kind: str
) -> Callable[[dict[str, Any], MediaShelf], dict[str, Any]]:
    def read(inner: dict[str, Any], media: MediaShelf) -> dict[str, Any]:
        media_id = _string(_child(inner, element), "MediaId")
        return {"media_id": media.get(media_id, kind).media_id}

    return read


def _music(inner: dict[str, Any], _media: MediaShelf) -> dict[str, Any]:
    music = _child(inner, "Music")
    return {"text": music.get("Title") or "", "url": music.get("MusicUrl") or ""}


def _news(inner: dict[str, Any], _media: MediaShelf) -> dict[str, Any]:
    items = _child(inner, "Articles").get("item")
    listed = items if isinstance(items, list) else [items]
    articles = [article for article in listed if isinstance(article, dict)]
    if len(articles) != len(listed):
        raise BadReply("reply_articles_malformed")
    if _string(inner, "ArticleCount") != str(len(articles)) or len(articles) > MAX_ARTICLES:
        raise BadReply("reply_article_count_wrong")
    shown = [
        {
            "title": _string(article, "Title"),
            "description": article.get("Description") or "",
            "url": article.get("Url") or "",
            "pic_url": article.get("PicUrl") or "",
        }
        for article in articles
    ]
    return {"text": shown[0]["title"], "articles": shown}


def _hand_over(inner: dict[str, Any], _media: MediaShelf) -> dict[str, Any]:
    return {"text": ""}


_READERS: dict[str, Callable[[dict[str, Any], MediaShelf], dict[str, Any]]] = {
    "text": _text,
    "image": _single_media("Image", "image"),
    "voice": _single_media("Voice", "voice"),
    "video": _single_media("Video", "video"),
    "music": _music,
    "news": _news,
    "transfer_customer_service": _hand_over,
}
