"""Answers on the wire: nothing in a text becomes markup, nothing is cut inside a character."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.replies import TEXT_LIMIT_BYTES, cdata, clean, graphemes, split_text, text_reply
from bot.xml import read_fields

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇨🇳"


def reply(text: str) -> str:
    return text_reply(to_openid="oA", from_user="gh_x", text=text, created_at_s=1_700_000_000)


def test_library_defect_W3_a_text_with_a_cdata_end_stays_text() -> None:
    evil = "a]]><Evil>1</Evil><![CDATA[b"
    assert read_fields(reply(evil).encode())["Content"] == evil
    assert "<Evil>" not in reply("a]]><Evil>").replace("<![CDATA[><Evil>", "")


@given(st.text(max_size=200))
def test_any_text_comes_back_as_it_was_without_forbidden_characters(text: str) -> None:
    fields = read_fields(reply(text).encode())
    assert fields["Content"] == clean(text)
    assert fields["ToUserName"] == "oA"
    assert set(fields) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}


@given(st.text())
def test_a_cdata_section_has_one_meaning(text: str) -> None:
    assert read_fields(f"<xml><a>{cdata(text)}</a></xml>".encode())["a"] == clean(text)


def test_forbidden_characters_are_stripped() -> None:
    assert clean("a\x00b\x08c\x0b\x1f\x7fd\ufffe\ud800e\n\tf") == "abcde\n\tf"


@given(st.text(alphabet="网格a\u0301👨🇨\u200d🏽\n", max_size=2000))
def test_pieces_fit_and_lose_nothing(text: str) -> None:
    pieces = list(split_text(text, limit_bytes=200))
    assert all(0 < len(piece.encode()) <= 200 for piece in pieces)
    if all(len(cluster.encode()) <= 200 for cluster in graphemes(text)):
        assert "".join(pieces) == text


@given(st.text(alphabet="网格a\u0301🏽\u200d👨", min_size=1, max_size=600))
def test_no_piece_begins_with_a_mark(text: str) -> None:
    for piece in list(split_text(text, limit_bytes=100))[1:]:
        assert unicodedata.category(piece[0]) not in ("Mn", "Me", "Mc")
        assert piece[0] not in "\u200d🏽"


def test_joined_emoji_and_flags_stay_whole() -> None:
    assert list(graphemes(f"a{FAMILY}{FLAG}{FLAG}é")) == ["a", FAMILY, FLAG, FLAG, "é"]
    text = "网" * 681 + FAMILY
    assert list(split_text(text)) == ["网" * 681, FAMILY]


def test_a_passive_reply_never_exceeds_the_platform() -> None:
    content = read_fields(reply("网" * 5000).encode())["Content"]
    assert len(content.encode()) <= TEXT_LIMIT_BYTES
    assert content == "网" * 682
