"""The embedded services of one data folder, started and stopped in the right order."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lastmile.embedded.accounts import choose
from lastmile.embedded.errors import AlreadyRunningError
from lastmile.embedded.places import (
    DATABASE,
    Places,
    make_data_folder,
    make_run_folder,
    places,
)
from lastmile.embedded.postgres import Postgres, binaries
from lastmile.embedded.valkey import Valkey


def nothing() -> None:
    """A tick that never gives up."""


@contextmanager
def sole_use(where: Places) -> Iterator[Callable[[str], None]]:
    """Hold the lock of a data folder; yields a function that notes our address for others to read.

    The kernel frees the lock however we die. Raises AlreadyRunningError, naming pid and address.
    """
    make_data_folder(where.data)
    descriptor = os.open(where.supervisor_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        _note(descriptor, "")
        yield lambda url: _note(descriptor, url)
        _note(descriptor, "")
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
        address = f", {holder['url']}" if holder.get("url") else ""
        raise AlreadyRunningError(
            f"Already running on this data folder (pid {holder.get('pid', '?')}{address})."
        ) from None


def _note(descriptor: int, url: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)


@dataclass
class Services:
    """PostgreSQL, Valkey, both or neither, for one data folder whose lock we hold."""

    where: Places
    database: bool = True
    broker: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[str], None] = print
    postgres: Postgres | None = None
    valkey: Valkey | None = None

    def start(self, *, tick: Callable[[], None] = nothing) -> None:
        """Start what is wanted and make the application's database. Main thread only.

        Raises EmbeddedError with advice, or whatever `tick` raises; what had started keeps running
        until `stop`.
        """
        if not (self.database or self.broker):
            return
        # What the servers say before and beside their own logs; renewed at each start.
        self.where.server_output.unlink(missing_ok=True)
        account = choose(data=self.where.data, programs=binaries())
        make_run_folder(self.where.run, owners=frozenset({os.getuid(), account.uid}))
        account.own(self.where.run)
        if self.database:
            self.postgres = Postgres(self.where, account, self.settings, self.tell)
            self.postgres.start(tick=tick)
            create_database(self.where)
        if self.broker:
            self.valkey = Valkey(self.where, account)
            self.valkey.start(tick=tick)

    def revive(self, *, tick: Callable[[], None] = nothing) -> list[str]:
        """Start again what has fallen; the names of those that had."""
        fallen = []
        for name, server in (("PostgreSQL", self.postgres), ("Valkey", self.valkey)):
            if server and server.child and server.child.poll() is not None:
                fallen.append(name)
                server.start(tick=tick)
        return fallen

    def stop(self) -> None:
        """Valkey first, the database last."""
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()
        # Only when empty; the one in the shared temporary folder would stay there for ever.
        with suppress(OSError):
            self.where.run.rmdir()


def create_database(where: Places) -> None:
    """Make the application's database where it is missing."""
    import psycopg2

    connection = psycopg2.connect(where.database_url("postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()


@contextmanager
def database_at_hand(data: Path, *, embedded: bool) -> Iterator[None]:
    """The database answers inside: a running supervisor's, else one started for the while."""
    with ExitStack() as stack:
        if embedded:
            where = places(data)
            with suppress(AlreadyRunningError):
                stack.enter_context(sole_use(where))
                services = Services(where, broker=False)
                stack.callback(services.stop)
                services.start()
        yield
