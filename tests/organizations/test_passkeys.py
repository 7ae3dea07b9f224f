"""Passkeys: added, used beside the password, instead of it and to confirm, renamed, removed."""

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.test import Client

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, User
from tests.builders import PASSWORD
from tests.cast import Company
from tests.second_factor import Passkey, set_up_passkey

ADD = "/accounts/2fa/webauthn/add/"
SIGN_IN = "/accounts/2fa/webauthn/login/"
CONFIRM = "/accounts/2fa/webauthn/reauthenticate/"
SECOND_STEP = "/accounts/2fa/authenticate/"


@pytest.fixture(autouse=True)
def required(settings: LazySettings) -> None:
    settings.REQUIRE_MFA = True
    settings.ALLOWED_HOSTS = ["localhost"]


@pytest.fixture
def lead(acme: Company) -> User:
    user = acme.users[Role.PROGRAM_LEAD]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def browser() -> Client:
    # Passkeys belong to a name with a secure origin: on this machine that is localhost.
    return Client(SERVER_NAME="localhost")


def question(client: Client, address: str) -> dict[str, Any]:
    """What the page asks the browser."""
    found = re.search(r'<script id="js_data"[^>]*>(.*?)</script>', text(client, address))
    assert found
    return dict(json.loads(found.group(1)))


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def type_password(user: User) -> tuple[Client, str]:
    client = browser()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client, answer["Location"]


def signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def add_passkey(user: User) -> tuple[Client, Passkey]:
    client, _ = type_password(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    passkey = Passkey()
    form = {
        "name": "Work laptop",
        "passwordless": "on",
        "credential": passkey.made(question(client, ADD)),
    }
    answer = client.post(ADD, form)
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    return client, passkey


def with_passkey(user: User) -> tuple[Client, Passkey]:
    """Signed in with a passkey of before, which is not fresh any more."""
    passkey = set_up_passkey(user)
    client = browser()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client, passkey


def test_a_passkey_is_added_and_signs_in_without_the_password(lead: User, acme: Company) -> None:
    _, passkey = add_passkey(lead)
    client = browser()
    asked = client.get(SIGN_IN, headers={"Accept": "application/json"}).json()
    client.post(SIGN_IN, {"credential": passkey.used(asked)})
    assert signed_in(client)
    assert client.get("/data/keys/").status_code == 200
    with scope.organization(acme.organization.pk):
        told = AuditEvent.objects.latest("sequence")
    assert (told.action, told.changes) == ("user.signed_in", {"by": ["passkey"]})


def test_it_is_the_second_step_after_the_password(lead: User) -> None:
    _, passkey = add_passkey(lead)
    client, led_to = type_password(lead)
    assert led_to == SECOND_STEP
    client.post(SECOND_STEP, {"credential": passkey.used(question(client, SECOND_STEP))})
    assert signed_in(client)


def test_it_confirms_what_needs_a_fresh_factor(lead: User) -> None:
    client, passkey = with_passkey(lead)
    led_to = client.get("/data/keys/")["Location"]
    assert led_to == f"{CONFIRM}?next=%2Fdata%2Fkeys%2F"
    form = {"credential": passkey.used(question(client, led_to)), "next": "/data/keys/"}
    assert client.post(CONFIRM, form)["Location"] == "/data/keys/"
    assert client.get("/data/keys/").status_code == 200


def test_an_answer_is_good_for_one_question_only(lead: User) -> None:
    _, passkey = add_passkey(lead)
    client = browser()
    asked = client.get(SIGN_IN, headers={"Accept": "application/json"}).json()
    answer = passkey.used(asked)
    other = browser()
    other.get(SIGN_IN, headers={"Accept": "application/json"})
    other.post(SIGN_IN, {"credential": answer})
    assert not signed_in(other)


@pytest.mark.parametrize("wrong", ["site", "key", "words"])
def test_a_wrong_answer_signs_nobody_in_and_is_told_in_words(wrong: str, lead: User) -> None:
    _, passkey = add_passkey(lead)
    client = browser()
    asked = client.get(SIGN_IN, headers={"Accept": "application/json"}).json()
    if wrong == "site":
        passkey.origin = "http://evil.test"
    if wrong == "key":
        passkey.key = Passkey().key
    sent = "not json" if wrong == "words" else passkey.used(asked)
    answer = client.post(SIGN_IN, {"credential": sent}, follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/"
    assert not signed_in(client)


def test_it_is_listed_renamed_and_removed(lead: User) -> None:
    client, passkey = with_passkey(lead)
    client.post(CONFIRM, {"credential": passkey.used(question(client, CONFIRM)), "next": "/"})
    number = Authenticator.objects.get(user=lead).pk
    keys = f"/accounts/2fa/webauthn/keys/{number}"
    assert "Rename a passkey" in text(client, f"{keys}/edit/")
    client.post(f"{keys}/edit/", {"name": "Old phone"})
    assert "Old phone" in text(client, "/accounts/2fa/webauthn/")
    assert "signs in without the password" in text(client, "/accounts/2fa/webauthn/")
    assert "Remove Old phone?" in text(client, f"{keys}/remove/")
    client.post(f"{keys}/remove/")
    assert "No passkey yet" in text(client, "/accounts/2fa/webauthn/")


def test_the_sign_in_page_offers_it_by_script_only(lead: User) -> None:
    page = text(browser(), "/accounts/login/")
    form = page[page.index('data-passkey="get"') :]
    button = form[form.index("<button") : form.index("</button>")]
    assert "hidden" in button
    assert f'data-passkey-from="{SIGN_IN}"' in page
