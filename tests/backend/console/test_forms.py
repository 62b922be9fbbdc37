"""Forms into commands: bounded, and refused by the name that the page uses."""

import pytest

from backend.console.forms import command_of
from backend.console.pages import said
from grid.kit.refusals import Invalid
from grid.overviews.types import BoardFilter
from grid.work_orders.types import DoVerb

WORDS = {"version": "版本", "reason": "原因", "state": "状态"}


def test_fields_become_a_command() -> None:
    made = command_of(DoVerb, {"version": "3", "reason": "两行\n文字", "extra": "x"}, WORDS)
    assert (made.version, made.reason, made.staff_id) == (3, "两行\n文字", None)


def test_ticks_of_a_form_are_true() -> None:
    assert command_of(BoardFilter, {"mine": "1", "late": "true"}, WORDS).mine


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "version", "请填写版本"),
        ({"version": "x"}, "version", "版本的格式或长度不对"),
        ({"version": "1", "reason": "x" * 501}, "reason", "原因的格式或长度不对"),
        ({"version": "1", "reason": "a\x00b"}, "reason", "原因的格式或长度不对"),
        ({"version": "1", "staff_id": "me"}, "staff_id", "staff_id的格式或长度不对"),
    ],
)
def test_what_does_not_fit_is_named(fields: dict[str, str], field: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        command_of(DoVerb, fields, WORDS)
    assert (caught.value.field, caught.value.detail) == (field, words)


@pytest.mark.parametrize("mark", ["\u202e", "\u202d", "\u2066", "\u200f", "\u061c"])
def test_turned_writing_is_shown(mark: str) -> None:
    assert said(f"{mark}gnp.exe") == "\ufffdgnp.exe"
