"""Decisions with a browser: delegate one, walk the queue by keyboard, stop the digest."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from organizations import scope
from organizations.actions.digest import unsubscribe_token
from organizations.actions.queue import Ask, ask
from organizations.calculations.choices import Digest
from organizations.calculations.roles import Role
from organizations.models import User
from tests.cast import Company
from tests.journeys.conftest import PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def wait(company: Company, title: str, *, late: bool = False) -> None:
    now = datetime.now(UTC)
    with scope.organization(company.organization.pk):
        ask(
            organization_id=company.organization.pk,
            asked=Ask(
                kind="hand_over",
                object_kind="user",
                object_id=title,
                title=title,
                url="/data/batches/",
                owner=company.users[Role.PROGRAM_LEAD],
                due_on=now.date() - timedelta(days=2) if late else None,
            ),
            now=now,
        )


def test_somebody_delegates_a_decision_and_takes_it_back(acme: Company, visitor: Visitor) -> None:
    wait(acme, "Look at the batches", late=True)
    visit = visitor(acme, Role.PROGRAM_LEAD)
    page = visit.go("/queue/")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 decision waits for you, 1 overdue")
    visit.check_access()
    page.set_viewport_size(PHONE)
    visit.check_access()
    page.get_by_role("link", name="Delegate").click()
    page.get_by_label("Who does it").select_option(
        label=f"administrator ({acme.users[Role.ADMINISTRATOR].email})"
    )
    visit.check_access()
    page.get_by_role("button", name="Delegate").click()
    expect(page.get_by_role("main")).to_contain_text("done by administrator")
    other = visitor(acme, Role.ADMINISTRATOR)
    expect(other.go("/queue/").get_by_role("main")).to_contain_text("Look at the batches")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("main")).not_to_contain_text("done by administrator")
    expect(other.go("/queue/").get_by_role("heading", level=1)).to_have_text(
        "Nothing waits for you"
    )


def test_the_queue_is_walked_by_keyboard(acme: Company, visitor: Visitor) -> None:
    wait(acme, "First")
    page = visitor(acme, Role.PROGRAM_LEAD).go("/queue/")
    page.locator("#only").focus()
    names = []
    for _ in range(5):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText").strip())
    assert names[0] == "Filter"
    assert names[1] == "First"
    assert names[2].startswith("Delegate")
    assert names[3].startswith("Close")
    page.get_by_role("link", name="Close").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Why").fill("Done on paper")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing waits for you")


def test_a_link_of_the_digest_stops_it_without_a_sign_in(acme: Company, visitor: Visitor) -> None:
    lead = acme.users[Role.PROGRAM_LEAD]
    visit = visitor()
    page = visit.go(f"/unsubscribe/{unsubscribe_token(lead, acme.organization)}/")
    visit.check_access()
    assert User.objects.get(pk=lead.pk).digest == Digest.DAILY
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No more digests")
    assert User.objects.get(pk=lead.pk).digest == Digest.OFF
