"""Sheets of workbooks: read like a CSV file, within limits that the workbook cannot talk away."""

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import BatchChange, ImportBatch
from organizations.sources import workbook
from organizations.sources.directory import parse_people
from organizations.sources.reading import EnvelopeError, ReadError
from organizations.sources.records import Media
from organizations.sources.workbook import read_workbook

# A sheet knows no zones.
SHEET_TIME = datetime(2026, 11, 30, 8, 15)  # noqa: DTZ001 - what openpyxl answers
HEADER = ["email", "name", "department"]
ANA = ["ana@acme.test", "Ana Rivera", "Finance"]


def book(*rows: list[object], sheet: str = "Sheet", more: tuple[str, ...] = ()) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = sheet
    for row in rows:
        made.active.append(row)
    for name in more:
        made.create_sheet(name)
    return saved(made)


def saved(made: openpyxl.Workbook) -> bytes:
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def packed(body: bytes, extra: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The same workbook with more parts, or others of a name."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", method) as new:
        for entry in old.infolist():
            if entry.filename not in extra:
                new.writestr(entry.filename, old.read(entry.filename))
        for name, text in extra.items():
            new.writestr(name, text)
    return out.getvalue()


def read(body: bytes, sheet: str = "people"):
    return read_workbook([body], sheet=sheet)


def cells(body: bytes) -> list[tuple[int, object]]:
    return list(read(body).rows)


def refused(body: bytes) -> tuple[str, int]:
    with pytest.raises(EnvelopeError) as fault:
        cells(body)
    return fault.value.code, fault.value.status


def test_rows_keep_the_numbers_that_the_sheet_shows():
    table = read(book([], ["Email ", "NAME"], ["a@b.c", "A"], [], ["d@e.f", None]))

    assert table.header == ["email", "name"]
    assert list(table.rows) == [(3, ["a@b.c", "A"]), (4, None), (5, ["d@e.f", ""])]


def test_values_become_what_a_csv_file_would_hold():
    header = ["a", "b", "c", "d", "e", "f", "g"]
    row = [
        *(date(2026, 11, 30), SHEET_TIME, 1002.0, 0.1 + 0.2, True, "007"),
        12345678901,
    ]
    assert cells(book(header, row)) == [
        (2, ["2026-11-30", "2026-11-30T08:15:00", "1002", "0.3", "true", "007", "12345678901"])
    ]


def test_the_sheet_of_the_kinds_name_is_read_and_else_the_first():
    made = openpyxl.Workbook()
    made.active.append(["notes"])
    made.create_sheet("People").append(HEADER)
    made["People"].append(ANA)

    assert read(saved(made)).header == HEADER
    assert read(saved(made), sheet="eligibility").header == ["notes"]


def test_an_empty_sheet_holds_nothing():
    assert read(book()) is None


def test_a_failed_formula_and_a_surplus_cell_refuse_their_row_alone():
    found = cells(book(HEADER, ["#REF!", "A", ""], [*ANA, "more"], ANA))

    assert isinstance(found[0][1], ReadError)
    assert isinstance(found[1][1], ReadError)
    assert found[2] == (4, ANA)


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 not a zip", b"email,name\n", b"\xff" * 500])
def test_what_is_no_workbook_is_refused(body):
    assert refused(body) == ("bad_workbook", 422)


def test_an_encrypted_or_old_workbook_is_refused():
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600) == ("bad_workbook", 422)


@pytest.mark.parametrize(
    "part",
    ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml", "xl/externalLinks/externalLink1.xml"],
)
def test_macros_and_links_to_other_files_are_refused(part):
    assert refused(packed(book(HEADER, ANA), {part: b"<x/>"})) == ("bad_workbook", 422)


@pytest.mark.parametrize(
    "text",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" + b" " * (1024 * 1024 - 6) + b"<!docTYPE a></a>",
        "<a/>".encode("utf-16"),
        "<a/>".encode("utf-16-le"),
    ],
)
def test_a_document_type_is_found_wherever_it_stands(text):
    stored = packed(book(HEADER, ANA), {"xl/styles.xml": text}, zipfile.ZIP_STORED)
    assert refused(stored) == ("bad_workbook", 422)


def entries(body: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return len(archive.infolist())


def unpacked(body: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


@pytest.mark.parametrize(("more", "taken"), [(0, True), (-1, False), (1, True)])
def test_the_number_of_parts_is_limited(monkeypatch, more, taken):
    body = book(HEADER, ANA)
    monkeypatch.setattr(workbook, "MAX_ENTRIES", entries(body) + more)
    assert (read(body) is not None) if taken else refused(body) == ("bad_workbook", 422)


@pytest.mark.parametrize(("more", "taken"), [(0, True), (-1, False), (1, True)])
def test_the_unpacked_size_is_counted_and_not_believed(monkeypatch, more, taken):
    body = book(HEADER, ANA)
    monkeypatch.setattr(workbook, "MAX_UNPACKED", unpacked(body) + more)
    assert (read(body) is not None) if taken else refused(body) == ("bad_workbook", 422)


def test_what_is_packed_more_than_100_to_1_is_refused_above_a_megabyte():
    body = book(HEADER, ANA)
    assert read(packed(body, {"xl/media/a.bin": b"\0" * (1024 * 1024)})) is not None
    assert refused(packed(body, {"xl/media/a.bin": b"\0" * (1024 * 1024 + 1)})) == (
        "bad_workbook",
        422,
    )


@pytest.mark.parametrize(("sheets", "taken"), [(19, True), (20, True), (21, False)])
def test_twenty_sheets_are_read(sheets, taken):
    body = book(HEADER, ANA, more=tuple(f"s{n}" for n in range(sheets - 1)))
    assert (read(body) is not None) if taken else refused(body) == ("bad_workbook", 422)


@pytest.mark.parametrize(("more", "taken"), [(-1, False), (0, True), (1, True)])
def test_the_size_of_the_file_is_limited(monkeypatch, more, taken):
    body = book(HEADER, ANA)
    monkeypatch.setattr(workbook, "MAX_WORKBOOK_BYTES", len(body) + more)
    assert (read(body) is not None) if taken else refused(body) == ("body_too_large", 413)


@pytest.mark.parametrize(("rows", "taken"), [(2, True), (3, True), (4, False)])
def test_rows_below_the_header_are_limited(monkeypatch, rows, taken):
    monkeypatch.setattr(workbook, "MAX_SHEET_ROWS", 3)
    body = book(HEADER, *[ANA] * rows)
    if taken:
        assert len(cells(body)) == rows
    else:
        assert refused(body) == ("too_many_rows", 413)


@pytest.mark.parametrize(("columns", "taken"), [(199, True), (200, True), (201, False)])
def test_two_hundred_columns_are_read(columns, taken):
    body = book([f"c{n}" for n in range(columns)])
    assert (read(body) is not None) if taken else refused(body) == ("too_many_columns", 400)


@pytest.mark.parametrize("corner", ["A1048576", "XFD2", "XFD1048576"])
def test_a_cell_in_the_last_corner_is_refused_and_not_waited_for(corner):
    made = openpyxl.Workbook()
    made.active.append(HEADER)
    made.active[corner] = "x"

    code, _ = refused(saved(made))

    assert code in ("too_many_rows", "too_many_columns")


def test_people_of_a_sheet_are_read_with_their_line():
    [piece] = parse_people([book(HEADER, ANA, ["nonsense", "Bo", ""])], content_type=Media.XLSX)

    assert [(row.line, row.email) for row in piece.rows] == [(2, "ana@acme.test")]
    assert [(error.line, error.code) for error in piece.errors] == [(3, "bad_email")]


@pytest.mark.django_db
def test_a_workbook_can_be_uploaded(acme):
    lead = acme.client(Role.PROGRAM_LEAD)
    file = SimpleUploadedFile("people.xlsx", book(HEADER, ANA))

    answer = lead.post(reverse("people_import"), {"file": file})

    assert "This file adds 1 person" in lead.get(answer["Location"]).content.decode()


@pytest.mark.django_db
def test_a_workbook_can_be_posted_and_a_vendors_report_cannot_be_one(acme):
    api, body = acme.api(), book(HEADER, ANA)
    report = "/api/v1/usage?source=github_copilot&initiative=copilot"

    assert api.post("/api/v1/people", body, content_type=Media.XLSX).json()["accepted"] == 1
    assert api.post(report, body, content_type=Media.XLSX).status_code == 415


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("route", "header", "row"),
    [
        (
            "eligibility_import",
            ["initiative", "rule", "from"],
            ["copilot", "all", date(2026, 1, 1)],
        ),
        (
            "initiatives_import",
            ["key", "name", "stage", "outcome", "metric", "baseline", "target", "target_date"],
            [
                *("refunds", "Refunds", "pilot"),
                "Cut the time to answer a refund request from 26 hours to 8",
                *("Median hours", 26, 8, date(2027, 3, 31)),
            ],
        ),
    ],
)
def test_other_imports_take_workbooks_as_well(acme, route, header, row):
    lead = acme.client(Role.PROGRAM_LEAD)

    lead.post(reverse(route), {"file": SimpleUploadedFile("file.xlsx", book(header, row))})

    with scope.organization(acme.organization.pk):
        batch = ImportBatch.objects.get()
        assert (batch.state, batch.accepted) == ("done", 1), batch.problem


@pytest.mark.django_db
def test_a_workbook_with_macros_says_so_on_the_page(acme):
    lead = acme.client(Role.PROGRAM_LEAD)
    body = packed(book(HEADER, ANA), {"xl/vbaProject.bin": b"x"})

    answer = lead.post(
        reverse("people_import"), {"file": SimpleUploadedFile("people.xlsx", body)}, follow=True
    )

    assert "The workbook holds macros" in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not BatchChange.objects.exists()
