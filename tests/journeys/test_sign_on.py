"""An administrator sets sign-on up, and a member comes in by it, in a real browser.

The strict content policy is in force: a browser refuses a form that leads to a host it does not
name, which no test without one would see.
"""

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import expect
from pytest_django import Settings

from organizations.calculations.issuers import read_issuers
from organizations.calculations.roles import Role
from tests.cast import Company
from tests.journeys.conftest import PHONE, WIDE, Visit, Visitor
from tests.organizations.oidc_provider import Provider, running_provider

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    with running_provider() as found:
        settings.SIGN_ON_ISSUERS = read_issuers(f"{found.address} acme.test")
        found.person = {
            "sub": "4711",
            "email": "champion@acme.test",
            "email_verified": True,
            "name": "Chris",
        }
        cache.clear()
        yield found


def set_up(visit: Visit, provider: Provider) -> None:
    visit.go("/settings/sign-on/")
    page = visit.page
    page.get_by_label("Name").fill("Acme account")
    page.get_by_label("Email domains").fill("acme.test")
    page.get_by_label("Client ID").fill(provider.client_id)
    page.get_by_label("Client secret").fill(provider.secret)
    visit.check_access()
    page.get_by_role("button", name="Add the provider").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People sign in with Acme account")
    expect(page.locator("#sign-on-back")).to_contain_text("/login/callback/")
    visit.check_access()


@pytest.mark.parametrize(
    ("size", "theme"), [(WIDE, "light"), pytest.param(PHONE, "dark", marks=pytest.mark.slow)]
)
def test_a_member_comes_in_by_the_provider_that_an_administrator_set_up(
    size: dict[str, int], theme: str, acme: Company, provider: Provider, visitor: Visitor
) -> None:
    set_up(visitor(acme, Role.ADMINISTRATOR, size=size, theme=theme), provider)
    visit = visitor(size=size, theme=theme)
    visit.go("/accounts/login/")
    page = visit.page
    page.get_by_role("link", name="Sign in with your organization").click()
    page.get_by_label("Work email").fill("champion@acme.test")
    visit.check_access()
    page.get_by_role("button", name="Continue").click()
    visit.check_access()
    page.get_by_role("button", name="Sign in with Acme account").click()
    expect(page).to_have_url(re.compile("/adoption/$"))
    # The browser went to the provider and back, which is what this is about.
    assert [fault for fault in visit.faults if provider.address not in fault] == []
    assert visit.faults
    visit.faults.clear()


def test_who_is_not_let_in_reads_why(acme: Company, provider: Provider, visitor: Visitor) -> None:
    set_up(visitor(acme, Role.ADMINISTRATOR), provider)
    provider.person |= {"email": "nobody@acme.test"}
    visit = visitor(size=PHONE)
    visit.go("/accounts/sign-on/")
    page = visit.page
    page.get_by_label("Work email").fill("nobody@acme.test")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign in with Acme account").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("cannot come in here")
    visit.check_access()
    visit.faults.clear()
