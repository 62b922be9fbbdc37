"""The command line: what it understands, which installation it means, how it refuses."""

import os
import socket
from pathlib import Path

import pytest

from backend.cli import COMMANDS, command_named, main
from backend.commands.place import adopt_home, split_home
from backend.commands.words import CommandRefused
from backend.settings import CONFIG_VARIABLE
from tests.support.one_machine import ROOT, wangge


@pytest.fixture(autouse=True)
def no_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A directory without a home and an environment without settings."""
    for name in [name for name in os.environ if name.startswith("WANGGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(CONFIG_VARIABLE, "")
    monkeypatch.delenv(CONFIG_VARIABLE)
    monkeypatch.chdir(tmp_path)


def make_home(directory: Path, database_url: str = "postgresql://u:p@h/d") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "settings.toml"
    file.write_text(f'database_url = "{database_url}"\n', encoding="utf-8")
    return file


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[name].split()[0].capitalize() in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_is(name: str) -> None:
    assert (command_named(name).__doc__ or "").startswith(f"`wangge {name}")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"    {name} " not in shown] == []


@pytest.mark.parametrize("line", [[], ["dance"], ["up", "--port", "x"], ["clock"], ["backup"]])
def test_a_wrong_line_shows_the_usage(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 2
    assert "usage: wangge" in capsys.readouterr().err


def test_missing_settings_are_one_clear_refusal(tmp_path: Path) -> None:
    # In a process of its own: `migrate` on a database that is there would close this one's pool.
    refused = wangge("migrate", settings={"PYTHONPATH": str(ROOT)}, cwd=tmp_path)
    assert refused.returncode == 1
    assert "WANGGE_DATABASE_URL: is required" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "line", [["migrate"], ["backup", "copy"], ["restore", __file__], ["staff", "list"]]
)
def test_an_unreachable_database_is_one_clear_refusal(line: list[str]) -> None:
    url = "postgresql://u:not-shown@127.0.0.1:1/d"
    refused = wangge(*line, settings={"WANGGE_DATABASE_URL": url})
    assert refused.returncode == 1
    assert refused.stderr.startswith("wangge: cannot reach the database")
    assert "not-shown" not in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_time_moves_only_in_a_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/d")
    assert main(["clock", "advance", "60"]) == 1
    assert "only in a demo" in capsys.readouterr().err


def test_a_home_may_be_named_anywhere_on_the_line() -> None:
    assert split_home(["clock", "--home", "a b", "advance", "5"]) == (
        "a b",
        ["clock", "advance", "5"],
    )
    assert split_home(["backup", "f", "--home=容美"]) == ("容美", ["backup", "f"])
    assert split_home(["backup", "f"]) == (None, ["backup", "f"])


def test_a_named_home_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(CommandRefused, match="run `wangge up` there first"):
        adopt_home({}, str(tmp_path / "none"))
    file = make_home(tmp_path / "家 home")
    environ: dict[str, str] = {}
    adopt_home(environ, str(tmp_path / "家 home"))
    assert environ == {CONFIG_VARIABLE: str(file)}


def test_the_default_home_is_taken_when_nothing_else_is_named(tmp_path: Path) -> None:
    file = make_home(tmp_path / ".wangge")
    environ: dict[str, str] = {}
    adopt_home(environ, None)
    assert environ[CONFIG_VARIABLE] == str(file)


def test_a_database_of_the_environment_is_not_mixed_with_another_home(tmp_path: Path) -> None:
    file = make_home(tmp_path / ".wangge", "postgresql://u:p@127.0.0.1:1/home")
    other = {"WANGGE_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/production"}
    adopt_home(other, None)
    assert CONFIG_VARIABLE not in other
    same = {"WANGGE_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/home"}
    adopt_home(same, None)
    assert same[CONFIG_VARIABLE] == str(file)
    named = {CONFIG_VARIABLE: "elsewhere.toml"}
    adopt_home(named, None)
    assert named == {CONFIG_VARIABLE: "elsewhere.toml"}


@pytest.mark.parametrize(
    "options", [["--customers", "0"], ["--customers", "72176"], ["--web-processes", "65"]]
)
def test_up_has_limits(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", *options]) == 1
    assert "must be from 1 to" in capsys.readouterr().err
    assert not Path(".wangge").exists()


def test_up_does_not_take_a_port_that_somebody_holds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        refused = wangge("up", "--home", str(tmp_path / "home"), "--port", str(port))
    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr
