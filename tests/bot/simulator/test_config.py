"""The simulator starts only where it does no harm."""

from pathlib import Path

import msgspec
import pytest

from bot.simulator.__main__ import is_loopback, main
from bot.simulator.config import (
    FollowerSeed,
    SimulatorConfig,
    SimulatorRefused,
    check_config,
    load_config,
)
from tests.bot.simulator.account import CONFIG


@pytest.mark.parametrize("app_id", ["wx0123456789abcdef", "simwx0123456789", "WXSIM0123456789"])
def test_a_real_looking_app_id_is_refused(app_id: str) -> None:
    with pytest.raises(SimulatorRefused, match="real official account"):
        check_config(msgspec.structs.replace(CONFIG, app_id=app_id))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "/wechat", "http://127.0.0.1/x?y=1", ""])
def test_a_useless_callback_is_refused(url: str) -> None:
    with pytest.raises(SimulatorRefused, match="callback_url"):
        check_config(msgspec.structs.replace(CONFIG, callback_url=url))


def test_two_followers_with_one_openid_are_refused() -> None:
    twin = FollowerSeed(openid="oTWIN000", nickname="双胞")
    with pytest.raises(SimulatorRefused, match="same openid"):
        check_config(msgspec.structs.replace(CONFIG, followers=(twin, twin)))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"app_id": "wxsim", "surprise": 1}', "\x00", '{"app_id": 5}'],
)
def test_a_malformed_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(SimulatorRefused, match="malformed"):
        load_config(path)


def test_a_good_file_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(msgspec.json.encode(CONFIG))
    assert load_config(path) == CONFIG


def test_no_more_followers_than_the_bound() -> None:
    seeds = [{"openid": f"oMANY{number:06}", "nickname": "众"} for number in range(100_001)]
    text = msgspec.json.encode({**msgspec.to_builtins(CONFIG), "followers": seeds})
    with pytest.raises(msgspec.ValidationError, match="followers"):
        msgspec.json.decode(text, type=SimulatorConfig)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.cn", False),
    ],
)
def test_which_hosts_are_this_machine_only(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_command_refuses_to_be_reached_from_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(msgspec.json.encode(CONFIG))
    assert main([str(path), "--host", "0.0.0.0"]) == 2
    assert "not loopback" in capsys.readouterr().err


def test_the_command_names_a_missing_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert "cannot read" in capsys.readouterr().err
