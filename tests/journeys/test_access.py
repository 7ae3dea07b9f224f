"""Everybody can use every page: axe, widths, keyboard, no script."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from allauth.mfa.models import Authenticator
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from organizations import scope
from organizations.actions.tenant import grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import Role
from tests.builders import NOW, PASSWORD, make_organization, make_user
from tests.cast import Company
from tests.contracts.doors import PAGES, PUBLIC, SIGNED_IN, THIS_MACHINE
from tests.contracts.furnishing import Things, furnish
from tests.journeys.conftest import PHONE, WIDE, Visit, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS: Final = (
    pytest.param(WIDE, "light", id="wide-light"),
    pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.slow),
    pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.slow),
    pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.slow),
)
SIDES: Final = (
    pytest.param(((WIDE, "light"),), id="wide-light"),
    pytest.param(
        ((PHONE, "dark"), (WIDE, "dark"), (PHONE, "light")),
        id="phone-and-dark",
        marks=pytest.mark.slow,
    ),
)
# Two workers share the pages.
PARTS: Final = 2

# Answers that are not pages: files and what machines ask.
NOT_PAGES = re.compile(r"\.(csv|zip)$|/file/$|^healthz$|^readyz$|schema|^$")
# The reader of the API's description is Swagger UI as its authors ship it.
NOT_OURS = re.compile(r"api/docs")


@pytest.fixture
def things(acme: Company) -> Things:
    """Acme with people, rules, figures, a sprint, a batch with a refused row, a stranger."""
    return furnish(acme)


def stops(things: Things) -> Iterator[tuple[Role | None, str]]:
    """Every page once, by a role that opens it; pages that differ by role, by each."""
    for route, page in PAGES.items():
        if "GET" in page.methods and not NOT_PAGES.search(route) and not NOT_OURS.search(route):
            yield opener(page.opens), things.address(route)
    yield Role.CHAMPION, "/adoption/"
    yield Role.EXECUTIVE, "/sprint/"
    yield Role.ADMINISTRATOR, "/data/"
    yield Role.AUDITOR, "/adoption/"
    yield Role.MEMBER, "/me/"
    yield Role.PROGRAM_LEAD, "/scoring/"
    yield Role.PROGRAM_LEAD, "/nowhere/"
    yield Role.PROGRAM_LEAD, "/sprint/?day=2026-01-01"
    yield Role.PROGRAM_LEAD, "/initiatives/?q=nothing+like+this"
    yield Role.PROGRAM_LEAD, f"/initiatives/{things.values['initiative']}/eligibility/new/?rule=all"


def opener(action: str) -> Role | None:
    if action in (PUBLIC, THIS_MACHINE):
        return None
    if action == SIGNED_IN:
        return Role.PROGRAM_LEAD
    order: tuple[Role, ...] = (Role.PROGRAM_LEAD, *Role)
    return next(role for role in order if role in ALLOWED[action])


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("looks", SIDES)
def test_axe_finds_nothing_on_any_page(
    looks: tuple[tuple[dict[str, int], str], ...],
    part: int,
    acme: Company,
    things: Things,
    visitor: Visitor,
) -> None:
    """Each page is fetched once however often it is looked at: that is where the time goes."""
    visits: dict[Role | None, Visit] = {}
    found = []
    for role, path in list(stops(things))[part::PARTS]:
        if role not in visits:
            visits[role] = visitor(acme, role)
        visits[role].go(path)
        for size, theme in looks:
            visits[role].look(size=size, theme=theme)
            found += visits[role].barriers()
    assert found == []


def test_what_axe_and_the_ruler_find_is_told(visitor: Visitor) -> None:
    """Otherwise the tests here would prove nothing."""
    visit = visitor(size=PHONE)
    visit.go("/healthz")
    visit.page.set_content("<input><div><pre>" + "wide " * 200 + "</pre></div>")
    told = " ".join(visit.barriers())
    assert "label" in told
    assert "px too wide" in told


EMPTY = (
    *("/sprint/", "/adoption/", "/me/", "/initiatives/", "/people/", "/setup/"),
    *("/data/", "/data/batches/", "/data/keys/", "/data/unmatched/"),
)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_axe_finds_nothing_before_there_is_anything(
    size: dict[str, int], theme: str, visitor: Visitor
) -> None:
    """From the first visit over a login without an organization to pages that are empty."""
    visit = visitor(size=size, theme=theme)
    visit.go("/")
    expect(visit.page).to_have_url(re.compile("/welcome/$"))
    found = visit.barriers()
    user = make_user()
    visit.go("/")
    sign_in(visit)
    expect(visit.page).to_have_url(re.compile("/no-organization/$"))
    found += visit.barriers()
    organization = make_organization()
    with scope.organization(organization.pk):
        grant_role(
            organization=organization, user=user, role=Role.PROGRAM_LEAD, actor=SYSTEM, now=NOW
        )
    for path in EMPTY:
        visit.go(path)
        found += visit.barriers()
    assert found == []


def sign_in(visit: Visit) -> None:
    visit.page.get_by_label("Email").fill("lena@acme.test")
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("path", ["/initiatives/new/", "/data/keys/", "/people/import/"])
def test_a_refused_form_says_what_to_mend_and_leads_there(
    path: str, acme: Company, visitor: Visitor
) -> None:
    visit = visitor(acme, Role.PROGRAM_LEAD)
    page = visit.go(path)
    page.locator("main form[method=post] .btn--primary").last.click()
    summary = page.get_by_role("alert")
    summary.get_by_role("link").first.click()
    expect(page.locator("main [aria-invalid=true]").first).to_be_focused()
    visit.check_access()


def test_the_description_of_the_api_opens_without_the_network(visitor: Visitor) -> None:
    """Whatever it asked of another host would fail the visit."""
    page = visitor().go("/api/docs")
    expect(page.locator(".opblock", has_text="/api/v1/usage")).to_be_visible()


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_pages_of_faults_are_for_everybody(template: str, visitor: Visitor) -> None:
    visit = visitor(size=PHONE, theme="dark")
    page = visit.go("/accounts/login/")
    page.set_content(render_to_string(template, {"reference": "4f2a"}))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visit.check_access()


def test_the_first_key_leads_past_the_navigation(acme: Company, visitor: Visitor) -> None:
    page = visitor(acme, Role.PROGRAM_LEAD).go("/initiatives/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main :focus")).to_have_count(1)


def test_menus_open_and_close_by_keyboard(acme: Company, visitor: Visitor) -> None:
    page = visitor(acme, Role.PROGRAM_LEAD, size=PHONE).go("/initiatives/")
    expect(page.get_by_role("link", name="Departments")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Open menu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Departments")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Departments")).to_be_hidden()
    expect(page.get_by_role("button", name="Open menu")).to_be_focused()
    page.get_by_role("button", name="Light or dark").press("Enter")
    page.get_by_role("button", name="Dark", exact=True).press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_single_keys_list_themselves_and_lead_to_pages(acme: Company, visitor: Visitor) -> None:
    page = visitor(acme, Role.PROGRAM_LEAD).go("/sprint/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    press_g_then(page, "p", re.compile("/initiatives/$"))


def press_g_then(page: Page, letter: str, address: re.Pattern[str], tries: int = 3) -> None:
    """The second key counts within a second and a half, which a busy machine may take itself."""
    for last in (False,) * (tries - 1) + (True,):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        try:
            expect(page).to_have_url(address, timeout=3_000)
        except AssertionError:
            if last:
                raise
        else:
            return


def test_pages_work_without_script(acme: Company, things: Things, visitor: Visitor) -> None:
    user = acme.users[Role.PROGRAM_LEAD]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    # Their passkey would ask for scripts: a browser's own part has no other door.
    Authenticator.objects.filter(user=user).delete()
    visit = visitor(size=PHONE, scripts=False)
    page = visit.go("/adoption/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Department", exact=True).select_option(label="Operations / Warehouse")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("department=Operations"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Warehouse")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("link", name="Initiatives", exact=True).click()
    page.get_by_role("link", name="Add initiative").click()
    register(visit)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Route planning")


def register(visit: Visit) -> None:
    fields = {
        "Name": "Route planning",
        "Outcome": "Planners finish a route plan in 2 hours instead of 5",
        "Metric": "Median hours per route plan",
        "By when": "2027-06-30",
        "Baseline": "5",
        "Target": "2",
    }
    for label, value in fields.items():
        visit.page.get_by_label(label, exact=True).fill(value)
    visit.page.get_by_role("button", name="Register").click()
