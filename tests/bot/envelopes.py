"""Official test keys, and requests as the platform makes them."""

import secrets
from urllib.parse import urlencode

from bot.trust import CallbackKeys, Trust, encrypt, signature_of

TOKEN = "a-token-of-sixteen-chars"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx0123456789abcdef"
ORIGINAL_ID = "gh_1234567890ab"
OPENID = "oTEST0000000000000000000000A"
NOW_S = 1_700_000_000

KEYS = CallbackKeys.of(TOKEN, AES_KEY)


def trust(*more: CallbackKeys, allow_plain: bool = False) -> Trust:
    return Trust(
        app_id=APP_ID, original_id=ORIGINAL_ID, keys=(KEYS, *more), allow_plain=allow_plain
    )


def head(openid: str = OPENID, created_at_s: int = NOW_S, to_user: str = ORIGINAL_ID) -> str:
    return (
        f"<ToUserName><![CDATA[{to_user}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{created_at_s}</CreateTime>"
    )


def message(kind: str, rest: str, **facts: object) -> bytes:
    """Inner XML of a message: `rest` follows MsgType."""
    top = head(**facts)  # type: ignore[arg-type]
    return f"<xml>{top}<MsgType><![CDATA[{kind}]]></MsgType>{rest}</xml>".encode()


def text(content: str, msg_id: int = 24300000000000001, **facts: object) -> bytes:
    rest = f"<Content><![CDATA[{content}]]></Content><MsgId>{msg_id}</MsgId>"
    return message("text", rest, **facts)


def event(name: str, rest: str = "", **facts: object) -> bytes:
    return message("event", f"<Event><![CDATA[{name}]]></Event>{rest}", **facts)


def sealed(
    xml: bytes,
    *,
    keys: CallbackKeys = KEYS,
    app_id: str = APP_ID,
    now_s: float = NOW_S,
    nonce: str | None = None,
    beside: str = "",
) -> tuple[dict[str, str], bytes]:
    """Query and body of a safe-mode POST; `beside` stands next to Encrypt (compatible mode)."""
    timestamp, nonce = str(int(now_s)), nonce or str(secrets.randbelow(2**32))
    encrypted = encrypt(keys.aes_key, xml, app_id)
    query = {
        "signature": signature_of(keys.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": OPENID,
        "encrypt_type": "aes",
        "msg_signature": signature_of(keys.token, timestamp, nonce, encrypted),
    }
    body = (
        f"<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName>{beside}"
        f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    )
    return query, body.encode()


def plain_query(*, now_s: float = NOW_S, nonce: str = "1320562132") -> dict[str, str]:
    timestamp = str(int(now_s))
    return {
        "signature": signature_of(TOKEN, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }


def url(query: dict[str, str]) -> str:
    return f"/wechat/callback?{urlencode(query)}"
