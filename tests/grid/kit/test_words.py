"""Small tools: refusals, pages, money in words, errors without values."""

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.kit.faults import fault_place, fault_words
from grid.kit.money import yuan
from grid.kit.pages import decode_cursor, encode_cursor, page_of
from grid.kit.refusals import Invalid, NotFound, Refusal


class MeterAlreadyRead(Refusal):
    """A refusal named for its fact."""


def test_a_refusal_is_named_for_its_fact() -> None:
    refusal = MeterAlreadyRead()
    assert (refusal.code, refusal.status) == ("meter_already_read", 409)
    assert refusal.detail == Refusal.title
    assert NotFound("没有这块电表", meter_no="1").facts == {"meter_no": "1"}


def test_invalid_names_its_field() -> None:
    refusal = Invalid("phone", "手机号应为 11 位", length=11)
    assert (refusal.status, refusal.code, refusal.field) == (400, "invalid", "phone")
    assert refusal.facts == {"field": "phone", "length": 11}


@given(st.tuples(st.integers(-(2**53), 2**53), st.text(max_size=50)))
def test_a_cursor_comes_back_as_it_went(values: tuple[int, str]) -> None:
    cursor = encode_cursor(*values)
    assert decode_cursor(cursor, tuple[int, str]) == values
    assert cursor.isascii()
    assert "=" not in cursor


@pytest.mark.parametrize("cursor", ["", "!", "WzFd", "网格", "bnVsbA", "W10", "e30", "A" * 10_000])
def test_a_cursor_that_is_not_ours_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode_cursor(cursor, tuple[int, str])
    assert caught.value.field == "cursor"


@given(st.text(max_size=80).filter(lambda text: not text.startswith("W")))
def test_no_text_from_outside_is_an_unexpected_error(cursor: str) -> None:
    """A cursor of ours is base64 of a list, which begins with W."""
    with pytest.raises(Invalid):
        decode_cursor(cursor, tuple[int, str])


@pytest.mark.parametrize(("rows", "shown", "more"), [(0, 0, False), (3, 3, False), (4, 3, True)])
def test_a_page_shows_its_limit_and_says_whether_there_is_more(
    rows: int, shown: int, more: bool
) -> None:
    page = page_of(list(range(rows)), 3, "next")
    assert len(page.items) == shown
    assert page.next == ("next" if more else None)


@pytest.mark.parametrize(
    ("amount_fen", "words"),
    [(0, "0.00"), (1, "0.01"), (100, "1.00"), (12345, "123.45"), (-1, "-0.01"), (-123, "-1.23")],
)
def test_fen_are_said_as_yuan(amount_fen: int, words: str) -> None:
    assert yuan(amount_fen) == words


@given(st.integers(-(10**15), 10**15))
def test_words_of_money_lose_no_fen(amount_fen: int) -> None:
    assert int(yuan(amount_fen).replace(".", "")) == amount_fen


def test_an_error_is_kept_without_the_values_of_its_row() -> None:
    error = asyncpg.UniqueViolationError('duplicate key value violates unique constraint "x"')
    error.detail = "Key (phone)=(13900000000) already exists."
    words = fault_words(error)
    assert words.startswith("UniqueViolationError: duplicate key")
    assert "139" not in words


def test_an_error_is_kept_short_and_storable() -> None:
    words = fault_words(ValueError("a\x00b" * 1000))
    assert 300 < len(words) <= 500
    assert "\x00" not in words


def test_an_error_says_where_it_arose() -> None:
    try:
        decode_cursor("!", tuple[int, str])
    except Invalid as error:
        place = fault_place(error)
    assert place.split(" < ")[0].startswith("pages.py:")
    assert "test_words.py:" in place
