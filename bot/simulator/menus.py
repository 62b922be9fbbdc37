"""The rules of a custom menu."""

from typing import Any

from bot.simulator.errors import PlatformError

TOP_BUTTONS, SUB_BUTTONS = 3, 5
TOP_NAME_BYTES, SUB_NAME_BYTES = 16, 60
KEY_BYTES, URL_BYTES = 128, 1024
KEY_TYPES = frozenset(
    {
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)


def check_menu(menu: Any) -> list[dict[str, Any]]:
    """The buttons of a well-formed menu; PlatformError 47001, 40016 to 40020, 40023 otherwise."""
    if not isinstance(menu, dict):
        raise PlatformError(47001)
    buttons = menu.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= TOP_BUTTONS:
        raise PlatformError(40016)
    for button in buttons:
        _check_button(button, TOP_NAME_BYTES)
        children = button.get("sub_button")
        if children is None or children == []:
            _check_action(button)
            continue
        if not isinstance(children, list) or len(children) > SUB_BUTTONS:
            raise PlatformError(40023)
        for child in children:
            _check_button(child, SUB_NAME_BYTES)
            _check_action(child)
    return buttons


def _check_button(button: Any, name_bytes: int) -> None:
    if not isinstance(button, dict):
        raise PlatformError(47001)
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
        raise PlatformError(40018)


def _check_action(button: dict[str, Any]) -> None:
    kind = button.get("type")
    if kind in KEY_TYPES:
        _bounded(button.get("key"), KEY_BYTES, 40019)
    elif kind == "view":
        url = _bounded(button.get("url"), URL_BYTES, 40020)
        if not url.startswith(("http://", "https://")):
            raise PlatformError(40020)
    else:
        raise PlatformError(40017)


def _bounded(value: Any, limit_bytes: int, code: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= limit_bytes:
        raise PlatformError(code)
    return value
