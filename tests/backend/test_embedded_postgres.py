"""PostgreSQL on one machine: odd paths, both kinds of user, crashes, lies in pid files."""

import os
import shutil
import signal
from pathlib import Path

import asyncpg
import pytest

from backend.embedded import EmbeddedPostgres, HomeInUse
from backend.embedded.installation import Confinement, choose_confinement, store_of
from tests.support.launching import (
    HOLD_PORT,
    HOLD_POSTGRES,
    SLEEP,
    can_become_another_user,
    first_line,
    gone,
    launched,
    owner_of,
    wait_until,
)

NOBODY = 65534

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


async def _value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_data_and_address_stay_over_a_restart_in_an_awkward_path(tmp_path: Path) -> None:
    home = tmp_path / "容美 供电所 home"
    async with EmbeddedPostgres(home, durable=False) as first:
        url = first.owner_url
        await _value(url, "CREATE TABLE kept (n int)")
        await _value(url, "INSERT INTO kept VALUES (7)")
    async with EmbeddedPostgres(home, durable=False) as second:
        assert second.owner_url == url
        assert await _value(url, "SELECT n FROM kept") == 7


async def test_a_row_that_is_refused_does_not_stand_in_the_log(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        await _value(server.owner_url, "CREATE TABLE kept (name text UNIQUE, n int CHECK (n > 0))")
        await _value(server.owner_url, "INSERT INTO kept VALUES ('SomebodysName', 1)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await _value(server.owner_url, "INSERT INTO kept VALUES ('SomebodysName', 1)")
        with pytest.raises(asyncpg.CheckViolationError):
            await _value(server.owner_url, "INSERT INTO kept VALUES ('SomebodysName2', 0)")
        log = server.log_path.read_text()
    assert "kept_name_key" in log
    assert "SomebodysName" not in log


async def test_no_mode_of_a_directory_above_changes(tmp_path: Path) -> None:
    above, home = tmp_path / "private", tmp_path / "private" / "a" / "home"
    above.mkdir(mode=0o700)
    before = [path.stat().st_mode for path in (above, *tmp_path.parents, tmp_path)]
    async with EmbeddedPostgres(home, durable=False) as server:
        assert await _value(server.app_url, "SELECT 1") == 1
    assert [path.stat().st_mode for path in (above, *tmp_path.parents, tmp_path)] == before
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "postgres" / "state.json").stat().st_mode & 0o777 == 0o600


async def test_the_roles_are_apart(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        await _value(server.owner_url, "CREATE TABLE audit_entry (n int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _value(server.app_url, "SELECT n FROM audit_entry")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _value(server.app_url, "CREATE TABLE mine (n int)")
        superusers = "SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname LIKE 'wangge%'"
        assert await _value(server.app_url, superusers) == 0
        assert await _value(server.app_url, "SHOW timezone") == "UTC"
        assert await _value(server.app_url, "SHOW server_encoding") == "UTF8"
        wrong = server.app_url.replace(":", ":x", 2).replace("x//", "//")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await _value(wrong, "SELECT 1")


async def test_databases_are_copied_from_a_template(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        await server.create_database("pattern")
        await _value(server.url_of("pattern"), "CREATE TABLE shape (n int)")
        await server.create_database("copy_1", template="pattern")
        assert await _value(server.url_of("copy_1"), "SELECT count(*) FROM shape") == 0
        await server.drop_database("copy_1")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await _value(server.url_of("copy_1"), "SELECT 1")


async def test_a_second_start_on_one_home_is_refused_by_name(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with EmbeddedPostgres(home, durable=False) as server:
        with pytest.raises(HomeInUse, match=f"already in use by process {os.getpid()}"):
            await EmbeddedPostgres(home).__aenter__()
        assert await _value(server.app_url, "SELECT 1") == 1


async def test_kill_9_of_the_launcher_leaves_no_server_and_no_lost_row(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with launched(HOLD_POSTGRES, home) as launcher:
        pid, url = first_line(launcher)
        await _value(url, "CREATE TABLE kept AS SELECT 7 AS n")
    wait_until(lambda: gone(int(pid)), "PostgreSQL ends with its launcher")
    async with EmbeddedPostgres(home) as again:
        assert await _value(again.owner_url, "SELECT n FROM kept") == 7


async def test_kill_9_of_everything_and_start_again_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with launched(HOLD_POSTGRES, home) as launcher:
        pid, url = first_line(launcher)
        await _value(url, "CREATE TABLE kept AS SELECT 7 AS n")
        launcher.kill()
        os.kill(int(pid), signal.SIGKILL)
    async with EmbeddedPostgres(home) as again:
        assert await _value(again.owner_url, "SELECT n FROM kept") == 7


async def test_a_pid_file_that_names_a_stranger_is_not_believed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with EmbeddedPostgres(home, durable=False):
        pass
    with launched(SLEEP) as stranger:
        first_line(stranger)
        lie = f"{stranger.pid}\n{home}/postgres/data\n1\n1\n\n127.0.0.1\n  1  1\nready\n"
        (home / "postgres" / "data" / "postmaster.pid").write_text(lie)
        async with EmbeddedPostgres(home, durable=False) as server:
            assert await _value(server.app_url, "SELECT 1") == 1
        assert stranger.poll() is None


async def test_a_half_made_data_directory_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(home, durable=False) as server:
        assert await _value(server.app_url, "SELECT 1") == 1


async def test_a_taken_port_moves_the_address(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with EmbeddedPostgres(home, durable=False) as server:
        first = server.owner_url
    port = int(first.rsplit(":", 1)[1].split("/")[0])
    with launched(HOLD_PORT, str(port)) as holder:
        first_line(holder)
        async with EmbeddedPostgres(home, durable=False) as server:
            assert server.owner_url != first
            assert await _value(server.app_url, "SELECT 1") == 1


@pytest.mark.skipif(
    not can_become_another_user(), reason="needs root, and a checkout that other users can reach"
)
async def test_an_ordinary_user_needs_nothing_special(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # pytest keeps its directories closed to others, so this home lies beside them.
    place = Path("/tmp") / f"wangge-test-{os.getpid()}"
    place.mkdir(mode=0o700)
    os.chown(place, NOBODY, NOBODY)
    try:
        with launched(HOLD_POSTGRES, place / "普通 home", user=NOBODY) as launcher:
            pid, url = first_line(launcher)
            assert await _value(url, "SELECT 1") == 1
            assert owner_of(pid) == NOBODY
        wait_until(lambda: gone(int(pid)), "PostgreSQL ends with its launcher")
        # Root may continue a home that an ordinary user began.
        assert choose_confinement(place / "普通 home" / "postgres") is Confinement.OWNER
        async with EmbeddedPostgres(place / "普通 home", durable=False) as server:
            assert await _value(server.app_url, "SELECT 1") == 1
    finally:
        shutil.rmtree(place)


@as_root_only
async def test_root_without_user_namespaces_uses_a_system_user(tmp_path: Path) -> None:
    home = tmp_path / "closed" / "home"
    home.parent.mkdir(mode=0o700)
    store = store_of(home / "postgres")
    usual = os.umask(0o077)
    try:
        async with EmbeddedPostgres(
            home, durable=False, confinement=Confinement.SYSTEM_USER
        ) as server:
            assert await _value(server.app_url, "SELECT 1") == 1
            assert owner_of(server.child.pid) != 0
            pid = server.child.pid
        assert gone(pid)
        assert home.parent.stat().st_mode & 0o777 == 0o700
        # The next start finds the data there, whatever else would work now.
        assert choose_confinement(home / "postgres") is Confinement.SYSTEM_USER
    finally:
        os.umask(usual)
        shutil.rmtree(store)
