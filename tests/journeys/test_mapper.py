"""A table of one's own: its columns chosen, tried, kept, and a file read by them."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from adoption.models import UsageFact
from organizations import scope
from organizations.calculations.roles import Role
from tests.adoption.figures import weeks_ago
from tests.cast import Company
from tests.journeys.conftest import PHONE, WIDE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "usage.csv"
    path.write_text(
        f"Login;Tag;Anfragen;Text\nbo;{weeks_ago(0):%d.%m.%Y};1.200;geheim\nal;gestern;4;geheim\n"
    )
    return path


def choose_file(page: Page, file: Path) -> None:
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Show its columns").click()


def choose_columns(page: Page) -> None:
    for label, option in (
        ("A line is about", "One day"),
        ("Who is named by", "a login"),
        ("Column of Who", "login"),
        ("Column of Day", "tag"),
        ("Day is written", "06.10.2026"),
        ("Initiative of all lines", "Copilot"),
        ("Column of Prompts", "anfragen"),
        ("Prompts is written", "1.234,5"),
        ("Prompts is counted in", "single ones"),
    ):
        page.get_by_label(label, exact=True).select_option(label=option)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_columns_are_chosen_tried_kept_and_a_file_is_imported(
    acme: Company, visitor: Visitor, file: Path, scripts: bool
) -> None:
    page = visitor(acme, Role.PROGRAM_LEAD, scripts=scripts).go("/data/upload/")
    page.get_by_role("link", name="Map another form").click()
    page.get_by_role("link", name="New profile").click()
    choose_file(page, file)
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("Say what the 4 columns are")
    choose_columns(page)
    page.get_by_role("button", name="Show what comes of it").click()

    expect(page.get_by_role("heading", name="1 of 2 lines gives a fact")).to_be_visible()
    expect(page.get_by_role("cell", name="interactions 1200")).to_be_visible()
    page.get_by_label("Name of the profile").fill("our-tool")
    page.get_by_role("button", name="Keep the profile").click()

    expect(title).to_have_text("our-tool, version 1, has read nothing yet")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(title).to_have_text("Batch 1: 1 of 2 rows need a look")
    expect(page.get_by_text("column anfragen, 1.234,5, single ones")).to_be_visible()
    with scope.organization(acme.organization.pk):
        assert UsageFact.objects.get().interactions == 1200


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_of_profiles_have_no_barriers(
    acme: Company, visitor: Visitor, file: Path, theme: str, size: dict[str, int]
) -> None:
    visit = visitor(acme, Role.PROGRAM_LEAD, theme=theme, size=size)
    page = visit.go("/data/profiles/")
    visit.check_access()
    visit.go("/data/profiles/new/")
    visit.check_access()
    choose_file(page, file)
    page.get_by_role("button", name="Keep the profile").click()
    visit.check_access()
    choose_columns(page)
    page.get_by_label("Name of the profile").fill("our-tool")
    page.get_by_role("button", name="Show what comes of it").click()
    visit.check_access()
    page.get_by_role("button", name="Keep the profile").click()
    visit.check_access()
    visit.go("/data/profiles/")
    visit.check_access()
