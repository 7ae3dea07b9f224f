"""People, initiatives and eligibility: as tables, as JSON, and as workbooks somebody else made."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date

import openpyxl

from tests.corpus.case import CSV, JSON, NDJSON, XLSX, Case, Refused, Rows, Taken, table

PEOPLE = "external_id,email,name,department,start,end,leave_from,leave_to,aliases"
ANA = "7,ana@acme.test,Ana Rivera,Finance,2026-01-05,,,,"
REGISTER = "key,name,stage,outcome,metric,baseline,target,target_date,monthly_budget,currency"
REFUNDS = (
    "refunds,Refunds,pilot,Answer a refund request in 8 hours instead of 26,"
    "Median hours,26,8,2027-03-31,12000,EUR"
)
RULES = "initiative,rule,value,from,to,seat"
EVERYBODY = "copilot,all,,2026-01-05,,"
MEGABYTE = 1024 * 1024
OTHERS = [{"email": "ana@acme.test", "name": "Ana"}, {"email": "eve@acme.test", "name": "Eve"}]


def _bad(door: str, header: str, good: str) -> Callable[..., Case]:
    """Cases of one door: a good row with one change is refused, the good row above it is taken."""

    def case(name: str, old: str, new: str, field: str, code: str) -> Case:
        assert old in good, name
        body = table(good, good.replace(old, new), header=header)
        answer = Rows(((3, field, code),), kept=1)
        return Case(name=f"{door}: {name}", door=door, media=CSV, body=body, answer=answer)

    return case


def _good(door: str, header: str, good: str) -> Callable[..., Case]:
    def case(name: str, old: str, new: str, *finds: str) -> Case:
        assert old in good, name
        body = table(good.replace(old, new), header=header)
        answer = Taken(finds=finds)
        return Case(name=f"{door}: {name}", door=door, media=CSV, body=body, answer=answer)

    return case


def _people(name: str, body: bytes, answer: Refused | Rows | Taken, media: str = CSV) -> Case:
    return Case(name=f"people: {name}", door="people", media=media, body=body, answer=answer)


_person, _person_taken = _bad("people", PEOPLE, ANA), _good("people", PEOPLE, ANA)
_entry, _entry_taken = (
    _bad("initiatives", REGISTER, REFUNDS),
    _good("initiatives", REGISTER, REFUNDS),
)
_rule, _rule_taken = _bad("eligibility", RULES, EVERYBODY), _good("eligibility", RULES, EVERYBODY)

PERSONS = [
    _person("no address", "ana@acme.test", "ana", "email", "bad_email"),
    _person("two @", "ana@acme.test", "a@b@acme.test", "email", "bad_email"),
    _person("nothing as address", "ana@acme.test", "", "email", "missing_field"),
    _person("nothing as name", "Ana Rivera", "", "name", "missing_field"),
    _person("a name turned round", "Ana", "\u202eAna", "name", "control_character"),
    _person("a name of 201 characters", "Ana Rivera", "x" * 201, "name", "too_long"),
    _person(
        "an empty department in a path", "Finance", "Finance / / Claims", "department", "bad_key"
    ),
    _person("a day before its month", "2026-01-05", "05/01/2026", "start", "bad_date"),
    _person("a spreadsheet's number of a day", "2026-01-05", "46027", "start", "bad_date"),
    _person(
        "it ends before it begins", "2026-01-05,", "2026-01-05,2025-12-31", "end", "bad_period"
    ),
    _person("a leave without first day", ",,,,", ",,,2026-05-01,", "leave_from", "missing_field"),
    _person("an alias of no kind", ",,,,", ",,,,bo", "aliases", "bad_alias"),
    _person("an alias that is a key", ",,,,", ",,,,apikey:x", "aliases", "bad_alias"),
    _person(
        "21 aliases",
        ",,,,",
        ",,,," + " ".join(f"uid:{n}" for n in range(21)),
        "aliases",
        "too_long",
    ),
    _person_taken("007 stays 007", "7,", "007,", "person:007"),
    _person_taken("a name like a formula", "Ana Rivera", "=cmd()", "person:7"),
    _person_taken("O'Hara & <b>", "Ana Rivera", "O'Hara & <b>", "person:7"),
    _person_taken("employed until year 9999", "2026-01-05,", "2026-01-05,9999-12-31", "person:7"),
    _person_taken(
        "employed until the day before", "2026-01-05,", "2026-01-05,9999-12-30", "person:7"
    ),
    _person_taken("employed since year 1", "2026-01-05", "0001-01-01", "person:7"),
    _person_taken("capitals of an address", "ana@acme.test", "ANA@Acme.Test", "ana@acme.test"),
    _people(
        "a required column is missing", b"email\nana@acme.test\n", Refused(400, "missing_column")
    ),
    _people("a column twice", b"email,name,job_role,job_title\n", Refused(400, "duplicate_column")),
    _people("a header and nothing else", table(header=PEOPLE), Taken(0)),
    _people("JSON rows", json.dumps(OTHERS).encode(), Taken(2), JSON),
    _people(
        "NaN as name",
        b'{"email":"ana@acme.test","name":NaN}',
        Rows(((1, "", "not_finite"),)),
        NDJSON,
    ),
    _people(
        "a number as name",
        b'{"email":"ana@acme.test","name":7}',
        Rows(((1, "name", "bad_type"),)),
        NDJSON,
    ),
    _people(
        "a key twice",
        b'{"email":"a@b.test","email":"c@d.test","name":"A"}',
        Rows(((1, "email", "duplicate_key"),)),
        NDJSON,
    ),
    _people(
        "an alias of two people",
        table(ANA + "login:x", ANA.replace("7,ana", "8,eve") + "login:x", header=PEOPLE),
        Rows(((2, "email", "conflicting_rows"), (3, "email", "conflicting_rows"))),
    ),
    Case(
        name="people: a preview perhaps",
        door="people",
        media=CSV,
        query="preview=maybe",
        body=table(ANA, header=PEOPLE),
        answer=Refused(400, "bad_envelope"),
    ),
    Case(
        name="people: a source in the address is not read",
        door="people",
        media=CSV,
        query="source=cursor",
        body=table(ANA, header=PEOPLE),
        answer=Taken(),
    ),
]

ENTRIES = [
    _entry("a key of capitals", "refunds,", "Refunds,", "key", "bad_key"),
    _entry("a key that is a page", "refunds,", "new,", "key", "bad_key"),
    _entry("a key that is a path", "refunds,", "../x,", "key", "bad_key"),
    _entry("a stage of our own", "pilot", "running", "stage", "unknown_word"),
    _entry(
        "an outcome that says nothing",
        "Answer a refund request in 8 hours instead of 26",
        "Use AI more",
        "outcome",
        "vague_outcome",
    ),
    _entry("a decimal comma", "12000", '"12.000,00"', "monthly_budget", "bad_type"),
    _entry("a tenth of a cent", "12000", "12000.005", "monthly_budget", "out_of_range"),
    _entry("money below 0", "12000", "-1", "monthly_budget", "negative"),
    _entry("a currency in small letters", "EUR", "eur", "currency", "bad_currency"),
    _entry("a day that is none", "2027-03-31", "2027-02-30", "target_date", "bad_date"),
    _entry_taken("capitals of a stage", "pilot", "PILOT", "initiative:refunds"),
    _entry_taken("a day in year 9999", "2027-03-31", "9999-12-31", "initiative:refunds"),
    _entry_taken("a baseline like a formula", ",26,", ",=26,", "initiative:refunds"),
    _rule("no such initiative", "copilot", "nowhere", "initiative", "unknown_initiative"),
    _rule("a rule of our own", ",all,", ",team,", "rule", "unknown_word"),
    _rule("everybody and a value", ",all,,", ",all,Finance,", "value", "bad_type"),
    _rule("no such department", ",all,,", ",department,Nowhere,", "value", "unknown_department"),
    _rule("nobody of this address", ",all,,", ",person,eve@acme.test,", "value", "unknown_person"),
    _rule("no first day", "2026-01-05", "", "from", "missing_field"),
    _rule("it ends before it begins", "2026-01-05,", "2026-01-05,2025-01-01", "to", "bad_period"),
    _rule("a seat perhaps", ",2026-01-05,,", ",2026-01-05,,yes", "seat", "bad_type"),
    _rule_taken("until year 9999", "2026-01-05,", "2026-01-05,9999-12-31"),
    _rule_taken("until the day before", "2026-01-05,", "2026-01-05,9999-12-30"),
    _rule_taken("since year 1", "2026-01-05", "0001-01-01"),
]


def book(*rows: list[object], sheets: int = 1) -> bytes:
    made = openpyxl.Workbook()
    for found in (["email", "name", "start"], *rows):
        made.active.append(found)
    for number in range(1, sheets):
        made.create_sheet(f"s{number}")
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def _with_part(name: str, text: bytes) -> Callable[[], bytes]:
    """A good workbook with one more part, or another one of that name."""

    def body() -> bytes:
        out = io.BytesIO()
        old = zipfile.ZipFile(io.BytesIO(book(PERSON)))
        with old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.namelist():
                if entry != name:
                    new.writestr(entry, old.read(entry))
            new.writestr(name, text)
        return out.getvalue()

    return body


def _many_parts() -> bytes:
    out = io.BytesIO(book(PERSON))
    with zipfile.ZipFile(out, "a") as more:
        for number in range(500):
            more.writestr(f"xl/media/{number}", b"")
    return out.getvalue()


def _in_the_corner() -> bytes:
    made = openpyxl.load_workbook(io.BytesIO(book(PERSON)))
    made.active["XFD1048576"] = "x"
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def _workbook(name: str, body: bytes | Callable[[], bytes], answer: Refused | Rows | Taken) -> Case:
    return Case(name=f"workbook: {name}", door="people", media=XLSX, body=body, answer=answer)


PERSON: list[object] = ["ana@acme.test", "Ana Rivera", date(2026, 1, 5)]
DAMAGED = Refused(422, "bad_workbook")
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
WORKBOOKS = [
    _workbook("people", lambda: book(PERSON), Taken(finds=("ana@acme.test",))),
    _workbook("nothing in it", b"", DAMAGED),
    _workbook("a table that says it is one", table(ANA, header=PEOPLE), DAMAGED),
    _workbook("cut short", lambda: book(PERSON)[:-200], DAMAGED),
    _workbook(
        "an old or encrypted one", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, DAMAGED
    ),
    _workbook("a zip of something else", _with_part("[Content_Types].xml", b"<x/>"), DAMAGED),
    _workbook("macros", _with_part("xl/vbaProject.bin", b"x"), DAMAGED),
    _workbook(
        "a link to another", _with_part("xl/externalLinks/externalLink1.xml", b"<x/>"), DAMAGED
    ),
    _workbook("a million laughs", _with_part("xl/sharedStrings.xml", LAUGHS), DAMAGED),
    _workbook("a file of this machine", _with_part("xl/workbook.xml", OUTSIDE), DAMAGED),
    _workbook("a bomb", _with_part("xl/media/a.bin", b"\0" * (3 * MEGABYTE)), DAMAGED),
    _workbook("501 parts", _many_parts, DAMAGED),
    _workbook("21 sheets", lambda: book(PERSON, sheets=21), DAMAGED),
    _workbook("a cell in the last corner", _in_the_corner, Refused(413, "too_many_rows")),
    _workbook(
        "a formula that failed",
        lambda: book(["#REF!", "Ana", None], PERSON),
        Rows(((2, "", "bad_type"),), kept=1),
    ),
    _workbook(
        "a formula",
        lambda: book(["=A1", "Ana", None], PERSON),
        Rows(((2, "email", "missing_field"),), kept=1),
    ),
    _workbook(
        "a number as day",
        lambda: book(["eve@acme.test", "Eve", 46027], PERSON),
        Rows(((2, "start", "bad_date"),), kept=1),
    ),
    _workbook(
        "a name turned round",
        lambda: book(["eve@acme.test", "\u202eEve", None], PERSON),
        Rows(((2, "name", "control_character"),), kept=1),
    ),
    _workbook(
        "a row far below",
        lambda: book(PERSON, [], [], ["ana", "Ana"]),
        Rows(((5, "email", "bad_email"),), kept=1),
    ),
]

CASES = [*PERSONS, *ENTRIES, *WORKBOOKS]
