"""One file that holds an installation: database, files, and what proves that both came back whole.

Row counts per table, heads of the audit chains and SHA-256 of every part, all taken from one
snapshot. A restore goes into an empty database only and checks each of them.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg2.extensions import make_dsn

from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.postgres import binaries
from lastmile.embedded.roles import grant_on_later_tables, make_role
from organizations import scope
from organizations.actions import trail
from organizations.actions.erasure import replay
from organizations.actions.journal import Entry, read_journal
from organizations.calculations.actor import SYSTEM
from organizations.models import AuditHead, Organization

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
FILES = "files/"
CHUNK_BYTES = 1024 * 1024


class BackupError(Exception):
    """The backup cannot be made or restored; the message says why and what is untouched."""


@dataclass(frozen=True)
class Manifest:
    """What a backup claims to hold."""

    format: int
    made_at: str
    postgresql: int
    migrations: list[str]
    rows: dict[str, int]
    audit_heads: list[list[Any]]
    sha256: dict[str, str]


# --- writing ----------------------------------------------------------------------------------
def write(*, target: Path, now: datetime) -> Manifest:
    """Write a backup of the connected database and the stored files; the site may keep running.

    Raises BackupError when the file exists already or pg_dump fails; nothing half-written stays.
    """
    if target.exists():
        raise BackupError(f"{target} exists already. Choose another name.")
    draft = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".lastmile-") as folder:
            manifest = _collect(draft, dump=Path(folder) / DUMP, now=now)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _collect(draft: Path, *, dump: Path, now: datetime) -> Manifest:
    rows, heads, migrations = _dump_snapshot(dump)
    parts = {DUMP: dump} | {
        FILES + path.relative_to(settings.MEDIA_ROOT).as_posix(): path for path in _stored_files()
    }
    sums: dict[str, str] = {}
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, path in parts.items():
                with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as place:
                    sums[name] = _copy(source, place)
            manifest = Manifest(
                format=FORMAT,
                made_at=now.isoformat(),
                postgresql=_server_major(),
                migrations=migrations,
                rows=rows,
                audit_heads=heads,
                sha256=sums,
            )
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _dump_snapshot(dump: Path) -> tuple[dict[str, int], list[list[Any]], list[str]]:
    """Dump and count inside one snapshot, so that both tell of the same instant."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        rows, heads, migrations = _row_counts(), _audit_heads(), _applied()
        _run("pg_dump", "-Fc", "--no-owner", f"--snapshot={snapshot}", "-f", str(dump))
    return rows, heads, migrations


def _stored_files() -> list[Path]:
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


# --- restoring --------------------------------------------------------------------------------
def restore(*, source: Path, now: datetime, journal: Path | None = None) -> Manifest:
    """Restore a backup into an empty database, prove it whole, end all sessions and record it.

    Whoever was erased since the backup was taken is erased again: the journals are those of this
    installation, the one beside the backup, and `journal`. Raises BackupError; before anything is
    written when the file is damaged or too new, or the database is not empty.
    """
    erasures = _read_journals(source, journal)
    with zipfile.ZipFile(source) as archive, tempfile.TemporaryDirectory() as name:
        manifest = _read_manifest(archive)
        _check_target(manifest)
        folder = Path(name)
        _unpack(archive, manifest, folder)
        _load(folder / DUMP)
        _verify(manifest)
        if (folder / FILES).is_dir():
            shutil.copytree(folder / FILES, settings.MEDIA_ROOT, dirs_exist_ok=True)
    with transaction.atomic():
        Session.objects.all().delete()
        for organization in Organization.objects.order_by("pk"):
            with scope.organization(organization.pk):
                trail.record(
                    organization_id=organization.pk,
                    actor=SYSTEM,
                    action="installation.restored",
                    object_kind="organization",
                    object_id=organization.public_id,
                    now=now,
                    changes={"backup_made_at": manifest.made_at},
                )
    replay(entries=erasures, now=now)
    return manifest


def _read_journals(source: Path, journal: Path | None) -> list[Entry]:
    """The erasures of all journals at hand. One that was named and is missing stops the restore."""
    if journal is not None and not journal.is_file():
        raise BackupError(f"{journal} is no file. Nothing was changed.")
    beside = source.parent / settings.ERASURE_JOURNAL.name
    places = [settings.ERASURE_JOURNAL, beside, *([journal] if journal else [])]
    try:
        found = [entry for path in places for entry in read_journal(path=path)]
    except (KeyError, TypeError, ValueError):
        raise BackupError("A journal of erasures is damaged. Nothing was changed.") from None
    return list({(entry.organization, entry.person): entry for entry in found}.values())


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest(**json.loads(archive.read(MANIFEST)))
    except (KeyError, TypeError, ValueError):
        raise BackupError("This file is not a backup of Last Mile.") from None
    if manifest.format != FORMAT:
        raise BackupError(f"This backup has format {manifest.format}; known here is {FORMAT}.")
    return manifest


def _check_target(manifest: Manifest) -> None:
    if _row_counts():
        raise BackupError(
            "The database is not empty. A restore goes into an empty one only: set LASTMILE_DATA "
            "to a new folder, or DATABASE_URL to a new database. Nothing was changed."
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or {}}
    newer = sorted(set(manifest.migrations) - known)
    if newer:
        raise BackupError(
            f"This backup was written by a newer version ({newer[0]}). Nothing was changed."
        )


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    for name, expected in manifest.sha256.items():
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise BackupError(f"{name} points out of the backup. Nothing was changed.")
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(name) as part, place.open("wb") as file:
                found = _copy(part, file)
        except (KeyError, zipfile.BadZipFile):
            found = ""
        if found != expected:
            raise BackupError(f"{name} is damaged in this backup. Nothing was changed.")


def _load(dump: Path) -> None:
    with connection.cursor() as cursor:
        has_role = make_role(cursor)
    connection.close()
    # Default privileges name their owner, who may be another one here.
    contents = dump.with_suffix(".list")
    listed = _run("pg_restore", "--list", str(dump), connect=False).splitlines()
    contents.write_text("\n".join(line for line in listed if " DEFAULT ACL " not in line))
    options = [] if has_role else ["--no-privileges"]
    _run(
        *("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", *options),
        *(f"--use-list={contents}", str(dump)),
    )
    if has_role:
        with connection.cursor() as cursor:
            grant_on_later_tables(cursor)


def _verify(manifest: Manifest) -> None:
    found = _row_counts()
    differing = sorted(
        table
        for table in found.keys() | manifest.rows.keys()
        if found.get(table) != manifest.rows.get(table)
    )
    broken = [
        organization_id
        for organization_id, *_ in manifest.audit_heads
        if trail.verify(organization_id=organization_id) is not None
    ]
    if differing or broken or _audit_heads() != manifest.audit_heads:
        raise BackupError(
            "The restored database differs from the backup's own account of it "
            f"(tables {differing}, audit chains {broken}). Do not use it."
        )


# --- both -------------------------------------------------------------------------------------
def _row_counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - quoted by the server
            counts[table] = cursor.fetchone()[0]
    return counts


def _audit_heads() -> list[list[Any]]:
    heads = AuditHead.objects.order_by("pk").values_list("organization_id", "sequence", "hash")
    return [list(head) for head in heads]


def _applied() -> list[str]:
    recorded = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in recorded)


def _copy(source: IO[bytes], place: IO[bytes]) -> str:
    """Copy and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        place.write(chunk)
    return digest.hexdigest()


def _server_major() -> int:
    with connection.cursor():
        return int(connection.pg_version) // 10_000  # type: ignore[attr-defined]


def _run(name: str, *arguments: str, connect: bool = True) -> str:
    parameters = connection.get_connection_params()
    known = ("host", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey")
    address = make_dsn(**{key: parameters[key] for key in known if parameters.get(key)})
    environment = {**os.environ, "PGPASSWORD": str(parameters.get("password") or "")}
    command = [_program(name), *arguments, *(["--dbname", address] if connect else [])]
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{name}: {done.stderr.strip()}")
    return done.stdout


def _program(name: str) -> str:
    """The program of the server's own major version where there is one, else the next newer one."""
    server = _server_major()
    found = sorted((major, path) for path in _candidates(name) if (major := _major(path)) >= server)
    if not found:
        raise BackupError(f"{name} {server} or newer is needed on PATH for this server.")
    return found[0][1]


def _candidates(name: str) -> list[str]:
    on_path = shutil.which(name)
    try:
        bundled = [str(binaries() / name)]
    except EmbeddedError:
        bundled = []
    return [*bundled, *([on_path] if on_path else [])]


def _major(path: str) -> int:
    version = subprocess.run(  # noqa: S603
        [path, "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(version.split(")")[1].split(".")[0].strip() if ")" in version else 0)
