"""The statements of a real request, told again by a bare handler with values of its own.

A recipe is learnt from two recorded requests: what is the same in both is kept; what differs and
was an input of the request takes the new request's input; any other id, moment, key or version
becomes a fresh one. So the bare handler runs the same statements, whatever they become.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from grid.kit.ids import new_id
from tests.support.statements import Statement

TRANSACTION_WORDS = {"BEGIN;": "begin", "COMMIT;": "commit"}

Inputs = Mapping[str, Any]


class Input(NamedTuple):
    """An argument that is (`plus` more than) an input of the request."""

    name: str
    plus: int = 0


class Fresh(NamedTuple):
    """An argument made anew for each request; the same `number` means the same value in it."""

    kind: str
    number: int
    sample: Any


class Recipe(NamedTuple):
    """Statements with their arguments: constants, `Input`s and `Fresh` ones."""

    steps: list[tuple[str, list[Any]]]
    answer: bytes


def learn(
    first: Sequence[Statement], second: Sequence[Statement], inputs: tuple[Inputs, Inputs]
) -> list[tuple[str, list[Any]]]:
    """Compare two recorded requests of one kind; raises AssertionError when they differ in kind."""
    sqls = [[each.sql for each in said] for said in (first, second)]
    assert sqls[0] == sqls[1], f"one kind of request ran different statements: {sqls}"
    seen: dict[str, int] = {}
    steps = []
    for one, other in zip(first, second, strict=True):
        args = [_classify(a, b, inputs, seen) for a, b in zip(one.args, other.args, strict=True)]
        steps.append((one.sql, args))
    return _moments(steps)


def _classify(a: Any, b: Any, inputs: tuple[Inputs, Inputs], seen: dict[str, int]) -> Any:
    for name in inputs[0]:
        if type(a) is not type(inputs[0][name]):
            continue
        if a == inputs[0][name] and b == inputs[1][name]:
            return Input(name)
        if isinstance(a, int):
            plus = a - inputs[0][name]
            if 0 <= plus <= 1 and b - inputs[1][name] == plus:
                return Input(name, plus)
    if a == b:
        return a
    if isinstance(a, UUID | datetime) or (isinstance(a, str) and not a.startswith(("{", "["))):
        number = seen.setdefault(f"{type(a).__name__} {a}", len(seen))
        return Fresh(type(a).__name__, number, a)
    return a


def _moments(steps: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
    """Moments as distances from the newest one, which stands for the moment of the request."""
    samples = [arg.sample for _, args in steps for arg in args if isinstance(arg, Fresh)]
    newest = max((sample for sample in samples if isinstance(sample, datetime)), default=None)
    return [
        (
            sql,
            [
                Fresh(arg.kind, arg.number, arg.sample - newest)
                if isinstance(arg, Fresh) and isinstance(arg.sample, datetime)
                else arg
                for arg in args
            ],
        )
        for sql, args in steps
    ]


def fill(args: Sequence[Any], inputs: Inputs, made: dict[int, Any]) -> list[Any]:
    """The arguments of one statement of one request."""
    return [_value(arg, inputs, made) for arg in args]


def _value(arg: Any, inputs: Inputs, made: dict[int, Any]) -> Any:
    if isinstance(arg, Input):
        return inputs[arg.name] + arg.plus if arg.plus else inputs[arg.name]
    if not isinstance(arg, Fresh):
        return arg
    if arg.number not in made:
        made[arg.number] = _make(arg)
    return made[arg.number]


def _make(arg: Fresh) -> Any:
    if arg.kind == "UUID":
        return new_id()
    if isinstance(arg.sample, timedelta):
        return datetime.now(UTC) + arg.sample
    return secrets.token_hex(len(arg.sample) // 2 + 1)[: len(arg.sample)]
