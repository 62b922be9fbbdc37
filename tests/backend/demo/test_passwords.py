"""Demo sign-ins follow from the home's secret and from nothing else."""

import re

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo.passwords import hashes_of, password_of, totp_secret_of
from grid.territory.passwords import HASHER

secrets = st.binary(min_size=16, max_size=64)


@given(secrets, st.text(min_size=1, max_size=20))
def test_a_password_is_typable_and_the_same_each_time(secret: bytes, employee_no: str) -> None:
    password = password_of(secret, employee_no)
    assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", password)
    assert password == password_of(secret, employee_no)
    assert password != password_of(secret, employee_no + "x")
    assert password != password_of(secret + b"x", employee_no)


@given(secrets)
def test_a_second_factor_is_a_secret_that_authenticators_take(secret: bytes) -> None:
    totp_secret = totp_secret_of(secret, "SC-D1")
    assert re.fullmatch(r"[A-Z2-7]{32}", totp_secret)
    assert re.fullmatch(r"[0-9]{6}", pyotp.TOTP(totp_secret).at(0))
    assert totp_secret != totp_secret_of(secret, "SC-D2")


def test_hashes_belong_to_their_people_and_keep_the_ordinary_cost() -> None:
    done: list[int] = []
    hashes = hashes_of(b"0123456789abcdef", ["A-1", "A-2", "A-3"], lambda: done.append(1))
    assert list(hashes) == ["A-1", "A-2", "A-3"]
    assert len(done) == 3
    for employee_no, encoded in hashes.items():
        assert HASHER.verify(encoded, password_of(b"0123456789abcdef", employee_no))
        assert not HASHER.check_needs_rehash(encoded)


def test_a_short_home_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        password_of(b"short", "A-1")
