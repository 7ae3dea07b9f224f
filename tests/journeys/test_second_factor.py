"""A second factor in a real browser: set up, asked for, lost, and confirmed before an act."""

import re
import time

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from organizations.calculations.roles import Role
from organizations.models import ApiKey, User
from tests.builders import PASSWORD
from tests.cast import Company
from tests.journeys.conftest import PHONE, WIDE, Visit, Visitor
from tests.second_factor import code_for, recovery_codes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def required(settings: LazySettings) -> None:
    settings.REQUIRE_MFA = True


@pytest.fixture
def lead(acme: Company) -> User:
    user = acme.users[Role.PROGRAM_LEAD]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def sign_in(visit: Visit, user: User) -> Page:
    page = visit.go("/accounts/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    return page


def enter(page: Page, code: str) -> None:
    page.get_by_label(re.compile("Code")).fill(code)
    page.get_by_role("button", name=re.compile("Go on|Turn it on")).click()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(words))


def test_an_app_is_set_up_on_the_way_to_the_keys(
    acme: Company, lead: User, visitor: Visitor
) -> None:
    """The keys ask for it, and open once it is there."""
    visit = visitor()
    page = sign_in(visit, lead)
    expect(page.get_by_text("needs a second factor within 7 days")).to_be_visible()
    visit.go("/data/keys/")
    heading(page, "A password is all that guards your account")
    visit.check_access()
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    visit.check_access()
    enter(page, code_for(page.locator("#secret").inner_text()))
    heading(page, "Keep 10 recovery codes where your phone is not")
    assert page.locator("#recovery_codes").inner_text().split() == recovery_codes(lead)
    visit.check_access()
    page.get_by_role("link", name="Saved. Go on").click()
    expect(page).to_have_url(f"{visit.address}/data/keys/")
    expect(page.get_by_text("needs a second factor")).to_have_count(0)


def test_the_next_sign_in_asks_for_a_code_or_takes_a_recovery_code(
    acme: Company, lead: User, visitor: Visitor
) -> None:
    visit = visitor()
    page = sign_in(visit, lead)
    expect(page).to_have_url(f"{visit.address}/sprint/")
    secret = set_up_app(page, visit)
    page.get_by_role("button", name="Sign out").click()
    sign_in(visit, lead)
    heading(page, "Enter a code")
    visit.check_access()
    # The code that set the app up is used; the next half minute's fits already.
    enter(page, code_for(secret, steps=1))
    expect(page).to_have_url(f"{visit.address}/sprint/")

    page.get_by_role("button", name="Sign out").click()
    sign_in(visit, lead)
    first, *others = recovery_codes(lead)
    enter(page, first)
    expect(page).to_have_url(f"{visit.address}/sprint/")
    assert recovery_codes(lead) == others


def test_an_act_that_needs_it_asks_once_and_says_what_became_of_the_form(
    acme: Company, lead: User, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = visitor()
    page = sign_in(visit, lead)
    expect(page).to_have_url(f"{visit.address}/sprint/")
    secret = set_up_app(page, visit)
    visit.go("/data/keys/")
    name = page.get_by_label("Name", exact=True)
    name.fill("From the browser")
    page.get_by_role("checkbox").first.check()
    # Ten minutes later.
    later = time.time() + 601
    monkeypatch.setattr("organizations.permissions.time.time", lambda: later)
    page.get_by_role("button", name="Make the key").click()
    heading(page, "Confirm it is you")
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    assert not ApiKey.unscoped.filter(name="From the browser").exists()
    visit.check_access()
    monkeypatch.undo()
    enter(page, code_for(secret, steps=1))
    expect(page).to_have_url(f"{visit.address}/data/keys/")
    name.fill("From the browser")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("From the browser")


def set_up_app(page: Page, visit: Visit) -> str:
    visit.go("/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    secret = page.locator("#secret").inner_text()
    enter(page, code_for(secret))
    heading(page, "recovery codes")
    return secret


def test_a_passkey_is_added_and_signs_in(lead: User, visitor: Visitor) -> None:
    visit = visitor(size=PHONE, theme="dark")
    page = sign_in(visit, lead)
    expect(page).to_have_url(f"{visit.address}/sprint/")
    give_authenticator(page)
    visit.go("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    visit.check_access()
    page.get_by_label("Name").fill("Phone")
    page.get_by_label("It may sign in without my password").check()
    page.get_by_role("button", name="Add the passkey").click()
    heading(page, "Keep 10 recovery codes")

    visit.go("/accounts/2fa/webauthn/")
    expect(page.get_by_text("signs in without the password")).to_be_visible()
    visit.check_access()
    page.context.clear_cookies()
    visit.go("/accounts/login/")
    visit.check_access()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{visit.address}/sprint/")
    answer = page.goto(f"{visit.address}/data/keys/")
    assert answer is not None
    assert page.url == f"{visit.address}/data/keys/"


def give_authenticator(page: Page) -> None:
    """The browser gets a security key that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_the_pages_of_the_own_login_are_open_to_everybody(acme: Company, visitor: Visitor) -> None:
    for size in (PHONE, WIDE):
        visit = visitor(acme, Role.MEMBER, size=size)
        page = visit.go("/me/")
        if size is PHONE:
            page.get_by_role("button", name="Open menu").click()
        page.locator(".nav__person").click()
        expect(page).to_have_url(f"{visit.address}/profile/")
        visit.check_access()
        visit.go("/accounts/sessions/")
        heading(page, "You are signed in at")
        visit.check_access()


def test_a_theme_chosen_in_the_top_bar_is_there_in_the_next_browser(
    acme: Company, visitor: Visitor
) -> None:
    visit = visitor(acme, Role.MEMBER)
    page = visit.go("/profile/")
    page.get_by_role("button", name="Light or dark").click()
    with page.expect_response("**/profile/theme/") as kept:
        page.get_by_role("button", name="Dark", exact=True).click()
    assert kept.value.status == 204
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    other = visitor(acme, Role.MEMBER)
    expect(other.go("/profile/").locator("html")).to_have_attribute("data-theme", "dark")
    expect(other.page.get_by_label("Light or dark", exact=True).last).to_have_value("dark")
