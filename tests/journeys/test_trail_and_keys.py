"""A key is made, used and replaced in a browser, and the auditor finds it all in the trail."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from organizations import scope
from organizations.actions.trail_check import check_chain
from organizations.calculations.roles import Role
from organizations.models import ApiKey, KeyDay
from tests.cast import Company
from tests.journeys.conftest import PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def use(company: Company) -> None:
    """Requests on three days, and one night that proved the chain."""
    now = datetime.now(UTC)
    with scope.organization(company.organization.pk):
        key = ApiKey.objects.get()
        for back, requests in ((1, 12), (2, 430), (9, 77)):
            KeyDay.objects.create(
                api_key=key,
                day=now.date() - timedelta(days=back),
                requests=requests,
                network="203.0.113.0/24",
            )
        check_chain(organization_id=company.organization.pk, now=now)


def test_a_key_is_replaced_and_the_auditor_reads_who_did_it(
    acme: Company, visitor: Visitor
) -> None:
    use(acme)
    visit = visitor(acme, Role.PROGRAM_LEAD)
    page = visit.go("/data/keys/")
    page.get_by_role("link", name="Nightly export", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Nightly export: 519 requests in the last 30 days"
    )
    page.get_by_label("The old key works on for").fill("3")
    page.get_by_role("button", name="Make the new key").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Copy Nightly export now")
    assert page.locator("#key").inner_text().startswith("lm_")

    reader = visitor(acme, Role.AUDITOR).go("/trail/")
    expect(reader.get_by_role("heading", level=1)).to_contain_text("the chain holds")
    reader.get_by_label("What", exact=True).select_option("API keys")
    reader.get_by_role("button", name="Filter", exact=True).click()
    expect(reader.locator("tbody tr").first).to_contain_text("program_lead replaced an API key")
    reader.locator("tbody summary").first.click()
    expect(reader.locator("tbody details").first).to_contain_text("key.rotated")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_both_pages_are_for_everybody_and_fit_a_phone(
    acme: Company, visitor: Visitor, theme: str
) -> None:
    use(acme)
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get().public_id
    for role, path in (
        (Role.PROGRAM_LEAD, "/data/keys/"),
        (Role.PROGRAM_LEAD, f"/data/keys/{key}/"),
        (Role.AUDITOR, "/trail/"),
        (Role.AUDITOR, "/trail/?object=none"),
    ):
        for size in (PHONE, {"width": 1280, "height": 900}):
            visit = visitor(acme, role, size=size, theme=theme)
            visit.go(path)
            visit.check_access()
