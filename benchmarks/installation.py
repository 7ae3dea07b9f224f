"""An installation that is made for a run and gone after it: folder, database, broker, settings."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from lastmile.embedded import addresses, children
from lastmile.embedded.children import Child
from lastmile.embedded.places import places
from lastmile.embedded.services import Services, sole_use

ROOT = Path(__file__).resolve().parent.parent
LOG = "children.log"
LOG_LINES = 30


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where it is and how its programs are started. `owner_url` may do what the web may not."""

    data: Path
    owner_url: str
    environment: dict[str, str]

    def as_owner(self, statement: str, *, unchecked: bool = False) -> None:
        """Run a statement that the application's role may not run, committed at once.

        unchecked: without the foreign keys' checks row by row, where the owner may leave them out;
        for histories that are made up right.
        """
        _as_owner(self.owner_url, statement, unchecked=unchecked)

    @contextmanager
    def running(self, *arguments: str, pass_fds: Sequence[int] = ()) -> Iterator[Child]:
        """`python -m …` as a child of this installation, ended with the block."""
        child = children.spawn(
            [sys.executable, "-m", *arguments],
            env=self.environment,
            cwd=ROOT,
            pass_fds=pass_fds,
            output=self.data / LOG,
        )
        try:
            yield child
        except Exception:
            self._tell_log()
            raise
        finally:
            children.stop([child])

    def _tell_log(self) -> None:
        lines = (self.data / LOG).read_text(errors="replace").splitlines()
        print("Its programs said last:", *lines[-LOG_LINES:], sep="\n", file=sys.stderr)


@contextmanager
def installation() -> Iterator[Installation]:
    """A migrated installation with Django set up for it, in the role that web and worker run in.

    PostgreSQL and Redis are the given ones (DATABASE_URL, REDIS_URL), else embedded; the database
    is our own in either case.
    """
    folder = Path(tempfile.mkdtemp(prefix="lastmile-bench-"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        where = places(folder)
        stack.enter_context(sole_use(where))
        given, broker = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
        services = Services(where, database=not given, broker=not broker)
        stack.callback(services.stop)
        services.start()
        embedded = addresses(folder)
        url = stack.enter_context(_own_database(given)) if given else embedded.database_url
        os.environ |= {
            "DATABASE_URL": url,
            "REDIS_URL": broker or embedded.broker_url,
            "LASTMILE_DATA": str(folder),
            "DJANGO_SETTINGS_MODULE": "lastmile.settings",
        }
        stack.callback(_close)
        role = _set_up()
        yield Installation(
            data=folder,
            owner_url=url,
            environment={**os.environ, "LASTMILE_DB_ROLE": role},
        )


@contextmanager
def _own_database(given: str) -> Iterator[str]:
    """A database beside the given one; yields its URL."""
    name = f"lastmile_bench_{os.getpid()}"
    _as_owner(given, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(given)._replace(path=f"/{name}").geturl()
    finally:
        _as_owner(given, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _as_owner(url: str, statement: str, *, unchecked: bool = False) -> None:
    with closing(psycopg2.connect(url)) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            if unchecked:
                with suppress(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement)


def _set_up() -> str:
    """Migrate as the owner, go on in the lesser role where there is one; its name, or ""."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from lastmile.embedded.roles import APPLICATION_ROLE, may_become

    call_command("migrate", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        if not may_become(cursor):
            return ""
    connection.close()
    connection.settings_dict.setdefault("OPTIONS", {})["options"] = f"-c role={APPLICATION_ROLE}"
    return APPLICATION_ROLE


def _close() -> None:
    from django.db import connections

    connections.close_all()
