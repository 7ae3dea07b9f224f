"""A backup comes back whole in an empty installation, and says so where it does not."""

import json
import os
import subprocess
import sys
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.db import transaction

from lastmile.backups import DUMP, MANIFEST, BackupError, Manifest, restore, write
from lastmile.embedded import addresses
from lastmile.embedded.places import places
from lastmile.embedded.services import Services, sole_use
from organizations import scope
from organizations.actions import trail
from organizations.actions.erasure import erase_person
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind
from organizations.models import Organization
from tests.builders import imported, make_batch, make_initiative, make_person

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def organization(transactional_db: None) -> Organization:
    with transaction.atomic():
        made = Organization.objects.create(name="Zoë & Söhne", slug="zoe")
        with scope.organization(made.pk):
            for word in ("first", "second"):
                trail.record(
                    organization_id=made.pk,
                    actor=SYSTEM,
                    action=word,
                    object_kind="organization",
                    object_id=made.pk,
                    now=NOW,
                )
    return made


@pytest.fixture
def stored_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "body.bin").write_bytes(b"\x00\x01 as it came")
    monkeypatch.setattr(settings, "MEDIA_ROOT", folder)
    return folder / "2026" / "body.bin"


@pytest.fixture
def backup(organization: Organization, stored_file: Path, tmp_path: Path) -> Path:
    target = tmp_path / "lastmile.backup"
    write(target=target, now=NOW)
    return target


def restored(backup: Path, data: Path) -> subprocess.CompletedProcess[str]:
    """`manage.py restore` into the embedded services of another data folder."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "restore", str(backup)],
        env=environment | {"LASTMILE_DATA": str(data), "LASTMILE_DB_ROLE": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def manifest_of(backup: Path) -> Manifest:
    with zipfile.ZipFile(backup) as archive:
        return Manifest(**json.loads(archive.read(MANIFEST)))


@pytest.mark.services
def test_a_backup_comes_back_whole_in_an_empty_installation(
    backup: Path, stored_file: Path, data_folder: Path
) -> None:
    done = restored(backup, data_folder)
    assert done.returncode == 0, done.stderr
    assert "Restored and checked" in done.stdout
    assert (data_folder / "files" / "2026" / "body.bin").read_bytes() == stored_file.read_bytes()
    where = places(data_folder)
    with sole_use(where):
        services = Services(where, broker=False)
        services.start()
        try:
            found = facts_of(addresses(data_folder).database_url)
        finally:
            services.stop()
    assert found == ("Zoë & Söhne", ["first", "second", "installation.restored"], False)
    second = restored(backup, data_folder)
    assert second.returncode == 1
    assert "not empty" in second.stderr


@pytest.mark.services
def test_whoever_was_erased_after_a_backup_is_erased_again_by_its_restore(
    organization: Organization,
    stored_file: Path,
    tmp_path: Path,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "ERASURE_JOURNAL", tmp_path / "erasures.jsonl")
    backup = tmp_path / "lastmile.backup"
    with scope.organization(organization.pk):
        person = make_person(email="canary.bird@acme.test", name="Canary Bird")
        make_initiative()
        body = "initiative,subject,day\ncopilot,email:canary.bird@acme.test,2026-02-02\n"
        imported(make_batch(body, organization=organization, kind=BatchKind.USAGE, now=NOW))
        write(target=backup, now=NOW)
        erase_person(person=person, actor=SYSTEM, now=NOW)
    assert len((tmp_path / "erasures.jsonl").read_text().splitlines()) == 1
    done = restored(backup, data_folder)
    assert done.returncode == 0, done.stderr
    assert "canary" not in (done.stdout + done.stderr).casefold()
    where = places(data_folder)
    with sole_use(where):
        services = Services(where, broker=False)
        services.start()
        try:
            left = everything_in(addresses(data_folder).database_url)
        finally:
            services.stop()
    assert "Erased person" in left
    assert "canary" not in left.casefold()
    assert "canary" not in (data_folder / "erasures.jsonl").read_text()


@pytest.mark.services
def test_a_journal_that_is_named_and_missing_stops_the_restore(backup: Path) -> None:
    with pytest.raises(BackupError, match="is no file"):
        restore(source=backup, now=NOW, journal=backup.parent / "elsewhere.jsonl")


@pytest.mark.services
def test_a_damaged_journal_stops_the_restore(backup: Path) -> None:
    journal = backup.parent / "elsewhere.jsonl"
    journal.write_text('{"organization": 1}\n')
    with pytest.raises(BackupError, match="journal of erasures is damaged"):
        restore(source=backup, now=NOW, journal=journal)


def everything_in(url: str) -> str:
    """All rows of all tables as text; compressed bodies count as what they hold."""
    link = psycopg2.connect(url)
    try:
        with link.cursor() as cursor:
            cursor.execute(
                "SELECT oid::regclass::text FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            parts = []
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT t::text FROM {table} t")
                parts += [row for (row,) in cursor.fetchall()]
            cursor.execute("SELECT body FROM organizations_batchchunk")
            parts += [zlib.decompress(bytes(body)).decode() for (body,) in cursor.fetchall()]
    finally:
        link.close()
    return "\n".join(parts)


def facts_of(url: str) -> tuple[str, list[str], bool]:
    link = psycopg2.connect(url)
    try:
        with link.cursor() as cursor:
            cursor.execute("SELECT name FROM organizations_organization")
            (name,) = cursor.fetchone()
            cursor.execute("SELECT action FROM organizations_auditevent ORDER BY sequence")
            actions = [action for (action,) in cursor.fetchall()]
            cursor.execute(
                "SELECT has_table_privilege('lastmile_app', 'organizations_auditevent', 'UPDATE')"
            )
            (may_rewrite,) = cursor.fetchone()
    finally:
        link.close()
    return name, actions, may_rewrite


@pytest.mark.services
def test_a_backup_tells_what_it_holds(backup: Path, organization: Organization) -> None:
    manifest = manifest_of(backup)
    assert manifest.made_at == NOW.isoformat()
    assert manifest.rows["organizations_organization"] == 1
    assert manifest.rows["organizations_auditevent"] == 2
    assert [head[:2] for head in manifest.audit_heads] == [[organization.pk, 2]]
    assert set(manifest.sha256) == {DUMP, "files/2026/body.bin"}


@pytest.mark.services
def test_a_backup_is_for_its_owner_only_and_replaces_nothing(backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    with pytest.raises(BackupError, match="exists already"):
        write(target=backup, now=NOW)
    assert {path.name for path in backup.parent.iterdir()} == {backup.name, "files"}


@pytest.mark.services
def test_a_restore_over_data_is_refused(backup: Path, organization: Organization) -> None:
    with pytest.raises(BackupError, match="not empty"):
        restore(source=backup, now=NOW)
    assert Organization.objects.get().name == organization.name


@pytest.mark.services
def test_one_damaged_byte_is_found_before_anything_is_written(
    backup: Path, data_folder: Path
) -> None:
    content = bytearray(backup.read_bytes())
    content[len(content) // 3] ^= 1
    backup.write_bytes(content)
    done = restored(backup, data_folder)
    assert done.returncode == 1
    assert "is damaged in this backup. Nothing was changed." in done.stderr


@pytest.mark.services
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"migrations": ["organizations.9999_later"]}, "newer version"),
        ({"format": 2}, "format 2"),
        ({"rows": {}}, "differs from the backup's own account"),
        ({"sha256": {"../../escape": ""}}, "points out of the backup"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(
    backup: Path, data_folder: Path, changes: dict[str, object], says: str
) -> None:
    other = backup.with_suffix(".other")
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == MANIFEST:
                content = json.dumps(json.loads(content) | changes).encode()
            target.writestr(name, content)
    done = restored(other, data_folder)
    assert done.returncode == 1
    assert says in done.stderr


def test_a_file_that_is_no_backup_is_called_that(tmp_path: Path) -> None:
    stranger = tmp_path / "holiday.zip"
    with zipfile.ZipFile(stranger, "w") as archive:
        archive.writestr("photo.jpg", b"")
    with pytest.raises(BackupError, match="not a backup of Last Mile"):
        restore(source=stranger, now=NOW)
