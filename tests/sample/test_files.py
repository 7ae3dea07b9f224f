"""The files are those that the documented formats promise, and always the same."""

import csv
import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pytest

from lastmile.sample.fabrikam import FABRIKAM
from lastmile.sample.northwind import NORTHWIND
from lastmile.sample.plan import Plan
from lastmile.sample.writing import Kind, write
from tests.sample.reading import Reading

TODAY = date(2026, 11, 25)
COLUMNS = {
    "people": (
        "external_id email name department job_role start end leave_from leave_to aliases as_of"
    ),
    "initiatives": (
        "key name stage owner_email sponsor_email champion_email department outcome metric "
        "baseline target target_date monthly_budget currency fte promised_hours_per_year origin "
        "started_on"
    ),
    "eligibility": "initiative rule value from to seat",
    "usage": "initiative subject day surface interactions accepted",
}
REQUIRED = {
    "people": "email name",
    "initiatives": "key name stage outcome metric baseline target target_date",
    "eligibility": "initiative rule from",
    "usage": "initiative subject day surface interactions",
}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def header_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


@pytest.mark.parametrize("plan", [NORTHWIND, FABRIKAM], ids=lambda plan: plan.slug)
def test_the_same_day_gives_the_same_bytes(plan: Plan, sample_folder: Path, tmp_path: Path) -> None:
    write(plan=plan, today=TODAY, folder=tmp_path)

    assert digests(tmp_path) == digests(sample_folder / plan.slug)


def test_another_day_gives_other_days(tmp_path: Path, sample_folder: Path) -> None:
    write(plan=FABRIKAM, today=date(2026, 12, 2), folder=tmp_path)

    assert digests(tmp_path) != digests(sample_folder / FABRIKAM.slug)


@pytest.mark.parametrize("plan", [NORTHWIND, FABRIKAM], ids=lambda plan: plan.slug)
def test_every_csv_row_has_the_documented_columns_and_what_is_required(
    plan: Plan, sample_folder: Path, northwind: Reading, fabrikam: Reading
) -> None:
    reading = northwind if plan is NORTHWIND else fabrikam
    for path in (sample_folder / plan.slug).glob("*.csv"):
        kind = path.stem.split("-")[0]
        assert header_of(path) == COLUMNS[kind].split()
        for row in reading.rows(path.name):
            assert None not in row, path.name
            assert all(row[name] for name in REQUIRED[kind].split()), (path.name, row)


def test_copilot_rows_have_the_documented_fields_and_always_an_intent_or_none(
    sample_folder: Path,
) -> None:
    passive = command_line = 0
    logins: dict[int, set[str]] = {}
    for path in (sample_folder / NORTHWIND.slug).glob("*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            date.fromisoformat(row["day"])
            logins.setdefault(row["user_id"], set()).add(row["user_login"])
            prompts = row.get("totals_by_cli", {}).get("prompt_count", 0)
            asked, taken = (
                row["user_initiated_interaction_count"],
                row["code_acceptance_activity_count"],
            )
            assert row["code_generation_activity_count"] >= taken >= 0
            assert row["used_cli"] == bool(prompts)
            passive += not (asked or taken or prompts)
            command_line += bool(prompts) and not (asked or taken)

    assert passive > 20
    assert command_line > 5
    assert [len(names) for names in logins.values()].count(2) == 1


def test_rows_of_a_day_are_unique_by_person_and_initiative(northwind: Reading) -> None:
    seen = [use for use in northwind.uses() if use[1] != "copilot-v2" and "-13-" not in use[2]]

    assert len(seen) == len(set(seen))


def test_the_files_stay_small(sample_folder: Path, northwind: Reading) -> None:
    size = sum(path.stat().st_size for path in (sample_folder / NORTHWIND.slug).iterdir())

    assert size < 25_000_000
    assert 30_000 < northwind.use_rows < 150_000


def test_files_come_in_the_order_in_which_they_can_be_posted(tmp_path: Path) -> None:
    files = write(plan=NORTHWIND, today=TODAY, folder=tmp_path)

    kinds = [file.kind for file in files]
    assert kinds[:4] == [Kind.PEOPLE, Kind.PEOPLE, Kind.INITIATIVES, Kind.ELIGIBILITY]
    assert set(kinds[4:]) == {Kind.USAGE}
    assert {file.path for file in files} == set(tmp_path.iterdir())
    usage = [file.path.name[6:16] for file in files[4:]]
    assert usage == sorted(usage)


@pytest.mark.parametrize("plan", [NORTHWIND, FABRIKAM], ids=lambda plan: plan.slug)
def test_the_counted_rows_are_the_rows_of_the_file(plan: Plan, tmp_path: Path) -> None:
    for file in write(plan=plan, today=TODAY, folder=tmp_path):
        lines = file.path.read_text(encoding="utf-8").splitlines()
        assert file.rows == len(lines) - (file.path.suffix == ".csv"), file.path.name


def test_the_second_organization_shares_keys_names_and_people(
    northwind: Reading, fabrikam: Reading
) -> None:
    def keys(reading: Reading) -> set[str]:
        return {row["key"] for row in reading.rows("initiatives.csv")}

    def departments(reading: Reading) -> set[str]:
        return {row["department"].split(" / ")[0] for row in reading.people.values()}

    def addresses(reading: Reading) -> set[str]:
        return {row["email"] for row in reading.people.values()}

    assert keys(northwind) == keys(fabrikam)
    assert len(keys(northwind)) == 12
    assert departments(fabrikam) < departments(northwind)
    assert set(fabrikam.people) < set(northwind.people)
    assert 5 <= len(addresses(northwind) & addresses(fabrikam)) < 20
    assert 50 <= len(fabrikam.people) <= 70


@pytest.mark.parametrize("plan", [NORTHWIND, FABRIKAM], ids=lambda plan: plan.slug)
def test_addresses_are_unique_plain_and_reserved(
    plan: Plan, northwind: Reading, fabrikam: Reading
) -> None:
    reading = northwind if plan is NORTHWIND else fabrikam
    addresses = [row["email"] for row in reading.people.values()]

    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)+@(northwind|fabrikam)\.example", address), address


@pytest.mark.parametrize("plan", [NORTHWIND, FABRIKAM], ids=lambda plan: plan.slug)
def test_everybody_with_a_role_that_needs_it_is_in_the_directory(
    plan: Plan, northwind: Reading, fabrikam: Reading
) -> None:
    reading = northwind if plan is NORTHWIND else fabrikam
    addresses = {row["email"] for row in reading.people.values()}
    logins = {login.role: login for login in plan.logins}

    assert len(logins) == 7
    assert logins["member"].email in addresses
    assert logins["program_lead"].email in addresses
    assert logins["program_lead"].email == "elena.marsh@northwind.example"
