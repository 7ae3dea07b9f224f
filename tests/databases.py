"""Test databases: one migrated template per state of the code, one quick copy per test process."""

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from lastmile.embedded.roles import APPLICATION_ROLE, may_become

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:6]
TEMPLATES = f"lmtpl_{CHECKOUT}_"
COPIES = f"lmtest_{CHECKOUT}_"
# What decides how a fresh database looks: tables, constraints, and rows made after migrating.
SHAPING = ("*/migrations/**/*.py", "*/models.py", "*/models/**/*.py", "*/querysets.py")


@contextmanager
def database_of_this_process(lock_folder: Path) -> Iterator[str]:
    """A private copy of the template for Django's connections; yields its URL for child processes.

    Inside, connections run in the application's role, as web and worker do, where it exists.
    """
    with template_lock(lock_folder):
        drop_abandoned_copies()
        template = migrated_template()
        name = f"{COPIES}{os.getpid()}"
        run_as_owner(f"DROP DATABASE IF EXISTS {name}")
        run_as_owner(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    use(name)
    role = open_for_tests()
    if role:
        options = connection.settings_dict.setdefault("OPTIONS", {})
        options["options"] = f"-c role={role}"
    connection.close()
    try:
        with environment(DATABASE_URL=url_of(name), LASTMILE_DB_ROLE=role):
            yield url_of(name)
    finally:
        connection.close()
        run_as_owner(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def template_lock(folder: Path) -> Iterator[None]:
    """Only one process of this checkout makes or copies the template at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "template.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def migrated_template() -> str:
    """The name of the template for the code as it is, made when missing; older ones are dropped."""
    name = TEMPLATES + fingerprint()
    existing = names_beginning(TEMPLATES)
    if name in existing:
        return name
    for other in existing:
        run_as_owner(f"DROP DATABASE IF EXISTS {other} WITH (FORCE)")
    # Under another name until complete, so that an interrupted run leaves nothing that looks whole.
    draft = f"{name}_new"
    run_as_owner(f"CREATE DATABASE {draft}")
    use(draft)
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()
    run_as_owner(f"ALTER DATABASE {draft} RENAME TO {name}")
    return name


def fingerprint() -> str:
    """Twelve digits that change with anything that shapes a fresh database."""
    digest = hashlib.sha256(" ".join(settings.INSTALLED_APPS).encode())
    digest.update((ROOT / "requirements" / "base.txt").read_bytes())
    for file in sorted({path for pattern in SHAPING for path in ROOT.glob(pattern)}):
        digest.update(file.relative_to(ROOT).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def open_for_tests() -> str:
    """Let the application's role empty tables between tests; its name, "" where there is none."""
    with connection.cursor() as cursor:
        if not may_become(cursor):
            return ""
        cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {APPLICATION_ROLE}")
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgtype & 32 <> 0"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    return APPLICATION_ROLE


def drop_abandoned_copies() -> None:
    """Copies carry the number of their process: those of dead ones are of no use to anybody."""
    for name in names_beginning(COPIES):
        process = int(name.removeprefix(COPIES))
        if not Path(f"/proc/{process}").exists() and sys.platform.startswith("linux"):
            run_as_owner(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def use(name: str) -> None:
    """Point Django's default connection at a database, for all threads."""
    connection.close()
    connection.settings_dict["NAME"] = name


def url_of(name: str) -> str:
    """The address of another database on the configured server.

    Written out, because urlunsplit() drops the // of schemes that it does not know.
    """
    parts = urlsplit(os.environ["DATABASE_URL"])
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


def run_as_owner(statement: str) -> None:
    with closing(psycopg2.connect(url_of("postgres"))) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            cursor.execute(statement)


def names_beginning(prefix: str) -> list[str]:
    with closing(psycopg2.connect(url_of("postgres"))) as link, link.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables for child processes, for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
