"""The platform's XML, read strictly: flat fields, each once, and nothing else XML can do.

Attributes, document types, entities, processing instructions, foreign encodings and nesting are
how general readers are tricked; here each of them is a refusal.
"""

from collections.abc import Mapping
from xml.parsers import expat

#: Fields that have children; any other nested element is refused.
_NESTED = frozenset(
    {
        "SendLocationInfo",
        "SendPicsInfo",
        "ScanCodeInfo",
        "SubscribeMsgPopupEvent",
        "SubscribeMsgChangeEvent",
        "SubscribeMsgSentEvent",
    }
)
_MAX_FIELDS = 40
_MAX_DEPTH = 6
_MAX_ELEMENTS = 300


class Malformed(Exception):
    """The XML is not what the platform writes; the text names the rule and never the content."""


class _Reader:
    """Collects the fields of one document; every break of the shape raises Malformed."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._elements = 0

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            raise Malformed("encoding")

    def refuse(self, *_args: object) -> None:
        raise Malformed("document type, entity or instruction")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if attributes:
            raise Malformed("attribute")
        if len(self._path) >= _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise Malformed("too deep or too many")
        if not self._path and name != "xml":
            raise Malformed("root")
        if len(self._path) == 2 and self._path[1] not in _NESTED:
            raise Malformed("nested field")
        if len(self._path) == 1 and (name in self.fields or len(self.fields) >= _MAX_FIELDS):
            raise Malformed("field twice or too many fields")
        self._path.append(name)
        if len(self._path) == 2:
            self.fields[name] = ""
        self._text = []

    def end(self, _name: str) -> None:
        if len(self._path) == 2 and self._path[1] not in _NESTED:
            self.fields[self._path[1]] = "".join(self._text)
        elif len(self._path) == 3:
            self.fields.setdefault("/".join(self._path[1:]), "".join(self._text))
        self._path.pop()
        self._text = []

    def text(self, data: str) -> None:
        self._text.append(data)


def read_fields(xml: bytes) -> dict[str, str]:
    """The fields of an `<xml>` document; children are named `Parent/Child`. Raises Malformed."""
    try:
        text = xml.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    if "\x00" in text:
        raise Malformed("NUL")
    reader = _Reader()
    parser = expat.ParserCreate(encoding="utf-8")
    parser.buffer_text = True
    parser.XmlDeclHandler = reader.declaration
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ProcessingInstructionHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError:
        raise Malformed("not XML") from None
    return reader.fields
