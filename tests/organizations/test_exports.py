"""The file of everything: who may have it, what is in it, and what a dead worker leaves."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from organizations import scope, tasks
from organizations.actions import exports, jobs
from organizations.actions.exports import (
    ExportRunning,
    ask_export,
    expire_exports,
    tables,
    write_file,
)
from organizations.actions.files import folder_of
from organizations.actions.sweep import sweep_all
from organizations.calculations.jobs import MAX_ATTEMPTS, JobState
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, ExportRun, JobRun, Person
from organizations.registry import TableExport, table_exports
from tests.builders import make_department, make_person
from tests.cast import CANARY, Company
from tests.contracts.furnishing import PEOPLE, furnish

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.DATA_DIR = tmp_path


def asked(company: Company, *, now: datetime = NOW) -> ExportRun:
    return ask_export(
        organization_id=company.organization.pk, by=company.users[Role.ADMINISTRATOR], now=now
    )


def written(company: Company) -> ExportRun:
    run = asked(company)
    assert write_file(run=run, clock=lambda: NOW)
    run.refresh_from_db()
    return run


def archive(run: ExportRun, tmp_path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(tmp_path / run.file)


def read(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    text = archive.read(f"{name}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def files(company: Company) -> list[Path]:
    folder = folder_of(public_id=company.organization.public_id)
    return list(folder.iterdir()) if folder.exists() else []


# --- what is in it ------------------------------------------------------------------------------
def test_every_row_of_the_organization_is_in_it_and_none_of_the_twins(
    acme: Company, twin: Company, tmp_path: Path
) -> None:
    furnish(acme)
    furnish(twin, canary=CANARY)
    scope.enter(acme.organization.pk)
    opened = archive(run := written(acme), tmp_path)
    assert opened.testzip() is None
    assert {name.removesuffix(".csv") for name in opened.namelist()} == {
        "README.txt",
        *table_exports,
    }
    found = {table.name: read(opened, table.name) for table in tables()}
    # The entries of this very run's end came after the trail was read.
    assert len(found["audit_trail"]) == AuditEvent.objects.count() - 1
    assert len(found["people"]) == Person.objects.count() == PEOPLE + 1
    assert run.lines == sum(len(rows) for rows in found.values())
    assert found["adoption_group_weeks"]
    for name, rows in found.items():
        assert len(rows) == len(list(table_exports[name].rows())) or name == "audit_trail", name
    everything = b"".join(opened.read(name) for name in opened.namelist()).decode()
    assert CANARY not in everything
    assert "secret_hash" not in everything


def test_the_readme_explains_every_file_and_every_column(in_acme: Company, tmp_path: Path) -> None:
    opened = archive(written(in_acme), tmp_path)
    text = opened.read("README.txt").decode()
    for table in tables():
        header = opened.read(f"{table.name}.csv").decode("utf-8-sig").splitlines()[0]
        for column in next(csv.reader([header])):
            assert f"  {column}: {table.columns[column]}" in text, (table.name, column)
        assert table.about in text


def test_no_table_says_how_much_somebody_used(in_acme: Company, tmp_path: Path) -> None:
    furnish(in_acme)
    opened = archive(written(in_acme), tmp_path)
    weeks = read(opened, "adoption_group_weeks")
    assert {row["group"] for row in weeks} >= {"Acme"}
    small = [row for row in weeks if row["eligible"].isdigit() and 0 < int(row["eligible"]) < 5]
    assert small == []
    people = [table for table in tables() if "person" in table.columns]
    assert not any({"active", "interactions", "used"} & set(table.columns) for table in people)


def test_texts_that_look_like_formulas_are_escaped(in_acme: Company, tmp_path: Path) -> None:
    Person.objects.update(name='=HYPERLINK("https://evil.test")')
    make_department(path="@sum")
    opened = archive(written(in_acme), tmp_path)
    assert read(opened, "people")[0]["name"].startswith("'=")
    assert "'@sum" in {row["name"] for row in read(opened, "departments")}


def test_the_last_day_of_a_span_is_a_day_inside(in_acme: Company, tmp_path: Path) -> None:
    make_person(email="eva@acme.test", name="Eva", start=date(2026, 1, 5), end=date(2026, 3, 31))
    rows = read(archive(written(in_acme), tmp_path), "people_employment")
    assert {"person": "eva@acme.test", "from": "2026-01-05", "to": "2026-03-31"} in rows


# --- asking and fetching ------------------------------------------------------------------------
def test_an_administrator_asks_waits_and_fetches(acme: Company) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    page = client.post("/settings/export/")["Location"]
    assert "being written" in client.get(page).content.decode()
    assert client.get(f"{page}file/").status_code == 404
    with scope.organization(acme.organization.pk):
        run = ExportRun.objects.get()
    tasks.write_export(acme.organization.pk, run.pk)
    assert "is ready" in client.get(page).content.decode()
    answer = client.get(f"{page}file/")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).testzip() is None
    with scope.organization(acme.organization.pk):
        said = list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))
    assert said[-3:] == ["export.asked", "export.written", "export.fetched"]


def test_nobody_but_an_administrator_of_this_organization_fetches_it(
    acme: Company, twin: Company
) -> None:
    with scope.organization(twin.organization.pk):
        theirs = written(twin)
    address = f"/settings/export/{theirs.public_id}/file/"
    assert acme.client(Role.ADMINISTRATOR).get(address).status_code == 404
    assert twin.client(Role.PROGRAM_LEAD).get(address).status_code == 403
    answer = twin.client(Role.ADMINISTRATOR).get(address)
    assert answer.status_code == 200
    answer.close()


def test_a_user_has_one_running_file_at_a_time(in_acme: Company) -> None:
    run = asked(in_acme)
    with pytest.raises(ExportRunning):
        asked(in_acme)
    client = in_acme.client(Role.ADMINISTRATOR)
    assert client.post("/settings/export/").status_code == 429
    write_file(run=run, clock=lambda: NOW)
    asked(in_acme)


def test_a_file_is_gone_after_seven_days(in_acme: Company) -> None:
    run = written(in_acme)
    pk, week = in_acme.organization.pk, NOW + timedelta(days=7)
    assert expire_exports(organization_id=pk, now=week - timedelta(seconds=1)) == 0
    assert len(files(in_acme)) == 1
    with time_machine.travel(week):
        client = in_acme.client(Role.ADMINISTRATOR)
        assert client.get(f"/settings/export/{run.public_id}/file/").status_code == 404
    assert expire_exports(organization_id=pk, now=week) == 1
    assert files(in_acme) == []
    assert expire_exports(organization_id=pk, now=week) == 0


def test_a_file_is_deleted_before_its_time(in_acme: Company) -> None:
    run = written(in_acme)
    client = in_acme.client(Role.ADMINISTRATOR)
    client.post(f"/settings/export/{run.public_id}/delete/")
    assert files(in_acme) == []
    page = client.get(f"/settings/export/{run.public_id}/").content.decode()
    assert "This data file is deleted" in page


# --- workers ------------------------------------------------------------------------------------
def broken(*, after: int, fault: type[BaseException]) -> TableExport:
    """A table whose rows end in a fault."""

    def rows() -> Iterator[tuple[str]]:
        for _ in range(after):
            yield ("row",)
        raise fault

    return TableExport(name="broken", order=999, about="Breaks.", columns={"a": "b"}, rows=rows)


def test_what_a_killed_worker_left_is_taken_over(in_acme: Company, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    run = asked(in_acme)
    monkeypatch.setitem(table_exports, "broken", broken(after=3, fault=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_file(run=run, clock=lambda: NOW)
    monkeypatch.delitem(table_exports, "broken")
    left = folder_of(public_id=in_acme.organization.public_id) / f"{run.pk}-left.zip"
    left.write_bytes(b"half")
    later = NOW + timedelta(minutes=5)
    assert not write_file(run=run, clock=lambda: NOW)
    assert sweep_all(now=later) >= 1
    assert write_file(run=run, clock=lambda: later)
    assert len(files(in_acme)) == 1
    assert not left.exists()


def test_a_late_worker_leaves_no_file_and_no_state(in_acme: Company, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    run = asked(in_acme)

    def slow() -> Iterator[tuple[str]]:
        yield ("row",)
        lease = jobs.claim(
            organization_id=run.organization_id,
            kind=exports.KIND,
            period=str(run.pk),
            now=NOW + timedelta(hours=1),
        )
        assert lease is not None

    table = TableExport(name="slow", order=999, about="Slow.", columns={"a": "b"}, rows=slow)
    monkeypatch.setitem(table_exports, "slow", table)
    assert not write_file(run=run, clock=lambda: NOW)
    run.refresh_from_db()
    assert run.state == "running"
    assert files(in_acme) == []


def test_a_long_table_keeps_its_lease(in_acme: Company, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    kept: list[datetime] = []
    monkeypatch.setattr(exports.jobs, "keep", lambda *, lease, now: kept.append(now))
    rows = [("row",)] * (2 * exports.ROWS_BETWEEN_SIGNS)
    table = TableExport(name="long", order=1, about="", columns={"a": "b"}, rows=lambda: rows)
    monkeypatch.setattr(exports, "tables", lambda: [table])
    written(in_acme)
    assert len(kept) == 3


def test_after_five_tries_it_has_failed_and_may_be_asked_for_again(
    in_acme: Company, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(table_exports, "broken", broken(after=0, fault=OSError))
    run = asked(in_acme)
    for _ in range(MAX_ATTEMPTS):
        assert not write_file(run=run, clock=lambda: NOW)
    run.refresh_from_db()
    assert run.state == "failed"
    assert not JobRun.objects.filter(kind=exports.KIND).exists()
    assert AuditEvent.objects.latest("sequence").action == "export.failed"
    page = in_acme.client(Role.ADMINISTRATOR).get(f"/settings/export/{run.public_id}/")
    assert "could not be written" in page.content.decode()
    asked(in_acme)


def test_a_run_whose_job_died_unseen_is_buried_by_the_sweep(in_acme: Company) -> None:
    run = asked(in_acme)
    JobRun.objects.filter(kind=exports.KIND).update(state=JobState.DEAD)
    assert sweep_all(now=NOW + timedelta(minutes=2)) >= 1
    tasks.write_export(in_acme.organization.pk, run.pk)
    run.refresh_from_db()
    assert run.state == "failed"


def test_a_message_of_tomorrow_leaves_the_run_to_a_newer_worker(in_acme: Company) -> None:
    run = asked(in_acme)
    tasks.write_export(in_acme.organization.pk, run.pk, 2)
    tasks.dissolve_organization(in_acme.organization.pk, 2)
    run.refresh_from_db()
    assert run.state == "waiting"
