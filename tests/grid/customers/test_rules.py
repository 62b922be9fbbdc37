"""Masks, proofs, initials and search patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.customers.rules import (
    INITIALS_MAX,
    PROOF_MAX,
    like_pattern,
    masked_phone,
    pinyin_initials,
    proof_of,
    proofs_fit,
)


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("田文光", "twg"),
        ("覃章霞", "qzx"),
        ("单雄信", "sxx"),
        ("曾国藩", "zgf"),
        ("容美镇2组 小卖部", "rmz2zxmb"),
        ("ABC商店", "abcsd"),
        ("", ""),
    ],
)
def test_a_name_is_found_by_its_initials(name: str, initials: str) -> None:
    assert pinyin_initials(name) == initials


@given(st.text(max_size=200))
def test_initials_of_anything_fit_their_column(name: str) -> None:
    initials = pinyin_initials(name)
    assert len(initials) <= INITIALS_MAX
    assert "\x00" not in initials


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("13812345678", "138****5678"), ("0718-5288888", "071****8888"), ("5288888", "****")],
)
def test_a_masked_phone_cannot_be_called(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown
    assert masked_phone(None) is None


@pytest.mark.parametrize("typed", ["田文光", " 田 文光 ", "田文光\n", "田\u3000文光", "田文光\x00"])
def test_spaces_and_widths_do_not_spoil_a_proof(typed: str) -> None:
    assert proofs_fit([(typed, "田文光"), ("４２００a1", "4200A1")])


def test_every_proof_counts() -> None:
    assert not proofs_fit([("田文光", "田文光"), ("4200", "4201")])
    assert not proofs_fit([("田文", "田文光"), ("4200", "4200")])


@given(st.text(max_size=300))
def test_a_proof_can_always_be_asked_of_the_database(typed: str) -> None:
    proof = proof_of(typed)
    assert len(proof) <= PROOF_MAX
    assert proof.encode().decode() == proof
    assert "\x00" not in proof


def test_wildcards_are_letters_like_others() -> None:
    assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"
