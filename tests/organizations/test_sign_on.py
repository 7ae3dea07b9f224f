"""Sign-on by OpenID Connect, against a provider on this machine."""

import ipaddress
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from organizations import scope
from organizations.actions.sign_on import SignOnValues, add_sign_on
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.issuers import Issuer, read_issuers
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Invitation, Membership, SignOn, User
from organizations.sources import oidc
from tests.builders import make_membership, make_user
from tests.cast import Company
from tests.organizations.oidc_provider import Provider, running_provider

LEAD = "program_lead@acme.test"


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    with running_provider() as found:
        yield found


@pytest.fixture
def provider(server: Provider, settings: Settings, db: None) -> Provider:
    """A provider as new, allowed by the operator for acme.test."""
    fresh = Provider(address=server.address, key=server.key)
    vars(server).update(vars(fresh))
    settings.SIGN_ON_ISSUERS = read_issuers(f"{server.address} acme.test,acme.example")
    server.person = {"sub": "4711", "email": LEAD, "email_verified": True, "name": "Lena"}
    cache.clear()
    return server


@pytest.fixture
def sign_on(acme: Company, provider: Provider) -> SignOn:
    return set_up(acme, provider)


def set_up(company: Company, provider: Provider) -> SignOn:
    with scope.organization(company.organization.pk):
        return add_sign_on(
            organization_id=company.organization.pk,
            values=SignOnValues(
                name="Our login",
                issuer=provider.address,
                client_id=provider.client_id,
                secret=provider.secret,
                domains=["acme.test"],
            ),
            actor=SYSTEM,
            now=datetime.now(UTC),
        )


def leave(client: Client, sign_on: SignOn, **more: str) -> str:
    """To the provider: the address the browser is sent to."""
    answer = client.post(f"/accounts/oidc/{sign_on.slug}/login/", more)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def come(client: Client, sign_on: SignOn, provider: Provider):  # type: ignore[no-untyped-def]
    """There and back."""
    return client.get(provider.sign_in(leave(client, sign_on)))


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def entries(company: Company, action: str) -> list[AuditEvent]:
    return list(AuditEvent.unscoped.filter(organization_id=company.organization.pk, action=action))


# --- the way in ---------------------------------------------------------------------------------
def test_a_member_comes_in_by_the_provider(
    acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    client = Client()
    page = client.post("/accounts/sign-on/", {"email": LEAD, "next": "/initiatives/"})
    assert "Sign in with Our login" in page.content.decode()
    assert provider.address in page["Content-Security-Policy"].split("form-action")[1].split(";")[0]
    back = client.get(provider.sign_in(leave(client, sign_on, next="/initiatives/")))
    assert (back.status_code, back["Location"]) == (302, "/initiatives/")
    assert client.session["_auth_user_id"] == str(acme.users[Role.PROGRAM_LEAD].pk)
    assert client.get("/initiatives/").status_code == 200
    [tied] = entries(acme, "sign_on.tied")
    assert LEAD not in str(tied.changes)


def test_the_second_time_the_account_counts_and_not_the_address(
    acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    come(Client(), sign_on, provider)
    provider.person |= {"email": "renamed@acme.test"}
    client = Client()
    come(client, sign_on, provider)
    assert client.session["_auth_user_id"] == str(acme.users[Role.PROGRAM_LEAD].pk)
    assert len(entries(acme, "sign_on.tied")) == 1


def test_an_address_given_to_somebody_else_opens_nothing(
    sign_on: SignOn, provider: Provider
) -> None:
    come(Client(), sign_on, provider)
    provider.person |= {"sub": "somebody new"}
    client = Client()
    answer = come(client, sign_on, provider)
    assert answer.status_code == 403
    assert "Another account of your provider is tied" in unescape(answer.content.decode())
    assert not signed_in(client)


def test_the_address_may_come_from_the_userinfo(sign_on: SignOn, provider: Provider) -> None:
    provider.in_userinfo = True
    client = Client()
    come(client, sign_on, provider)
    assert signed_in(client)
    assert "Bearer access" in [
        sent.get("Authorization") for where, sent in provider.asked if where == "/userinfo"
    ]


def test_nothing_the_provider_says_is_stored_but_its_id(
    sign_on: SignOn, provider: Provider
) -> None:
    provider.person |= {"picture": "https://acme.test/lena.png", "phone_number": "+49 1"}
    come(Client(), sign_on, provider)
    [tie] = SocialAccount.objects.values("uid", "extra_data")
    assert tie == {"uid": "4711", "extra_data": {}}


def test_an_open_invitation_of_the_address_is_accepted(
    acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    now = datetime.now(UTC)
    with scope.organization(acme.organization.pk):
        Invitation.objects.create(
            organization=acme.organization,
            email="new@acme.test",
            name="Nora New",
            roles=[Role.MEMBER.value],
            token_hash="0" * 64,
            invited_by=acme.users[Role.ADMINISTRATOR],
            expires_at=now + timedelta(days=7),
        )
    provider.person |= {"sub": "new", "email": "New@acme.test"}
    client = Client()
    come(client, sign_on, provider)
    user = User.objects.get(email="new@acme.test")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not user.has_usable_password()
    assert [m.role for m in Membership.unscoped.filter(user=user)] == ["member"]
    assert entries(acme, "invitation.accepted")


def test_an_invitation_that_is_over_lets_nobody_in(
    acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    with scope.organization(acme.organization.pk):
        Invitation.objects.create(
            organization=acme.organization,
            email="late@acme.test",
            roles=[Role.MEMBER.value],
            token_hash="1" * 64,
            expires_at=datetime.now(UTC) - timedelta(minutes=1),
        )
    provider.person |= {"sub": "late", "email": "late@acme.test"}
    assert come(Client(), sign_on, provider).status_code == 403
    assert not User.objects.filter(email="late@acme.test").exists()


# --- who is not let in --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"email_verified": False}, "not verified"),
        ({"email_verified": "true"}, "not verified"),
        ({"email": ""}, "not verified"),
        ({"email": "lena@elsewhere.test"}, "foreign domain"),
        # The operator allows it, the organization did not choose it.
        ({"email": "lena@acme.example"}, "foreign domain"),
        ({"email": "program_lead@acme.test@evil.test"}, "foreign domain"),
        ({"email": "nobody@acme.test"}, "not a member"),
    ],
)
def test_who_is_not_let_in_is_told_why_and_the_trail_says_so(
    said: dict[str, object], reason: str, acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    provider.person |= said
    client, before = Client(), User.objects.count()
    answer = come(client, sign_on, provider)
    assert answer.status_code == 403
    assert not signed_in(client)
    assert User.objects.count() == before
    [refused] = entries(acme, "sign_on.refused")
    assert refused.changes == {"reason": reason}
    assert not SocialAccount.objects.exists()


def test_a_member_of_another_organization_only_is_not_let_in(
    acme: Company, twin: Company, sign_on: SignOn, provider: Provider
) -> None:
    with scope.organization(twin.organization.pk):
        make_membership(user=make_user(email="guest@acme.test"))
    provider.person |= {"sub": "guest", "email": "guest@acme.test"}
    client = Client()
    assert come(client, sign_on, provider).status_code == 403
    assert not signed_in(client)


def test_a_membership_that_has_ended_lets_nobody_in(
    acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    Membership.unscoped.filter(user__email=LEAD).update(until=yesterday)
    assert come(Client(), sign_on, provider).status_code == 403


def other_key(provider: Provider) -> None:
    provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def shared_secret(provider: Provider) -> None:
    provider.signs_with, provider.algorithm = provider.secret.ljust(32), "HS256"


def unsigned(provider: Provider) -> None:
    provider.signs_with, provider.algorithm = "", "none"


def bent(**claims: object) -> Callable[[Provider], None]:
    return lambda provider: provider.bend.update(claims)


BENDINGS = {
    "nonce of another sign-in": bent(nonce="another"),
    "no nonce": bent(nonce=None),
    "another issuer": bent(iss="https://evil.test"),
    "another audience": bent(aud="somebody-else"),
    "another party": bent(azp="somebody-else"),
    "yesterday": bent(exp=1),
    "tomorrow": bent(iat=4_000_000_000),
    "no subject": bent(sub=""),
    "a subject without end": bent(sub="x" * 500),
    "another key": other_key,
    "a shared secret": shared_secret,
    "no signature": unsigned,
}


@pytest.mark.parametrize("name", BENDINGS)
def test_an_answer_that_is_not_quite_right_is_refused(
    name: str, sign_on: SignOn, provider: Provider
) -> None:
    BENDINGS[name](provider)
    client = Client()
    answer = come(client, sign_on, provider)
    assert answer.status_code == 401
    assert "could not be used" in answer.content.decode()
    assert not signed_in(client)


def test_a_state_works_once_and_in_its_own_browser(sign_on: SignOn, provider: Provider) -> None:
    client, thief = Client(), Client()
    back = provider.sign_in(leave(client, sign_on))
    leave(thief, sign_on)
    assert thief.get(back).status_code == 401
    assert not signed_in(thief)
    assert client.get(back).status_code == 302
    client.logout()
    assert client.get(back).status_code == 401
    assert client.get(back.replace("state=", "state=x")).status_code == 401


def test_the_code_is_of_no_use_without_the_verifier(sign_on: SignOn, provider: Provider) -> None:
    """PKCE: a code caught on its way back and put into another browser's sign-in."""
    mine, theirs = Client(), Client()
    caught = provider.sign_in(leave(theirs, sign_on))
    code = re.search(r"code=([^&]+)", caught)
    own = provider.sign_in(leave(mine, sign_on))
    assert code is not None
    assert mine.get(re.sub(r"code=[^&]+", f"code={code[1]}", own)).status_code == 401
    assert not signed_in(mine)


def test_no_link_signs_anybody_in(sign_on: SignOn) -> None:
    page = Client().get(f"/accounts/oidc/{sign_on.slug}/login/")
    assert page.status_code == 200
    assert Client(enforce_csrf_checks=True).post(page.request["PATH_INFO"]).status_code == 403


def test_who_says_no_at_the_provider_comes_back_to_the_sign_in(
    sign_on: SignOn, provider: Provider
) -> None:
    client = Client()
    back = provider.sign_in(leave(client, sign_on))
    state = re.search(r"state=(\w+)", back)
    assert state is not None
    address = f"/accounts/oidc/{sign_on.slug}/login/callback/"
    answer = client.get(address, {"error": "access_denied", "state": state[1]}, follow=True)
    assert "You cancelled the sign-in" in answer.content.decode()


# --- switched off, and not answering ------------------------------------------------------------
@pytest.mark.parametrize("end", ["switched off", "no longer allowed", "organization closed"])
def test_a_provider_that_is_over_lets_nobody_in_and_its_sessions_act_nowhere(
    end: str,
    acme: Company,
    sign_on: SignOn,
    provider: Provider,
    settings: Settings,
) -> None:
    client = Client()
    come(client, sign_on, provider)
    assert client.get("/initiatives/").status_code == 200
    if end == "switched off":
        admin = acme.client(Role.ADMINISTRATOR)
        admin.post(f"/settings/sign-on/{sign_on.public_id}/switch/")
        assert entries(acme, "sign_on.switched_off")
    elif end == "no longer allowed":
        settings.SIGN_ON_ISSUERS = {}
    else:
        acme.organization.active = False
        acme.organization.save(update_fields=["active"])
    assert client.get("/initiatives/")["Location"] == "/no-organization/"
    address = f"/accounts/oidc/{sign_on.slug}/login/"
    unknown = Client().post("/accounts/oidc/unknown/login/")
    for answer in (
        Client().get(address),
        Client().post(address),
        Client().get(address + "callback/"),
    ):
        assert (answer.status_code, answer["Location"]) == (302, unknown["Location"])
    found = Client().post("/accounts/sign-on/", {"email": LEAD})
    assert "No sign-on is set up" in found.content.decode()


def test_a_provider_that_does_not_answer_is_told_and_is_no_fault_of_ours(
    sign_on: SignOn, provider: Provider
) -> None:
    provider.redirects = True
    page = Client().post(f"/accounts/oidc/{sign_on.slug}/login/")
    assert page.status_code == 200
    assert "does not answer now" in page.content.decode()


@pytest.mark.parametrize(
    "named",
    [
        {"issuer": "https://evil.test"},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"token_endpoint": "http://localhost:5432/token"},
        {"jwks_uri": "https://evil.test/keys"},
        {"token_endpoint": None},
        {"jwks_uri": ["x"]},
    ],
)
def test_a_description_that_points_elsewhere_lets_nobody_in(
    named: dict[str, object], sign_on: SignOn, provider: Provider
) -> None:
    provider.discovery = named
    client = Client()
    answer = client.post(f"/accounts/oidc/{sign_on.slug}/login/")
    if answer.status_code == 302:
        answer = client.get(provider.sign_in(answer["Location"]))
        assert answer.status_code == 401
    else:
        assert "does not answer now" in answer.content.decode()
    assert not signed_in(client)


# --- where a session begun by sign-on acts -------------------------------------------------------
@pytest.fixture
def consultant(acme: Company, twin: Company) -> User:
    """Somebody of both organizations."""
    user = acme.users[Role.PROGRAM_LEAD]
    with scope.organization(twin.organization.pk):
        make_membership(user=user)
    return user


@pytest.mark.usefixtures("consultant")
def test_a_session_begun_by_sign_on_acts_in_that_organization_only(
    twin: Company, sign_on: SignOn, provider: Provider
) -> None:
    client = Client()
    come(client, sign_on, provider)
    there = {"organization": str(twin.organization.public_id)}
    assert client.post("/switch/", there).status_code == 404
    session = client.session
    session["organization"] = there["organization"]
    session.save()
    page = client.get("/initiatives/").content.decode()
    assert "CANARY" not in page


@pytest.mark.usefixtures("consultant")
@pytest.mark.parametrize(
    "address",
    [
        *("/accounts/password/change/", "/accounts/password/set/", "/accounts/sessions/"),
        *("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/closed/"),
    ],
)
def test_it_changes_nothing_of_a_login_that_others_share(
    address: str, sign_on: SignOn, provider: Provider
) -> None:
    client = Client()
    come(client, sign_on, provider)
    answer = client.get(address)
    assert answer.status_code == 403
    assert "Sign in with your password" in answer.content.decode()


def test_it_changes_the_login_of_somebody_who_is_nowhere_else(
    sign_on: SignOn, provider: Provider
) -> None:
    client = Client()
    come(client, sign_on, provider)
    assert client.get("/accounts/2fa/totp/activate/").status_code != 403


@pytest.mark.usefixtures("consultant")
def test_a_session_begun_before_by_password_is_replaced(
    acme: Company, twin: Company, sign_on: SignOn, provider: Provider
) -> None:
    client = acme.client(Role.PROGRAM_LEAD)
    come(client, sign_on, provider)
    there = {"organization": str(twin.organization.public_id)}
    assert client.post("/switch/", there).status_code == 404


# --- settings -----------------------------------------------------------------------------------
def form_for(provider: Provider, **more: str) -> dict[str, str]:
    return {
        "name": "Our login",
        "issuer": provider.address,
        "client_id": "last-mile",
        "secret": "the client secret",
        "domains": "acme.test",
    } | more


def test_an_administrator_sets_a_provider_up(acme: Company, provider: Provider) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    page = client.post("/settings/sign-on/", form_for(provider), follow=True).content.decode()
    row = SignOn.unscoped.get()
    assert f"http://testserver/accounts/oidc/{row.slug}/login/callback/" in page
    assert "the client secret" not in page
    [added] = entries(acme, "sign_on.added")
    assert added.changes == {"issuer": provider.address, "domains": ["acme.test"]}


def test_the_secret_is_sealed_and_in_no_trail_and_no_log(
    acme: Company, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        acme.client(Role.ADMINISTRATOR).post("/settings/sign-on/", form_for(provider))
        other_key(provider)
        come(Client(), SignOn.unscoped.get(), provider)
    told = caplog.text
    with connection.cursor() as cursor:
        for table in ("organizations_signon", "organizations_auditevent", "django_session"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            told += str(cursor.fetchone()[0])
    assert "last-mile" in told
    assert "the client secret" not in told
    assert LEAD not in caplog.text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"issuer": "https://evil.test"}, "Select a valid choice"),
        ({"domains": "elsewhere.test"}, "may answer for acme.test, acme.example only"),
        ({"domains": " , "}, "may answer for"),
        ({"secret": ""}, "required"),
    ],
)
def test_what_the_operator_does_not_allow_is_refused(
    more: dict[str, str], words: str, acme: Company, provider: Provider
) -> None:
    page = acme.client(Role.ADMINISTRATOR).post("/settings/sign-on/", form_for(provider, **more))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not SignOn.unscoped.exists()


def test_without_an_allowed_issuer_the_page_says_how_to_allow_one(acme: Company) -> None:
    page = acme.client(Role.ADMINISTRATOR).get("/settings/sign-on/").content.decode()
    assert "LASTMILE_SIGN_ON" in page
    assert "Add the provider" not in page


def test_a_change_without_a_secret_keeps_it_and_another_issuer_forgets_the_ties(
    acme: Company,
    sign_on: SignOn,
    provider: Provider,
    settings: Settings,
) -> None:
    come(Client(), sign_on, provider)
    client, address = acme.client(Role.ADMINISTRATOR), f"/settings/sign-on/{sign_on.public_id}/"
    assert client.post(address, form_for(provider, secret="", name="Work")).status_code == 302
    again = Client()
    come(again, sign_on, provider)
    assert signed_in(again)
    [changed] = entries(acme, "sign_on.changed")
    assert changed.changes == {"fields": ["name"]}
    other = "https://other.acme.test"
    settings.SIGN_ON_ISSUERS = {
        **settings.SIGN_ON_ISSUERS,
        **read_issuers(f"{other} acme.test"),
    }
    client.post(address, form_for(provider, secret="", issuer=other))
    assert not SocialAccount.objects.exists()


def test_ties_are_forgotten_and_a_provider_that_is_off_is_removed(
    acme: Company, sign_on: SignOn, provider: Provider
) -> None:
    come(Client(), sign_on, provider)
    client, address = acme.client(Role.ADMINISTRATOR), f"/settings/sign-on/{sign_on.public_id}/"
    client.post(address + "forget/")
    assert not SocialAccount.objects.exists()
    assert client.post(address + "remove/").status_code == 409
    client.post(address + "switch/")
    client.post(address + "remove/")
    assert not SignOn.unscoped.exists()
    assert [e.changes for e in entries(acme, "sign_on.ties_forgotten")] == [{"ties": 1}]


def test_only_administrators_see_providers(acme: Company, twin: Company, sign_on: SignOn) -> None:
    address = f"/settings/sign-on/{sign_on.public_id}/"
    assert acme.client(Role.PROGRAM_LEAD).get(address).status_code == 403
    assert twin.client(Role.ADMINISTRATOR).get(address).status_code == 404


def test_the_sign_in_page_names_sign_on_only_where_there_is_one(
    acme: Company,
    provider: Provider,
) -> None:
    words = "Sign in with your organization"
    assert words not in Client().get("/accounts/login/").content.decode()
    set_up(acme, provider)
    assert words in Client().get("/accounts/login/").content.decode()


# --- issuers and hosts: what the operator wrote -------------------------------------------------
def test_issuers_are_read_from_one_variable() -> None:
    found = read_issuers(
        "https://a.example/realm one.example,two.example +keys.example private;"
        " http://127.0.0.1:9 acme.test;"
    )
    first, second = found.values()
    assert first == Issuer(
        address="https://a.example/realm",
        domains=("one.example", "two.example"),
        hosts=frozenset({"a.example", "keys.example"}),
        private=True,
    )
    assert first.origin == "https://a.example"
    assert second.loopback


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example",
        "http://a.example acme.test",
        "a.example acme.test",
        "https://a.example?x acme.test",
        "https://u:p@a.example acme.test",
        "https://a.example @acme.test",
        "https://a.example acme",
        "https://a.example acme.test public",
        "https://a.example acme.test;https://a.example acme.test",
    ],
)
def test_an_issuer_that_cannot_be_meant_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_issuers(text)


OUTSIDE = Issuer(
    address="https://login.acme.test", domains=("acme.test",), hosts=frozenset({"login.acme.test"})
)


@pytest.mark.parametrize(
    ("ip", "private", "open_"),
    [
        ("93.184.216.34", False, True),
        ("10.0.0.8", False, False),
        ("10.0.0.8", True, True),
        ("192.168.1.1", False, False),
        ("127.0.0.1", True, False),
        ("169.254.169.254", True, False),
        ("::1", True, False),
        ("fe80::1", True, False),
        ("fd00::1", False, False),
        ("::ffff:127.0.0.1", True, False),
        ("::ffff:169.254.169.254", True, False),
        ("0.0.0.1", True, False),
        ("224.0.0.1", True, False),
    ],
)
def test_the_server_asks_no_address_inside_unless_the_operator_said_so(
    ip: str,
    private: bool,
    open_: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = ipaddress.ip_address(ip).version
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(family, 1, 6, "", (ip, 443))])
    issuer = replace(OUTSIDE, private=private)
    if open_:
        oidc.check_address(issuer, "https://login.acme.test/keys")
        return
    with pytest.raises(requests.exceptions.InvalidURL):
        oidc.check_address(issuer, "https://login.acme.test/keys")


@pytest.mark.parametrize("address", ["http://login.acme.test/", "https://other.acme.test/"])
def test_the_server_asks_no_other_host_and_never_in_clear(address: str) -> None:
    with pytest.raises(requests.exceptions.InvalidURL):
        oidc.check_address(OUTSIDE, address)


def test_an_answer_without_end_is_cut_off(provider: Provider) -> None:
    provider.discovery = {"padding": "x" * (oidc.MOST_BYTES + 1)}
    issuer = next(iter(read_issuers(f"{provider.address} acme.test").values()))
    with pytest.raises(oidc.SignOnFault):
        oidc.discover(issuer)


def test_who_comes_is_written_by_id(acme: Company, sign_on: SignOn, provider: Provider) -> None:
    come(Client(), sign_on, provider)
    [tied] = entries(acme, "sign_on.tied")
    lead = Actor(kind="user", id=acme.users[Role.PROGRAM_LEAD].pk)
    assert (tied.actor_kind, tied.actor_id) == (lead.kind, lead.id)
