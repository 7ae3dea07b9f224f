"""Each role's first screen, signing in and out, and acting in another organization."""

import re

import pytest
from playwright.sync_api import Page, expect

from lastmile.navigation import GROUPS
from organizations import scope
from organizations.actions.tenant import grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import LABELS, Role
from tests.builders import NOW, PASSWORD
from tests.cast import CANARY, Company
from tests.journeys.conftest import Visit, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Where each role lands, what the page says while there is no usage, and its links. Written out:
# a change of the table of permissions has to be seen here.
FIRST_SCREENS = {
    Role.PROGRAM_LEAD: (
        "/sprint/",
        "No sprint is planned. No figure of use yet.",
        [
            *("Decisions", "Home", "Initiatives", "Proposals", "Departments", "My usage"),
            *("Agreement", "Imports and keys", "People"),
        ],
    ),
    Role.EXECUTIVE: (
        "/sprint/",
        "No sprint is planned. No figure of use yet.",
        [
            *("Decisions", "Home", "Initiatives", "Proposals", "Departments", "My usage"),
            "Agreement",
        ],
    ),
    Role.CHAMPION: (
        "/adoption/",
        "No usage has arrived yet",
        ["Decisions", "Proposals", "Departments", "My usage", "Agreement"],
    ),
    Role.ADMINISTRATOR: (
        "/data/",
        "No data has arrived yet",
        [
            *("Decisions", "Departments", "My usage", "Agreement", "Imports and keys", "People"),
            *("Audit trail", "Settings"),
        ],
    ),
    Role.AUDITOR: (
        "/adoption/",
        "No usage has arrived yet",
        ["Decisions", "Departments", "Agreement", "Audit trail", "Settings"],
    ),
    Role.FACILITATOR: (
        "/scoring/",
        "Nothing waits for your score",
        ["Decisions", "My scoring", "My usage", "Agreement"],
    ),
    Role.MEMBER: (
        "/me/",
        "No usage can be shown for this login",
        ["Decisions", "Proposals", "Departments", "My usage", "Agreement"],
    ),
}


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def navigation(page: Page) -> list[str]:
    return page.locator("nav#nav a.nav__link").all_inner_texts()


def sign_in(page: Page, *, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def give_password(company: Company, role: Role) -> str:
    user = company.users[role]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user.email


def test_every_role_has_a_first_screen_of_its_own(acme: Company, visitor: Visitor) -> None:
    assert set(FIRST_SCREENS) == set(Role)
    for role, (path, title, links) in FIRST_SCREENS.items():
        visit = visitor(acme, role)
        page = visit.go("/")
        assert page.url == visit.address + path, role
        assert heading(page) == title, role
        assert navigation(page) == links, role
        expect(page.locator(".nav__person")).to_contain_text(LABELS[role])


def test_every_link_of_the_navigation_opens_for_the_role(acme: Company, visitor: Visitor) -> None:
    """And names its own page as the current one; what is not there may not be opened."""
    entries = [entry for group in GROUPS for entry in group.entries]
    for role in (Role.PROGRAM_LEAD, Role.FACILITATOR, Role.AUDITOR):
        visit = visitor(acme, role)
        page = visit.go("/")
        links = page.locator("nav#nav a.nav__link")
        for address in [link.get_attribute("href") for link in links.all()]:
            answer = page.goto(f"{visit.address}{address}")
            assert answer is not None
            assert answer.status == 200, (role, address)
            current = page.locator("nav#nav [aria-current=page]")
            expect(current).to_have_attribute("href", str(address))
        assert links.count() == sum(role in ALLOWED[entry.action] for entry in entries)


def test_somebody_signs_in_by_typing_and_signs_out(acme: Company, visitor: Visitor) -> None:
    email = give_password(acme, Role.PROGRAM_LEAD)
    visit = visitor()
    page = visit.go("/initiatives/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=/initiatives/$"))
    sign_in(page, email=email.upper())
    expect(page).to_have_url(f"{visit.address}/initiatives/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    visit.go("/initiatives/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    acme: Company, visitor: Visitor
) -> None:
    email = give_password(acme, Role.PROGRAM_LEAD)
    told = [refusal(visitor(), one) for one in (email, "nobody@elsewhere.test")]
    assert told[0] == told[1]
    assert "password" in told[0]
    assert acme.organization.name not in told[0]


def refusal(visit: Visit, email: str) -> str:
    page = visit.go("/accounts/login/")
    sign_in(page, email=email, password="not the password at all")
    expect(page).to_have_url(f"{visit.address}/accounts/login/")
    return page.get_by_role("alert").inner_text()


def test_switching_lands_on_the_first_screen_of_the_other_organization(
    acme: Company, twin: Company, visitor: Visitor
) -> None:
    """A login that is program lead here and champion there keeps nothing of the page it was on."""
    champion_there(acme, twin)
    visit = visitor(acme, Role.PROGRAM_LEAD)
    page = visit.go("/initiatives/copilot/")
    assert CANARY not in page.locator("main").inner_text()
    switch(page, to=twin.organization.name)
    expect(page).to_have_url(f"{visit.address}/adoption/")
    assert navigation(page) == FIRST_SCREENS[Role.CHAMPION][2]
    answer = visit.page.goto(f"{visit.address}/initiatives/copilot/")
    assert answer is not None
    assert answer.status == 403
    visit.go("/")
    switch(page, to=acme.organization.name)
    expect(page).to_have_url(f"{visit.address}/sprint/")
    visit.go("/people/")
    expect(page.get_by_role("main")).to_contain_text("Bo Chen")
    expect(page.get_by_role("main")).not_to_contain_text(CANARY)


def champion_there(here: Company, there: Company) -> None:
    with scope.organization(there.organization.pk):
        grant_role(
            organization=there.organization,
            user=here.users[Role.PROGRAM_LEAD],
            role=Role.CHAMPION,
            departments=[],
            actor=SYSTEM,
            now=NOW,
        )


def switch(page: Page, *, to: str) -> None:
    page.get_by_role("button", name="switch organisation").click()
    page.get_by_role("button", name=to).click()
