"""What an account sends: customer-service messages, typing, template and subscription notices."""

from collections.abc import Callable
from typing import Any

from bot.simulator.config import NoticeTemplate
from bot.simulator.errors import PlatformError
from bot.simulator.followers import Follower
from bot.simulator.gate import AnyRequest, Endpoint, read_json, string_in
from bot.simulator.notices import check_data, check_template, shown
from bot.simulator.reply import MAX_ARTICLES, TEXT_BYTES
from bot.simulator.stage import push_notice_result
from bot.simulator.wire import Node
from bot.simulator.world import World

OK = {"errcode": 0, "errmsg": "ok"}
TYPING_S = 15
TYPING_AFTER_MESSAGE_S = 30
MAX_CHOICES = 10


async def custom_send(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST message/custom/send: text, image, news (one article) and msgmenu, inside a window."""
    body = await read_json(request)
    follower = world.followers.reachable(string_in(body, "touser", code=40003))
    kind = body.get("msgtype")
    reader = _CUSTOM_READERS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or reader is None:
        raise PlatformError(40008)
    content = body.get(kind)
    if not isinstance(content, dict):
        raise PlatformError(47001)
    fields = reader(world, content)
    follower.window.spend(world.clock.now())
    follower.typing_until = float("-inf")
    world.remember(follower)
    world.mailbox.put(follower.openid, kind, fields, via="custom", raw=body)
    return OK


async def typing(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST message/custom/typing: within 30 s of the person's message, not twice at a time."""
    body = await read_json(request)
    follower = world.followers.reachable(string_in(body, "touser", code=40003))
    now = world.clock.now()
    if body.get("command") == "CancelTyping":
        follower.typing_until = float("-inf")
        return OK
    if body.get("command") != "Typing":
        raise PlatformError(45072)
    if now >= follower.wrote_at + TYPING_AFTER_MESSAGE_S:
        raise PlatformError(45080)
    if now < follower.typing_until:
        raise PlatformError(45081)
    follower.typing_until = now + TYPING_S
    return OK


async def template_send(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST message/template/send; TEMPLATESENDJOBFINISH follows a moment later."""
    body = await read_json(request)
    follower, template, values = _notice(world, body, strict=False)
    msg_id = world.next_id()
    status = world.pusher.knobs.template_status
    if status == "success":
        _show_notice(world, follower, template, values, body, via="template")
    rest: list[Node] = [("MsgID", msg_id), ("Status", status)]
    world.in_background(push_notice_result(world, follower.openid, "TEMPLATESENDJOBFINISH", rest))
    return {**OK, "msgid": msg_id}


async def subscribe_send(world: World, request: AnyRequest) -> dict[str, Any]:
    """POST message/subscribe/bizsend: one notice for each consent, 43101 when none is left."""
    body = await read_json(request)
    follower, template, values = _notice(world, body, strict=True)
    template_id = body["template_id"]
    if template is None or not template.long_term:
        if follower.consents[template_id] <= 0:
            raise PlatformError(43101)
        follower.consents[template_id] -= 1
        world.remember(follower)
    msg_id = world.next_id()
    _show_notice(world, follower, template, values, body, via="subscribe")
    entry: list[Node] = [
        ("TemplateId", template_id),
        ("MsgID", str(msg_id)),
        ("ErrorCode", 0),
        ("ErrorStatus", "success"),
    ]
    rest: list[Node] = [("SubscribeMsgSentEvent", [("List", entry)])]
    world.in_background(
        push_notice_result(world, follower.openid, "subscribe_msg_sent_event", rest)
    )
    return {**OK, "msgid": msg_id}


def _notice(
    world: World, body: dict[str, Any], *, strict: bool
) -> tuple[Follower, NoticeTemplate | None, dict[str, str]]:
    follower = world.followers.reachable(string_in(body, "touser", code=40003))
    template = check_template(body.get("template_id"), world.config.templates)
    return follower, template, check_data(body.get("data"), template, strict=strict)


def _show_notice(
    world: World,
    follower: Follower,
    template: NoticeTemplate | None,
    values: dict[str, str],
    body: dict[str, Any],
    *,
    via: str,
) -> None:
    url = body.get("url") or body.get("page") or ""
    fields = {
        "text": shown(template.title if template else "", values),
        "template_id": body["template_id"],
        "url": url if isinstance(url, str) else "",
    }
    world.mailbox.put(follower.openid, via, fields, via=via, raw=body)


def _text(_world: World, content: dict[str, Any]) -> dict[str, Any]:
    text = string_in(content, "content", code=44004)
    if len(text.encode(errors="surrogatepass")) > TEXT_BYTES:
        raise PlatformError(45002)
    if not text.strip():
        raise PlatformError(44004)
    return {"text": text}


def _image(world: World, content: dict[str, Any]) -> dict[str, Any]:
    media_id = string_in(content, "media_id", code=40007)
    return {"media_id": world.media.get(media_id, "image").media_id}


def _news(_world: World, content: dict[str, Any]) -> dict[str, Any]:
    articles = content.get("articles")
    if not isinstance(articles, list) or not articles:
        raise PlatformError(47001)
    if len(articles) > MAX_ARTICLES:
        raise PlatformError(45008)
    article = articles[0]
    if not isinstance(article, dict):
        raise PlatformError(47001)
    title = string_in(article, "title")
    names = ("title", "description", "url", "picurl")
    parts = {name: article.get(name) or "" for name in names}
    if not all(isinstance(part, str) for part in parts.values()):
        raise PlatformError(47001)
    parts["pic_url"] = parts.pop("picurl")
    return {"text": title, "articles": [parts]}


def _msgmenu(_world: World, content: dict[str, Any]) -> dict[str, Any]:
    head, tail = content.get("head_content") or "", content.get("tail_content") or ""
    choices = content.get("list")
    if not isinstance(head, str) or not isinstance(tail, str):
        raise PlatformError(47001)
    if not isinstance(choices, list) or not 1 <= len(choices) <= MAX_CHOICES:
        raise PlatformError(47001)
    shown_choices = []
    for choice in choices:
        if not isinstance(choice, dict) or not isinstance(choice.get("id"), str | int):
            raise PlatformError(47001)
        shown_choices.append({"id": str(choice["id"]), "content": string_in(choice, "content")})
    text = "\n".join([head, *(choice["content"] for choice in shown_choices), tail]).strip()
    if len(text.encode(errors="surrogatepass")) > TEXT_BYTES:
        raise PlatformError(45002)
    return {"text": text, "head": head, "tail": tail, "choices": shown_choices}


_CUSTOM_READERS: dict[str, Callable[[World, dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "news": _news,
    "msgmenu": _msgmenu,
}

MESSAGE_ENDPOINTS = {
    "/cgi-bin/message/custom/send": Endpoint("POST", custom_send, quota="custom"),
    "/cgi-bin/message/custom/typing": Endpoint("POST", typing),
    "/cgi-bin/message/template/send": Endpoint("POST", template_send, quota="template"),
    "/cgi-bin/message/subscribe/bizsend": Endpoint("POST", subscribe_send, quota="subscribe"),
}
