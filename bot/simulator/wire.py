"""The XML that the platform writes: elements in the order of its documentation."""

import re
from collections.abc import Iterable

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

# A leaf, or an element with children; integers are written bare, strings as CDATA.
Node = tuple[str, "str | int | Bare | list[Node]"]


class Bare(str):
    """Text written without CDATA, as the platform does for numbers."""

    __slots__ = ()


def write(name: str, content: Iterable[Node]) -> str:
    """`<name>` around the children."""
    return f"<{name}>{''.join(_element(tag, value) for tag, value in content)}</{name}>"


def _element(tag: str, value: "str | int | Bare | list[Node]") -> str:
    if isinstance(value, list):
        return write(tag, value)
    if isinstance(value, int | Bare):
        return f"<{tag}>{value}</{tag}>"
    text = ILLEGAL.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{tag}><![CDATA[{text}]]></{tag}>"
