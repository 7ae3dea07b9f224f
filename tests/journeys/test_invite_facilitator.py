"""An external facilitator is invited, comes in by the link, and finds only the own scoring."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from organizations import scope
from organizations.calculations.roles import Role
from organizations.calculations.sealing import unseal
from organizations.models import ApiKey, Mail, Membership
from tests.cast import Company
from tests.journeys.conftest import PHONE, Visit, Visitor
from tests.journeys.test_first_screens import heading, navigation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FACILITATOR = "jonas@lindqvist.test"


def link_in_the_mail(company: Company) -> str:
    with scope.organization(company.organization.pk):
        mail = Mail.objects.get(kind="invitation", address=FACILITATOR)
    parts = urlsplit(unseal(mail.sealed_link, secret=settings.SECRET_KEY))
    return parts.path


def test_a_facilitator_comes_in_by_the_link_and_sees_nothing_else(
    acme: Company, visitor: Visitor
) -> None:
    office = visitor(acme, Role.ADMINISTRATOR)
    last = datetime.now(UTC).date() + timedelta(days=20)
    invite_a_facilitator(office, last)
    link = link_in_the_mail(acme)

    guest = visitor(size=PHONE)
    page = guest.go(link)
    assert heading(page) == "Join Acme"
    guest.check_access()
    page.get_by_label("Your name").fill("Jonas Lindqvist")
    page.get_by_label("Password").fill("a long enough sentence")
    page.get_by_role("button", name="Accept and sign in").click()
    expect(page).to_have_url(f"{guest.address}/scoring/")
    page.get_by_role("button", name="Open menu").click()
    assert "My scoring" in navigation(page)
    for path in ("/people/", "/people/members/", "/initiatives/", "/adoption/", "/data/"):
        assert status(page, guest.address + path) == 403, path
    held = Membership.unscoped.filter(user__email=FACILITATOR)
    assert list(held.values_list("role", "until")) == [("facilitator", last)]

    second = visitor()
    page = second.go(link)
    assert heading(page) == "This link opens nothing any more"
    second.check_access()


def invite_a_facilitator(office: Visit, last: date) -> None:
    """By the page; the first try forgets the last day and is told so."""
    page = office.go("/people/members/")
    office.check_access()
    page.get_by_role("link", name="Invite").click()
    office.check_access()
    page.get_by_label("Email addresses").fill(FACILITATOR)
    page.get_by_role("checkbox", name="Facilitator").check()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("alert")).to_contain_text("A facilitator stays until")
    page.get_by_label("Last day").fill(last.isoformat())
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 invitation waits to be accepted")
    expect(page.get_by_role("row", name=FACILITATOR)).to_contain_text("Facilitator")
    office.check_access()


def status(page: Page, address: str) -> int:
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def test_who_leaves_hands_over_with_the_keyboard(acme: Company, visitor: Visitor) -> None:
    with scope.organization(acme.organization.pk):
        ApiKey.objects.update(owner=acme.users[Role.PROGRAM_LEAD])
    visit = visitor(acme, Role.ADMINISTRATOR)
    lead = acme.users[Role.PROGRAM_LEAD]
    page = visit.go(f"/people/members/{lead.public_id}/")
    visit.check_access()
    page.get_by_role("link", name="End membership").press("Enter")
    visit.check_access()
    expect(page.get_by_text("Nightly export")).to_be_visible()
    page.get_by_label("Who takes over").select_option("executive (executive@acme.test)")
    page.get_by_role("button", name="Hand over and end").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("6 members")
