"""Answers on the wire: the passive reply's XML, and texts cut where a reader would cut them.

The platform shows nothing of a text above 2048 bytes, and its client breaks on characters that XML
forbids; both are settled here, for passive replies and for messages sent later.
"""

import re
import unicodedata
from collections.abc import Iterator

#: The platform's limit on one text, in UTF-8 bytes.
TEXT_LIMIT_BYTES = 2048

#: The whole answer when there is nothing to say: the platform stops re-sending.
ACKNOWLEDGED = b"success"

_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ZERO_WIDTH_JOINER = "\u200d"
_KEYCAP_AND_SELECTORS = {"\ufe0e", "\ufe0f", "\u20e3"}


def clean(text: str) -> str:
    """Without the characters that XML 1.0 forbids; line feeds and tabs stay."""
    return _FORBIDDEN.sub("", text)


def cdata(text: str) -> str:
    """A CDATA section that holds exactly this text, also when the text holds `]]>`."""
    return "<![CDATA[" + clean(text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def text_reply(*, to_openid: str, from_user: str, text: str, created_at_s: int) -> str:
    """The passive reply XML for one text of at most TEXT_LIMIT_BYTES (the rest is cut)."""
    first = next(split_text(text), "")
    return (
        f"<xml><ToUserName>{cdata(to_openid)}</ToUserName>"
        f"<FromUserName>{cdata(from_user)}</FromUserName>"
        f"<CreateTime>{created_at_s}</CreateTime>"
        f"<MsgType>{cdata('text')}</MsgType><Content>{cdata(first)}</Content></xml>"
    )


def split_text(text: str, limit_bytes: int = TEXT_LIMIT_BYTES) -> Iterator[str]:
    """Pieces of at most `limit_bytes` UTF-8 bytes, never cut inside what is seen as one character.

    A single cluster above the limit (a pile of combining marks) is dropped: nothing could show it.
    """
    text = clean(text)
    if text and len(text.encode()) <= limit_bytes:
        yield text
        return
    piece, size = "", 0
    for cluster in graphemes(text):
        weight = len(cluster.encode())
        if weight > limit_bytes:
            continue
        if size + weight > limit_bytes:
            yield piece
            piece, size = "", 0
        piece += cluster
        size += weight
    if piece:
        yield piece


def graphemes(text: str) -> Iterator[str]:
    """Clusters seen as one character: marks, joined emoji, skin tones and flags stay together.

    The part of Unicode's rules (UAX 29) that Chinese text with emoji needs; Hangul syllables
    written in pieces and Indic conjuncts may be cut, whole syllables never are.
    """
    cluster, flags = "", 0
    for char in text:
        is_flag = 0x1F1E6 <= ord(char) <= 0x1F1FF
        joins = (
            _extends(char) or cluster.endswith(_ZERO_WIDTH_JOINER) or (is_flag and flags % 2 == 1)
        )
        if cluster and not joins:
            yield cluster
            cluster, flags = "", 0
        cluster += char
        flags = flags + 1 if is_flag else 0
    if cluster:
        yield cluster


def _extends(char: str) -> bool:
    """Whether this character belongs to the one before it."""
    return (
        char == _ZERO_WIDTH_JOINER
        or char in _KEYCAP_AND_SELECTORS
        or 0x1F3FB <= ord(char) <= 0x1F3FF
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
    )
