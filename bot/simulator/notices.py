"""The rules of template and subscription notices: which fields, how long, what is removed."""

import re
from typing import Any

from bot.simulator.config import NoticeTemplate
from bot.simulator.errors import PlatformError

TEMPLATE_ID = re.compile(r"\A[A-Za-z0-9_-]{4,64}\Z")
MAX_FIELDS = 10
SHOWN_CHARACTERS = 20
# Since 2023-05-04 the platform leaves these two lines of a template message out.
REMOVED_KEYS = frozenset({"first", "remark"})
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]")
# Official parameter rules of category and subscription templates: (pattern of a whole value).
FIELD_RULES = {
    "thing": re.compile(r"[^\r\n]{1,20}"),
    "number": re.compile(r"-?[0-9.]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x21-\x7e]{1,32}"),
    "time": re.compile(r"[0-9年月日:：~ \-/.]{4,40}"),
    "date": re.compile(r"[0-9年月日:：~ \-/.]{4,40}"),
    "amount": re.compile(r"[¥￥$]?-?[0-9]{1,10}(\.[0-9]{1,2})?元?"),
    "phone_number": re.compile(r"[0-9+\- ]{1,17}"),
    "car_number": re.compile(r"[\w]{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "const": re.compile(r"[^\r\n]{1,20}"),
}
FIELD_KEY = re.compile(r"\A([a-z_]+?)[0-9]{1,3}\Z")


def check_template(
    template_id: Any, templates: tuple[NoticeTemplate, ...]
) -> NoticeTemplate | None:
    """The template; None when the account lists none and every id counts; PlatformError 40037."""
    if not isinstance(template_id, str) or not TEMPLATE_ID.match(template_id):
        raise PlatformError(40037)
    for template in templates:
        if template.template_id == template_id:
            return template
    if templates:
        raise PlatformError(40037)
    return None


def check_data(data: Any, template: NoticeTemplate | None, *, strict: bool) -> dict[str, str]:
    """Field values by key; PlatformError 47003 for a missing, empty or ill-formed field.

    `strict` is the subscription notice, where every key must be of a known kind (`thing1`); a
    template message may also carry the older free names, which are shown cut to 20 characters.
    """
    if not isinstance(data, dict) or not 1 <= len(data) <= MAX_FIELDS:
        raise PlatformError(47003, "data")
    if template is not None and set(data) - REMOVED_KEYS != set(template.fields):
        raise PlatformError(47003, "data does not match the template's fields")
    return {key: _value(key, entry, strict=strict) for key, entry in data.items()}


def _value(key: str, entry: Any, *, strict: bool) -> str:
    value = entry.get("value") if isinstance(entry, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise PlatformError(47003, f"data.{key}.value is empty")
    kind = FIELD_KEY.match(key)
    rule = FIELD_RULES.get(kind.group(1)) if kind else None
    if rule is not None:
        if not rule.fullmatch(value):
            raise PlatformError(47003, f"data.{key}.value invalid")
    elif strict:
        raise PlatformError(47003, f"data.{key} invalid")
    return value


def shown(title: str, values: dict[str, str]) -> str:
    """What the person sees of a template message: no first line, remark, emoji or line breaks."""
    lines = [title] if title else []
    for key, value in values.items():
        if key not in REMOVED_KEYS:
            flat = " ".join(EMOJI.sub("", value).split())
            lines.append(f"{key}: {flat[:SHOWN_CHARACTERS]}")
    return "\n".join(lines)
