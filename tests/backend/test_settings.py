"""Settings: what is wrong is refused by name, what is secret is never shown."""

from pathlib import Path

import pytest

from backend.keys import KeyRing, Secret, SecretRefused
from backend.settings import (
    DatabaseSettings,
    Settings,
    SettingsError,
    describe,
    load,
    load_database,
    settings,
)

KEY = "k" * 40
ENVIRON = {
    "WANGGE_DATABASE_URL": "postgresql://wangge_app:quiet-word@db.example/wangge",
    "WANGGE_REDIS_URL": "redis://:hidden-word@transport.example:6379/0",
    "WANGGE_BASE_URL": "https://wangge.example",
    "WANGGE_SESSION_KEYS": f"new:{KEY}n,old:{KEY}o",
    "WANGGE_COOKIE_KEYS": f"c:{KEY}",
    "WANGGE_WECHAT_APP_ID": "wx0123456789abcdef",
    "WANGGE_WECHAT_APP_SECRET": "s" * 32,
    "WANGGE_WECHAT_ORIGINAL_ID": "gh_0123456789ab",
    "WANGGE_WECHAT_TOKEN": "t" * 32,
    "WANGGE_WECHAT_ENCODING_AES_KEY": "a" * 43,
}
SECRET_WORDS = ("quiet-word", "hidden-word", KEY, "s" * 32, "t" * 32, "a" * 43)


def test_a_whole_environment_is_read() -> None:
    found = load(ENVIRON)
    assert found.base_url == "https://wangge.example"
    assert found.session_keys.signing.kid == "new"
    assert found.session_keys.find("old") is not None
    assert found.database_pool_max == 8
    assert found.wechat_allow_plain is False
    assert found.owner_database_url == found.database_url


def test_every_setting_can_be_given() -> None:
    optional = {
        "WANGGE_MIGRATION_DATABASE_URL": "postgresql://wangge_owner@db.example/wangge",
        "WANGGE_DATABASE_POOL_MAX": "20",
        "WANGGE_DEMO": "true",
        "WANGGE_HOME": "容美 home",
        "WANGGE_BLOB_DIR": "容美 home/blobs",
        "WANGGE_LOG_LEVEL": "debug",
        "WANGGE_WECHAT_TOKEN_PREVIOUS": "p" * 32,
        "WANGGE_WECHAT_ENCODING_AES_KEY_PREVIOUS": "p" * 43,
        "WANGGE_WECHAT_API_BASE_URL": "http://127.0.0.1:8801",
        "WANGGE_WECHAT_OAUTH_BASE_URL": "http://127.0.0.1:8801",
        "WANGGE_WECHAT_ALLOW_PLAIN": "true",
        "WANGGE_HEAD_END_READINGS_KEYS": f"r:{KEY}",
        "WANGGE_HEAD_END_EVENTS_KEYS": f"e:{KEY}",
        "WANGGE_HEAD_END_RESULTS_KEYS": f"s:{KEY}",
        "WANGGE_HEAD_END_BASE_URL": "http://127.0.0.1:8802",
        "WANGGE_HEAD_END_COMMANDS_KEY": "c" * 32,
        "WANGGE_PROVINCE_KEYS": f"p:{KEY}",
        "WANGGE_PROVINCE_BASE_URL": "http://127.0.0.1:8803",
        "WANGGE_METRICS_KEY": "m" * 32,
        "WANGGE_LOCATION_CONVERT": "false",
        "WANGGE_MAP_TILE_URL": "https://tiles.example/{z}/{x}/{y}.png",
        "WANGGE_FORWARDED_ALLOW_IPS": "10.0.0.1,10.0.0.2",
    }
    assert set(ENVIRON | optional) == {info.variable for info in describe(Settings)}
    found = load(ENVIRON | optional)
    for info in describe(Settings):
        assert info.field.required or getattr(found, info.name) != info.field.default


@pytest.mark.parametrize(
    "name", [info.variable for info in describe(Settings) if info.field.required]
)
def test_a_missing_setting_is_named(name: str) -> None:
    environ = {key: value for key, value in ENVIRON.items() if key != name}
    with pytest.raises(SettingsError, match=f"^{name}: is required"):
        load(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WANGGE_DATABASE_URL", "mysql://u:unseen@h/d"),
        ("WANGGE_DATABASE_URL", ""),
        ("WANGGE_MIGRATION_DATABASE_URL", "unseen"),
        ("WANGGE_DATABASE_POOL_MAX", "0"),
        ("WANGGE_DATABASE_POOL_MAX", "many"),
        ("WANGGE_DATABASE_POOL_MAX", "201"),
        ("WANGGE_REDIS_URL", "http://unseen"),
        ("WANGGE_BASE_URL", "ftp://unseen"),
        ("WANGGE_BASE_URL", "https://unseen.example/"),
        ("WANGGE_HOME", ""),
        ("WANGGE_DEMO", "perhaps"),
        ("WANGGE_LOG_LEVEL", "unseen"),
        ("WANGGE_SESSION_KEYS", "unseen"),
        ("WANGGE_SESSION_KEYS", f"a:{KEY},a:{KEY}"),
        ("WANGGE_SESSION_KEYS", "a:unseen"),
        ("WANGGE_SESSION_KEYS", ","),
        ("WANGGE_COOKIE_KEYS", f"a:{KEY}@not-an-address"),
        ("WANGGE_COOKIE_KEYS", ",".join(f"k{n}:{KEY}" for n in range(9))),
        ("WANGGE_WECHAT_APP_ID", "unseen"),
        ("WANGGE_WECHAT_APP_SECRET", "unseen"),
        ("WANGGE_WECHAT_ORIGINAL_ID", "unseen"),
        ("WANGGE_WECHAT_TOKEN", "unseen"),
        ("WANGGE_WECHAT_TOKEN", "unseen with spaces in it"),
        ("WANGGE_WECHAT_ENCODING_AES_KEY", "a" * 42),
        ("WANGGE_WECHAT_ENCODING_AES_KEY_PREVIOUS", "a" * 44),
        ("WANGGE_WECHAT_API_BASE_URL", "unseen"),
        ("WANGGE_HEAD_END_READINGS_KEYS", "unseen"),
        ("WANGGE_LOCATION_CONVERT", "sometimes"),
        ("WANGGE_METRICS_KEY", "unseen"),
        ("WANGGE_NO_SUCH_THING", "unseen"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: ") as refused:
        load(ENVIRON | {name: value})
    assert "unseen" not in str(refused.value)


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        load(ENVIRON | {"WANGGE_DEMO": "perhaps", "WANGGE_LOG_LEVEL": "loud", "WANGGE_X": "1"})
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        "WANGGE_X",
        "WANGGE_DEMO",
        "WANGGE_LOG_LEVEL",
    ]


def test_no_secret_is_shown() -> None:
    found = load(ENVIRON | {"WANGGE_HEAD_END_EVENTS_KEYS": f"h:{KEY}"})
    for shown in (repr(found), str(found), f"{found.database_url}", f"{found.session_keys!r}"):
        assert not [word for word in SECRET_WORDS if word in shown]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "设置 settings.toml"
    file.write_text(
        'base_url = "https://file.example"\ndatabase_pool_max = 3\ndemo = true\n', encoding="utf-8"
    )
    found = load(ENVIRON | {"WANGGE_CONFIG": str(file)})
    assert found.base_url == "https://wangge.example"
    assert found.database_pool_max == 3
    assert found.demo is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unseen = ", "is not valid TOML"),
        ("[table]\nunseen = 1\n", "WANGGE_TABLE: no such setting"),
        ("base_url = 7\n", "WANGGE_BASE_URL"),
        ("session_keys = 7\n", "WANGGE_SESSION_KEYS"),
        ('session_keys = ["unseen"]\n', "WANGGE_SESSION_KEYS"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    environ = {key: value for key, value in ENVIRON.items() if "BASE" not in key}
    environ.pop("WANGGE_SESSION_KEYS")
    with pytest.raises(SettingsError, match=words) as refused:
        load(environ | {"WANGGE_CONFIG": str(file)})
    assert "unseen" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WANGGE_CONFIG: cannot read"):
        load(ENVIRON | {"WANGGE_CONFIG": str(tmp_path / "none.toml")})


def test_database_commands_need_only_the_database() -> None:
    found = load_database({"WANGGE_DATABASE_URL": "postgresql://u:p@h/d", "HOME": "/"})
    assert type(found) is DatabaseSettings
    with pytest.raises(SettingsError, match="WANGGE_WECHAT_TOKEN"):
        load_database({"WANGGE_DATABASE_URL": "postgresql://u@h/d", "WANGGE_WECHAT_TOKEN": "x"})


def test_a_process_reads_its_settings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settings.cache_clear()
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    try:
        first = settings()
        monkeypatch.setenv("WANGGE_DEMO", "true")
        assert settings() is first
    finally:
        settings.cache_clear()


def test_a_key_bound_to_addresses_is_good_only_from_there() -> None:
    ring = KeyRing.parse(f"field:{KEY}@10.1.0.0/16+fd00::/8,free:{KEY}x")
    assert ring.recognise(KEY, "10.1.7.7") is not None
    assert ring.recognise(KEY, "fd00::1") is not None
    assert ring.recognise(KEY, "10.2.0.1") is None
    assert ring.recognise(KEY, "not an address") is None
    assert ring.recognise(KEY + "x", "203.0.113.9") is not None
    assert ring.recognise("", "10.1.7.7") is None


def test_an_empty_ring_signs_nothing_and_knows_nobody() -> None:
    ring = KeyRing()
    assert not ring
    assert ring.recognise(KEY, "10.0.0.1") is None
    with pytest.raises(LookupError):
        _ = ring.signing


@pytest.mark.parametrize("text", ["", "with space", "line\nbreak", "nul\0"])
def test_a_secret_is_plain_text(text: str) -> None:
    with pytest.raises(SecretRefused):
        Secret(text)


def test_a_secret_is_compared_and_never_pickled() -> None:
    assert Secret("word").matches("word")
    assert not Secret("word").matches("Wörd")
    assert Secret("word") == Secret("word")
    assert Secret("word") != "word"
    assert len({Secret("word"), Secret("word")}) == 1
    with pytest.raises(TypeError):
        Secret("word").__reduce__()
