"""Servers that die, starters that die, files that lie: data stays, and nobody is left running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
from redis import Redis

from lastmile.embedded import addresses
from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.places import Places, places
from lastmile.embedded.services import Services

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import sys, time
from pathlib import Path
from lastmile.embedded.places import places
from lastmile.embedded.services import Services
services = Services(places(Path(sys.argv[1])))
services.start()
print(services.postgres.child.pid, services.valkey.child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def where(data_folder: Path) -> Places:
    return places(data_folder)


@pytest.fixture
def services(where: Places) -> Iterator[Services]:
    both = Services(where)
    both.start()
    yield both
    both.stop()


def ask(where: Places, question: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(where.database_url())) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall() if cursor.description else []


def servers_of(where: Places) -> list[psutil.Process]:
    """Living processes that work in this data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(
                where.data
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def pids(services: Services) -> tuple[int, int]:
    assert services.postgres
    assert services.postgres.child
    assert services.valkey
    assert services.valkey.child
    return services.postgres.child.pid, services.valkey.child.pid


def test_a_fresh_folder_gets_a_durable_utf8_database(services: Services) -> None:
    settings = ("data_checksums", "server_encoding", "listen_addresses", "TimeZone")
    found = [ask(services.where, f"SHOW {name}")[0][0] for name in settings]
    assert found == ["on", "UTF8", "", "UTC"]
    assert ask(services.where, "SELECT upper('é'), lower('Ü')") == [("É", "ü")]


def test_the_broker_keeps_nothing_on_disk(services: Services) -> None:
    with Redis.from_url(addresses(services.where.data).cache_url) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}


def test_only_the_owner_can_enter_the_folder_of_the_sockets(services: Services) -> None:
    assert services.where.run.stat().st_mode & 0o077 == 0


def test_killed_servers_come_back_with_their_data(services: Services) -> None:
    ask(services.where, "CREATE TABLE kept AS SELECT 41 + 1 AS answer")
    assert services.postgres
    assert services.valkey
    for server in (services.postgres, services.valkey):
        assert server.child
        os.kill(server.child.pid, signal.SIGKILL)
        server.child.wait()
    assert services.revive() == ["PostgreSQL", "Valkey"]
    assert ask(services.where, "SELECT answer FROM kept") == [(42,)]
    with Redis.from_url(addresses(services.where.data).cache_url) as client:
        assert client.ping()
    assert services.revive() == []


def test_a_stop_leaves_no_process_and_no_socket(services: Services) -> None:
    services.stop()
    assert servers_of(services.where) == []
    assert not services.where.broker_socket.exists()
    assert not (services.where.cluster / "postmaster.pid").exists()


def test_a_killed_starter_leaves_nobody_and_the_next_start_finds_the_data(where: Places) -> None:
    with start_elsewhere(where) as starter:
        ask(where, "CREATE TABLE kept AS SELECT 42 AS answer")
        left = servers_of(where)
        assert left
        starter.kill()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    again = Services(where)
    try:
        again.start()
        assert ask(where, "SELECT answer FROM kept") == [(42,)]
    finally:
        again.stop()


def start_elsewhere(where: Places) -> subprocess.Popen[str]:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(where.data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout
    starter.stdout.readline()
    return starter


def test_servers_that_outlived_their_starter_are_ended_before_new_ones_start(
    services: Services,
) -> None:
    """As after a kill on macOS, where no signal reaches the children of the dead."""
    old = pids(services)
    again = Services(services.where)
    try:
        again.start()
        assert services.postgres
        assert services.postgres.child
        assert services.postgres.child.wait(10) is not None
        assert not set(old) & set(pids(again))
        assert ask(services.where, "SELECT 1") == [(1,)]
    finally:
        again.stop()


def test_lock_files_that_name_a_living_stranger_do_not_stop_the_start(services: Services) -> None:
    """After a power cut the noted number may belong to any program."""
    where = services.where
    services.stop()
    stale = f"{os.getpid()}\n{where.cluster}\n0\n5432\n{where.run}\n\n\nready   \n"
    where.run.mkdir(exist_ok=True)
    (where.cluster / "postmaster.pid").write_text(stale)
    where.postgres_lock.write_text(stale)
    services.start()
    assert ask(where, "SELECT 1") == [(1,)]


def test_a_first_start_cut_short_is_made_anew(where: Places) -> None:
    (where.data / "pg.new").mkdir()
    (where.data / "pg.new" / "PG_VERSION").write_text("18\n")
    one = Services(where, broker=False)
    try:
        one.start()
        assert ask(where, "SELECT 1") == [(1,)]
        assert not (where.data / "pg.new").exists()
    finally:
        one.stop()


def test_a_cluster_of_another_version_is_left_untouched(where: Places) -> None:
    where.cluster.mkdir()
    (where.cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="written by PostgreSQL 16"):
        Services(where, broker=False).start()
    assert [file.name for file in where.cluster.iterdir()] == ["PG_VERSION"]
