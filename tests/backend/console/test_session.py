"""The cookie and the proof of a form over a rotation of keys and behind https."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from litestar.testing import RequestFactory

from backend.console.session import (
    COOKIE,
    form_token,
    no_session_cookie,
    session_cookie,
    session_of,
)
from backend.settings import settings
from tests.support.serving import web_settings

OLD, NEW = "old.key:" + "a" * 40, "new:" + "b" * 40
SESSION = UUID("01a200a3-942b-741e-9be8-8d60232f860d")


class Keys:
    """The cookie keys that this process has for now."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def use(self, keys: str, base_url: str = "http://testserver") -> None:
        self._patch.setenv("WANGGE_COOKIE_KEYS", keys)
        self._patch.setenv("WANGGE_BASE_URL", base_url)
        settings.cache_clear()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    for name, value in web_settings("postgresql://x/y", "redis://x").items():
        monkeypatch.setenv(name, value)
    held = Keys(monkeypatch)
    held.use(OLD)
    yield held
    settings.cache_clear()


def read(value: str | None) -> UUID | None:
    request = RequestFactory().get("/console", headers={"Cookie": f"{COOKIE}={value}"})
    return session_of(request)


def test_an_old_key_verifies_until_it_is_taken_away(keys: Keys) -> None:
    cookie = session_cookie(SESSION).value
    assert read(cookie) == SESSION
    keys.use(f"{NEW},{OLD}")
    assert read(cookie) == SESSION
    fresh = session_cookie(SESSION).value
    assert fresh is not None
    assert fresh.startswith("new.")
    keys.use(NEW)
    assert read(cookie) is None
    assert read(fresh) == SESSION


def test_a_key_of_the_same_name_with_another_secret_verifies_nothing(keys: Keys) -> None:
    cookie = session_cookie(SESSION).value
    keys.use("old.key:" + "c" * 40)
    assert read(cookie) is None


def test_the_cookie_is_secure_behind_https_only(keys: Keys) -> None:
    assert not session_cookie(SESSION).secure
    keys.use(OLD, "https://wangge.example")
    for cookie in (session_cookie(SESSION), no_session_cookie()):
        assert (cookie.secure, cookie.httponly, cookie.samesite, cookie.path) == (
            True,
            True,
            "strict",
            "/console",
        )


def test_a_proof_of_one_purpose_is_no_cookie_and_none_of_another(keys: Keys) -> None:
    token = form_token(str(SESSION))
    assert token != form_token(str(UUID(int=1)))
    assert read(token) is None
    signature = token.rsplit(".", 1)[1]
    assert read(f"old.key.{SESSION.hex}.{signature}") is None
