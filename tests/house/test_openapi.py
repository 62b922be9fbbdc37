"""The staff API as it was promised. When a change is meant: `python -m tests.house.test_openapi`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.house.application import built_application, schema_of

SNAPSHOT = Path(__file__).with_name("openapi.json")


def current() -> str:
    with built_application() as app:
        return json.dumps(schema_of(app), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def promised() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return document


def test_the_api_is_the_one_that_was_promised() -> None:
    """A lost or renamed field breaks phones that are already in the villages."""
    assert json.loads(current()) == promised()


def test_every_operation_says_what_it_is_for() -> None:
    silent = [
        f"{method} {path}"
        for path, operations in promised()["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and not operation.get("description")
    ]
    assert silent == []


def test_every_text_number_and_list_that_comes_in_has_a_limit() -> None:
    """Limits on everything: what exceeds one is refused at the door, by name."""
    document = promised()
    unbounded = [
        f"{method} {path}: {place}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict)
        for place in unbounded_in(operation, document["components"]["schemas"])
        if not items_bounded_by_their_type(operation, place)
    ]
    assert unbounded == []


def items_bounded_by_their_type(operation: dict[str, Any], place: str) -> bool:
    """The framework's schema leaves the limits of a list's items out; msgspec's own has them."""
    found = re.fullmatch(r"body\.(\w+)\[\]", place)
    if found is None:
        return False
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    name = schema["$ref"].rsplit("/", 1)[-1]
    (kind,) = {one for one in structs() if one.__name__ == name}
    components = msgspec.json.schema_components([kind])[1]
    items = components[name]["properties"][found[1]]
    options = items.get("anyOf", [items])
    return all(
        LIMITS[one["items"]["type"]] & one["items"].keys() for one in options if "items" in one
    )


def structs(base: type[msgspec.Struct] = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    """Every Struct that the application has made."""
    for one in base.__subclasses__():
        yield one
        yield from structs(one)


LIMITS = {
    "string": {"enum", "const", "maxLength", "pattern", "format"},
    "array": {"maxItems"},
    "integer": {"enum", "const", "maximum", "exclusiveMaximum"},
    "number": {"maximum", "exclusiveMaximum"},
}


def unbounded_in(operation: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    """Places of an operation's body and parameters that bound neither length nor value.

    Parts of the path are left out: the server bounds the length of an address.
    """
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    places = walk("body", body.get("schema", {}), schemas, frozenset())
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "path":
            places += walk(parameter["name"], parameter["schema"], schemas, frozenset())
    return places


def walk(
    place: str,
    schema: dict[str, Any],
    schemas: dict[str, Any],
    around: frozenset[str],
) -> list[str]:
    """`around` holds the limits that the schema around a union states for its members."""
    if "$ref" in schema:
        return walk(place, schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas, around)
    stated = around | schema.keys()
    kind = schema.get("type", "")
    found = [place] if kind in LIMITS and not LIMITS[kind] & stated else []
    for key, inner in schema.get("properties", {}).items():
        found += walk(f"{place}.{key}", inner, schemas, frozenset())
    if isinstance(schema.get("items"), dict):
        found += walk(f"{place}[]", schema["items"], schemas, frozenset())
    for inner in schema.get("oneOf", []):
        found += walk(place, inner, schemas, frozenset(stated))
    return found


def test_the_walk_finds_what_has_no_limit() -> None:
    schemas = {
        "Inner": {
            "type": "object",
            "properties": {
                "free": {"type": "string"},
                "list": {"type": "array", "items": {"type": "integer"}},
                "held": {"maxLength": 3, "oneOf": [{"type": "string"}, {"type": "null"}]},
            },
        }
    }
    assert walk("body", {"$ref": "#/components/schemas/Inner"}, schemas, frozenset()) == [
        "body.free",
        "body.list",
        "body.list[]",
    ]


if __name__ == "__main__":
    SNAPSHOT.write_text(current(), encoding="utf-8")
