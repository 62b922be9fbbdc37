"""Forms and query strings into commands: bounded, one value per field, empty means not given."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from grid.kit.refusals import Invalid

#: The largest form, in bytes; the longest text that is stored has 500 characters.
FORM_BYTES_MAX = 20_000
_FIELDS_MAX = 80
_CACHE = "_console_fields"

T = TypeVar("T", bound=msgspec.Struct)


async def fields_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form, empty ones left out. Raises Invalid naming `body`."""
    kept: dict[str, str] | None = request.scope["state"].get(_CACHE)
    if kept is not None:
        return kept
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Invalid("body", "请用页面上的表单提交")
    body = await request.body()
    if len(body) > FORM_BYTES_MAX:
        raise Invalid("body", "填写的内容过长", longest_bytes=FORM_BYTES_MAX)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), encoding="utf-8", errors="strict", max_num_fields=_FIELDS_MAX
        )
    except ValueError as error:
        raise Invalid("body", "表单内容无法识别") from error
    fields = {name: value.replace("\r\n", "\n") for name, value in pairs if value.strip()}
    request.scope["state"][_CACHE] = fields
    return fields


def command_of(kind: type[T], fields: Mapping[str, str], words: Mapping[str, str]) -> T:
    """Build a command from the fields it has; `words` names fields as the page does.

    Raises Invalid naming the first field that does not fit.
    """
    known = {name: fields[name] for name in kind.__struct_fields__ if name in fields}
    try:
        return msgspec.convert(known, kind, strict=False)
    except msgspec.ValidationError as error:
        field = _field_of(str(error))
        shown = words.get(field, field)
        missing = field in kind.__struct_fields__ and field not in known
        raise Invalid(field, f"请填写{shown}" if missing else f"{shown}的格式或长度不对") from error


def _field_of(message: str) -> str:
    """msgspec says `… - at `$.name`` or `missing required field `name``."""
    if "missing required field" in message:
        return message.split("`")[1]
    return message.rsplit("$.", 1)[-1].rstrip("`") if "$." in message else "body"
