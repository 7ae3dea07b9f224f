"""A file of people with doubts in it: looked at, settled, applied, taken back; person and tree."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import Department, Person, PersonAlias
from tests.builders import make_department, make_person
from tests.cast import Company
from tests.journeys.conftest import PHONE, WIDE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FILE = (
    "external_id,email,name,department,job_role,start,end,leave_from,leave_to,aliases\n"
    "4,cy@acme.test,Cy Roe,Operations / Warehouse,,,,,,\n"
    "7,ana@acme.test,Ana Rivera,Finance,Clerk,2026-11-30,,,,\n"
    "8,dee@acme.test,Dee Fox,Operations / Warehous,,,,,,\n"
    "9,eve@acme.test,Eve Oak,Operations / Warehouse,,,,,,login:cy\n"
)


@pytest.fixture
def directory(acme: Company) -> Company:
    with scope.organization(acme.organization.pk):
        make_department(path="Finance")
        make_person(
            email="cy@acme.test",
            name="Cy Roe",
            external_id="4",
            department="Finance",
            aliases=["login:cy"],
        )
    return acme


def people(company: Company) -> set[str]:
    with scope.organization(company.organization.pk):
        return set(Person.objects.values_list("name", flat=True))


def choose(page: Page, row: str, option: str) -> None:
    line = page.get_by_role("row").filter(has_text=row)
    line.get_by_role("combobox").select_option(label=option)
    line.get_by_role("button", name="Choose").click()


def upload(page: Page, file: Path) -> None:
    page.get_by_label("File of people").set_input_files(file)
    page.get_by_role("button", name="Show what it changes").click()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    return path


def test_a_file_with_conflicts_is_settled_applied_and_taken_back(
    directory: Company, visitor: Visitor, file: Path
) -> None:
    visit = visitor(directory, Role.PROGRAM_LEAD)
    page = visit.go("/people/")
    page.get_by_role("link", name="Import people").click()
    upload(page, file)

    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("This file adds 1 person and changes 1")
    expect(page.get_by_role("button", name="Apply without 2 conflicts")).to_be_visible()
    visit.check_access()
    choose(page, "Operations / Warehous", "Operations / Warehouse")
    expect(title).to_have_text("This file adds 2 people and changes 1")
    choose(page, "login:cy belongs to", "Somebody new")
    expect(title).to_have_text("This file adds 3 people and changes 1")
    page.get_by_role("button", name="Leave out: 7 · Ana Rivera").click()
    expect(title).to_have_text("This file adds 2 people and changes 1")
    page.get_by_role("button", name="Apply", exact=True).click()

    expect(title).to_have_text("This file added 2 people and changed 1")
    assert people(directory) == {"Bo Chen", "Cy Roe", "Dee Fox", "Eve Oak"}
    with scope.organization(directory.organization.pk):
        assert PersonAlias.objects.get(kind="login").person.name == "Cy Roe"
        assert not Department.objects.filter(name="Warehous").exists()
    page.get_by_role("button", name="Take it back").click()
    expect(title).to_contain_text("Taken back")
    assert people(directory) == {"Bo Chen", "Cy Roe"}


def test_it_works_without_scripts(directory: Company, visitor: Visitor, file: Path) -> None:
    page = visitor(directory, Role.PROGRAM_LEAD, scripts=False).go("/people/import/")
    upload(page, file)
    choose(page, "Operations / Warehous", "Operations / Warehouse")
    page.get_by_role("button", name="Apply without 1 conflict").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This file added 2 people and changed 1"
    )


def test_the_preview_is_settled_with_the_keyboard_alone(
    directory: Company, visitor: Visitor, file: Path
) -> None:
    page = visitor(directory, Role.PROGRAM_LEAD).go("/people/import/")
    upload(page, file)
    line = page.get_by_role("row").filter(has_text="Operations / Warehous")
    line.get_by_role("combobox").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This file adds 2 people and changes 1"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_of_people_have_no_barriers(
    directory: Company, visitor: Visitor, file: Path, theme: str, size: dict[str, int]
) -> None:
    visit = visitor(directory, Role.PROGRAM_LEAD, theme=theme, size=size)
    page = visit.go("/people/import/")
    visit.check_access()
    upload(page, file)
    visit.check_access()
    with scope.organization(directory.organization.pk):
        person = Person.objects.get(name="Cy Roe").public_id
        department = Department.objects.get(name="Finance").public_id
    for path in (
        f"/people/{person}/",
        "/people/departments/",
        f"/people/departments/{department}/",
        "/data/templates/",
    ):
        visit.go(path)
        visit.check_access()
