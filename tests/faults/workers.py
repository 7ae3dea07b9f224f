"""Real workers for the fault tests: started, blocked at a known place, killed, waited for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from django.conf import settings
from redis import Redis

ROOT = Path(__file__).resolve().parents[2]
LOOK_SECONDS = 0.02
QUEUES = ("ingest", "compute")


def until(question: Callable[[], Any], *, seconds: float = 30) -> Any:
    """The first true answer. Fails when none has come in time."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"Nothing came of it in {seconds} s."
        time.sleep(LOOK_SECONDS)
    return answer


class Worker:
    """A Celery worker with its pool of processes, as `up` starts it."""

    def __init__(self, log: Path, *, processes: int, lease_seconds: int) -> None:
        self.log = log
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                [
                    *(sys.executable, "-W", "ignore", "-m", "celery", "-A", "lastmile.celery:app"),
                    *("-q", "worker", "-P", "prefork", "-c", str(processes)),
                    *("-Q", ",".join(QUEUES), "--without-gossip", "--without-mingle"),
                    *("--without-heartbeat", "--loglevel", "WARNING"),
                ],
                cwd=ROOT,
                env={**os.environ, "LASTMILE_LEASE_SECONDS": str(lease_seconds)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL for all of it at once: a power cut, as the database sees it."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(10)

    def kill_pool(self) -> None:
        """SIGKILL for the processes that do the work; their parent lives on (memory is out)."""
        for process in psutil.Process(self.child.pid).children():
            process.kill()

    def stop(self) -> None:
        if self.child.poll() is None:
            self.kill()


@contextmanager
def worker(folder: Path, *, processes: int = 1, lease_seconds: int = 1) -> Iterator[Worker]:
    """A worker on the database and the broker of this test process."""
    one = Worker(folder / "worker.log", processes=processes, lease_seconds=lease_seconds)
    try:
        yield one
    except BaseException:
        sys.stderr.write(one.log.read_text())
        raise
    finally:
        one.stop()


class Barrier:
    """Something a transaction of the worker must have, held by the test until it lets go."""

    def __init__(self, database_url: str, statement: str) -> None:
        # A transaction sees the activity of others as it was at its first look: hence two.
        self.holder, self.watcher = psycopg2.connect(database_url), psycopg2.connect(database_url)
        self.watcher.autocommit = True
        with self.holder.cursor() as cursor:
            cursor.execute(statement)

    def waiting(self) -> list[int]:
        """Process numbers of database sessions that wait for it."""
        with self.watcher.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND %s = ANY(pg_blocking_pids(pid))",
                [self.holder.info.backend_pid],
            )
            return [pid for (pid,) in cursor.fetchall()]

    def let_go(self) -> None:
        self.holder.close()
        self.watcher.close()


@contextmanager
def barrier(database_url: str, statement: str) -> Iterator[Barrier]:
    one = Barrier(database_url, statement)
    try:
        yield one
    finally:
        one.let_go()


def sessions(database_url: str) -> set[int]:
    """Process numbers of all sessions of this database but the asking one."""
    with closing(psycopg2.connect(database_url)) as link, link.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def broker() -> Redis:
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    return Redis.from_url(address.replace("virtual_host=", "db="))


def messages() -> tuple[int, int]:
    """Messages that wait for a worker, and those a worker has taken and not yet answered for."""
    with broker() as client:
        return sum(client.llen(queue) for queue in QUEUES), client.hlen("unacked")
