"""Numbers of the demo customers: unique, well-formed, with the published shares."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo.people import (
    PHONES_MAX,
    account_numbers,
    check_digit,
    customer_phones,
    initials,
    openid_of,
    phone,
)
from backend.demo.shares import shared_out
from grid.customers.types import CustomerTagWord
from grid.geography.types import PlaceClass
from tests.backend.demo.counties import station, whole


def test_numbers_have_their_form() -> None:
    for customer in station().customers:
        assert re.fullmatch(r"42[0-9]{8}", customer.account_no)
        assert customer.account_no[-1] == check_digit(customer.account_no[:-1])
        assert re.fullmatch(r"4228[0-9]{8}", customer.meter_no)
        assert re.fullmatch(r"199000[0-9]{5}", customer.phone)
        assert customer.openid is None or re.fullmatch(r"oDEMO[A-Za-z0-9]{23}", customer.openid)
        assert customer.meter_installed_on >= customer.opened_on


def test_an_openid_follows_from_the_account_alone() -> None:
    for customer in station().customers:
        assert customer.openid == openid_of(customer.account_no)


def test_the_check_digit_is_the_known_one() -> None:
    # 7992739871 with its check digit 3 is the textbook example of the Luhn formula.
    assert check_digit("7992739871") == "3"
    assert check_digit("0") == "0"


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(0, 8), st.integers(1, 9))
def test_the_check_digit_catches_every_single_wrong_digit(
    body: str, place: int, change: int
) -> None:
    wrong = body[:place] + str((int(body[place]) + change) % 10) + body[place + 1 :]
    assert check_digit(wrong) != check_digit(body)


def test_shares_come_out_as_published() -> None:
    customers = whole().customers
    tags = Counter(tag for customer in customers for tag in customer.tags)
    assert tags["important"] == round(72_175 * 0.002)
    assert tags["special_group"] == pytest.approx(72_175 * 0.03, rel=0.15)
    with_wechat = [customer for customer in customers if customer.openid is not None]
    assert len(with_wechat) == pytest.approx(72_175 / 2, rel=0.02)
    assert sum(customer.is_bound for customer in customers) == pytest.approx(
        0.4 * len(with_wechat), rel=0.05
    )
    assert all(customer.openid is not None for customer in customers if customer.is_bound)
    assert {customer.place_class for customer in customers} == set(PlaceClass)


def test_the_small_demo_has_somebody_of_every_kind() -> None:
    customers = station().customers
    assert {tag for customer in customers for tag in customer.tags} == set(CustomerTagWord)
    assert {customer.place_class for customer in customers} == set(PlaceClass)
    assert any(customer.is_bound for customer in customers)
    assert any(customer.openid and not customer.is_bound for customer in customers)
    assert any(not customer.is_fee_controlled for customer in customers)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("田文光", "twg"),
        ("覃秀兰", "qxl"),
        ("容美村卫生室", "rmcwss"),
        ("A座3号", "az3h"),
        ("", ""),
    ],
)
def test_names_have_their_pinyin_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_there_is_an_end_to_invented_numbers() -> None:
    dice = np.random.default_rng(1)
    with pytest.raises(ValueError, match="invented phones"):
        phone(PHONES_MAX)
    with pytest.raises(ValueError, match="phones for customers"):
        customer_phones(dice, PHONES_MAX)
    assert account_numbers(dice, 0) == []


@given(
    st.integers(0, 5_000),
    st.lists(st.floats(min_value=0.1, max_value=9), min_size=1, max_size=60),
    st.integers(0, 2),
)
def test_shares_sum_up_and_stay_within_one_of_exact(
    total: int, weights: list[float], at_least: int
) -> None:
    if total < at_least * len(weights):
        with pytest.raises(ValueError, match="cannot give"):
            shared_out(total, weights, at_least=at_least)
        return
    shares = shared_out(total, weights, at_least=at_least)
    rest = total - at_least * len(weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert share >= at_least
        assert abs(share - at_least - rest * weight / sum(weights)) < 1 + 1e-6
