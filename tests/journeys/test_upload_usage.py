"""A file of usage: looked at, imported, its unmatched subject linked, and the batch taken back."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import SubjectLink
from tests.adoption.figures import weeks_ago
from tests.cast import Company
from tests.journeys.conftest import PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    day = weeks_ago(0)
    path = tmp_path / "usage.csv"
    path.write_text(
        "initiative,subject,day,interactions\n"
        f"copilot,login:bo-chen_acme,{day},4\n"
        f"other,login:bo-chen_acme,{day},4\n"
    )
    return path


def test_a_file_is_looked_at_imported_linked_and_taken_back(
    acme: Company, visitor: Visitor, file: Path
) -> None:
    visit = visitor(acme, Role.PROGRAM_LEAD)
    page = visit.go("/data/upload/")
    title = page.get_by_role("heading", level=1)
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name="Look at it first").click()
    expect(title).to_have_text("1 line of usage.csv would be refused")
    expect(page.get_by_role("region", name="First rows")).to_contain_text("prompts")
    visit.check_access()
    page.get_by_role("button", name="Import", exact=True).click()

    expect(title).to_contain_text("1 of 2 rows need a look")
    visit.check_access()
    page.get_by_role("link", name="See who is unmatched").click()
    expect(title).to_have_text("1 subject is not in the directory")
    visit.check_access()
    page.get_by_role("link", name="Bo Chen for login:bo-chen_acme").click()
    expect(page.get_by_label("Email or directory id of the person")).to_have_value(
        "bo.chen@acme.test"
    )
    visit.check_access()
    page.get_by_role("button", name="Link it").click()
    expect(title).to_have_text("Everybody in the data is in the directory")
    with scope.organization(acme.organization.pk):
        assert SubjectLink.objects.get().person == acme.person

    page = visit.go("/data/batches/1/")
    page.get_by_text("Take this batch back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(title).to_have_text("Batch 1 was taken back")


def test_it_works_on_a_phone_without_scripts(acme: Company, visitor: Visitor, file: Path) -> None:
    page = visitor(acme, Role.PROGRAM_LEAD, size=PHONE, scripts=False).go("/data/upload/")
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("region", name="First rows")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("The file is discarded.")).to_be_visible()
