"""Sessions: listed without an address, ended one by one or all, never older than they may be."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from organizations import scope
from organizations.actions.accounts import sweep_sessions
from organizations.actions.tenant import grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.devices import device_words
from organizations.calculations.networks import network_of
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Membership, User
from tests.builders import PASSWORD
from tests.cast import Company

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Linux"),
        ("curl/8.5.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(agent: str, words: str) -> None:
    assert device_words(agent) == words


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def browser(user: User, *, agent: str = FIREFOX, address: str = "203.0.113.77") -> Client:
    """Somebody signs in by typing."""
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert signed_in(client)
    return client


def signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def actions(company: Company) -> list[str]:
    with scope.organization(company.organization.pk):
        return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


@pytest.fixture
def lead(acme: Company) -> User:
    return with_password(acme.users[Role.PROGRAM_LEAD])


def test_the_list_names_browser_and_network_and_marks_this_one(lead: User) -> None:
    here = browser(lead)
    browser(lead, agent=SAFARI, address="2001:db8:aaaa:bbbb::1")
    page = here.get("/accounts/sessions/").content.decode()
    assert "You are signed in at 2 browsers" in page
    assert page.index("Firefox on Windows") < page.index("This browser")
    assert page.index("This browser") < page.index("Safari on iPhone")
    assert "203.0.113.0/24" in page
    assert "2001:db8:aaaa::/48" in page


def test_no_full_address_is_kept(lead: User) -> None:
    browser(lead)
    browser(lead, address="2001:db8:aaaa:bbbb::1")
    assert set(UserSession.objects.values_list("ip", flat=True)) == {
        "203.0.113.0",
        "2001:db8:aaaa::",
    }


def test_one_session_is_ended(lead: User, acme: Company) -> None:
    here, there, third = browser(lead), browser(lead, agent=SAFARI), browser(lead)
    row = UserSession.objects.get(session_key=there.session.session_key)
    answer = here.post("/accounts/sessions/", {"session": row.pk})
    assert answer["Location"] == "/accounts/sessions/"
    assert not signed_in(there)
    assert signed_in(here)
    assert signed_in(third)
    assert actions(acme).count("sessions.ended") == 1


def test_all_others_are_ended(lead: User) -> None:
    here, there, third = browser(lead), browser(lead), browser(lead)
    page = here.post("/accounts/sessions/", follow=True).content.decode()
    assert "Signed out in 2 other browsers." in page
    assert (signed_in(here), signed_in(there), signed_in(third)) == (True, False, False)


def test_nobody_ends_a_session_of_somebody_else(lead: User, acme: Company) -> None:
    other = browser(with_password(acme.users[Role.ADMINISTRATOR]))
    row = UserSession.objects.get(session_key=other.session.session_key)
    here = browser(lead)
    for value in (row.pk, "all", "-1", "999999999999999999999"):
        assert here.post("/accounts/sessions/", {"session": value}).status_code == 404
    assert signed_in(other)


def test_a_changed_password_ends_the_others_and_not_this_one(lead: User, acme: Company) -> None:
    here, there = browser(lead), browser(lead)
    new = "quiet harbour lamps"
    answer = here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert answer["Location"] == "/profile/"
    assert (signed_in(here), signed_in(there)) == (True, False)
    assert UserSession.objects.filter(user=lead).count() == 1
    assert "password.changed" in actions(acme)


def test_the_sign_in_gets_a_new_key(lead: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    client.post("/accounts/login/", {"login": lead.email, "password": PASSWORD})
    assert signed_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_new_role_renews_the_key_and_keeps_the_session(lead: User, acme: Company) -> None:
    client = browser(lead)
    before = client.session.session_key
    assert signed_in(client)
    assert client.session.session_key == before
    grant_role(
        organization=acme.organization,
        user=lead,
        role=Role.EXECUTIVE,
        actor=SYSTEM,
        now=datetime.now(UTC),
    )
    assert signed_in(client)
    after = client.session.session_key
    assert after != before
    assert not signed_in(Client(headers={"Cookie": f"sessionid={before}"}))
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [after]


def test_a_lost_role_renews_the_key_as_well(lead: User) -> None:
    client = browser(lead)
    before = client.session.session_key
    Membership.unscoped.filter(user=lead).delete()
    assert signed_in(client)
    assert client.session.session_key != before


def test_an_hour_without_use_ends_the_session_and_the_list_forgets_it(lead: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        idle, here = browser(lead), browser(lead)
        for _ in range(3):
            clock.shift(30 * 60)
            assert signed_in(here)
        assert "at this browser only" in here.get("/accounts/sessions/").content.decode()
        assert not signed_in(idle)


def test_twelve_hours_end_the_session_in_spite_of_use(lead: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        here = browser(lead)
        for _ in range(24):
            assert signed_in(here)
            clock.shift(30 * 60)
        clock.shift(1)
        assert not signed_in(here)


def test_the_night_deletes_what_has_ended(lead: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        browser(lead)
        clock.shift(50 * 60)
        here = browser(lead)
        clock.shift(20 * 60)
        now = NOON + timedelta(minutes=70)
        assert sweep_sessions(now=now) == 1
        assert sweep_sessions(now=now) == 0
        assert Session.objects.count() == 1
        assert signed_in(here)


def test_signing_in_and_failing_are_told_to_every_organization(
    lead: User, acme: Company, twin: Company
) -> None:
    grant_role(
        organization=twin.organization,
        user=lead,
        role=Role.MEMBER,
        actor=SYSTEM,
        now=datetime.now(UTC),
    )
    wrong = {"login": lead.email.upper(), "password": "not the password"}
    Client().post("/accounts/login/", wrong)
    browser(lead)
    for company in (acme, twin):
        assert actions(company)[-2:] == ["user.sign_in_failed", "user.signed_in"]
        with scope.organization(company.organization.pk):
            entry = AuditEvent.objects.latest("sequence")
            assert (entry.actor_kind, entry.actor_id) == ("user", lead.pk)
            assert entry.changes == {"by": ["password"]}
            kept = str(list(AuditEvent.objects.values()))
        assert lead.email not in kept.casefold()
        assert "203.0.113" not in kept


def test_a_wrong_password_of_an_unknown_address_is_nobodys(acme: Company) -> None:
    before = actions(acme)
    Client().post("/accounts/login/", {"login": "who@acme.test", "password": "not the password"})
    assert actions(acme) == before


def test_a_sign_in_that_cannot_be_told_does_not_happen(
    lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**kwargs: object) -> None:
        raise RuntimeError("the trail is closed")

    monkeypatch.setattr("organizations.actions.accounts.record", refuse)
    client = Client(raise_request_exception=False)
    answer = client.post("/accounts/login/", {"login": lead.email, "password": PASSWORD})
    assert answer.status_code == 500
    assert client.get("/profile/").status_code == 302


# --- resetting the password ---------------------------------------------------------------------
def test_a_reset_reads_the_same_for_an_address_that_nobody_has(lead: User) -> None:
    answers = {
        Client().post("/accounts/password/reset/", {"email": email}, follow=True).content
        for email in (lead.email, "who@acme.test")
    }
    assert len(answers) == 1
