"""A second factor: who needs one, what asks for a fresh one, and that a code works once."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from organizations import scope
from organizations.actions.tenant import grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.calculations.second_factor import NEEDED_BY, days_left, is_fresh
from organizations.models import ApiKey, AuditEvent, Organization, User
from tests.builders import PASSWORD
from tests.cast import Company
from tests.second_factor import code_for, code_of, confirm, recovery_codes, set_up_app

SETUP = "/accounts/2fa/"
CONFIRM = "/accounts/2fa/reauthenticate/"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
KEY_FORM = {"name": "Nightly", "scopes": ["ingest:usage"], "days": "90"}


@pytest.fixture(autouse=True)
def required(settings: LazySettings) -> None:
    settings.REQUIRE_MFA = True


def user_of(company: Company, role: Role) -> User:
    """A login of the cast with a password to type."""
    user = company.users[role]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def sign_in(user: User) -> tuple[Client, str]:
    """Type address and password; the client, and the address it is led to."""
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client, answer["Location"]


def entries(company: Company, action: str) -> list[AuditEvent]:
    with scope.organization(company.organization.pk):
        return list(AuditEvent.objects.filter(action=action))


# --- arithmetic ---------------------------------------------------------------------------------
def test_the_week_is_counted_in_started_days() -> None:
    def left(**after: int) -> int:
        return days_left(first_signed_in_at=NOON, now=NOON + timedelta(**after))

    assert (left(), left(hours=1), left(days=1), left(days=6, hours=23)) == (7, 7, 6, 1)
    assert (left(days=7), left(days=70)) == (0, 0)
    assert days_left(first_signed_in_at=None, now=NOON) == 7


def test_a_use_counts_for_ten_minutes_and_not_before_it_happened() -> None:
    assert is_fresh(used_at=1000, now=1600)
    assert not is_fresh(used_at=1000, now=1601)
    assert not is_fresh(used_at=1000, now=999)


# --- who needs one ------------------------------------------------------------------------------
@pytest.mark.parametrize("role", Role)
def test_roles_that_decide_are_led_to_the_set_up_after_a_week(role: Role, acme: Company) -> None:
    user = acme.users[role]
    user.first_signed_in_at = datetime.now(UTC) - timedelta(days=7)
    user.save(update_fields=["first_signed_in_at"])
    answer = acme.client(role).get("/", follow=True)
    led = answer.redirect_chain[-1][0] == SETUP
    assert led == (role in NEEDED_BY)
    assert answer.status_code == 200


def test_before_that_a_banner_tells_the_days(acme: Company) -> None:
    user = acme.users[Role.PROGRAM_LEAD]
    user.first_signed_in_at = datetime.now(UTC) - timedelta(days=4, hours=1)
    user.save(update_fields=["first_signed_in_at"])
    client = acme.client(Role.PROGRAM_LEAD)
    words = "needs a second factor within 3 days"
    assert words in client.get("/sprint/").content.decode()
    set_up_app(user)
    assert words not in client.get("/sprint/").content.decode()


def test_other_roles_see_no_banner(acme: Company) -> None:
    assert "second factor within" not in acme.client(Role.MEMBER).get("/me/").content.decode()


def overdue(company: Company, role: Role = Role.ADMINISTRATOR) -> Client:
    user = company.users[role]
    user.first_signed_in_at = datetime.now(UTC) - timedelta(days=30)
    user.save(update_fields=["first_signed_in_at"])
    return company.client(role)


def test_what_everybody_may_do_with_the_own_login_stays_open(acme: Company) -> None:
    client = overdue(acme)
    for address in ("/profile/", "/accounts/sessions/", SETUP, "/accounts/logout/"):
        assert client.get(address).status_code == 200, address
    assert client.get("/data/")["Location"] == SETUP
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"


def test_the_other_organization_opens_when_it_asks_for_none(acme: Company, twin: Company) -> None:
    user = acme.users[Role.ADMINISTRATOR]
    with scope.organization(twin.organization.pk):
        grant_role(
            organization=twin.organization,
            user=user,
            role=Role.ADMINISTRATOR,
            actor=SYSTEM,
            now=datetime.now(UTC),
        )
    Organization.objects.filter(pk=twin.organization.pk).update(require_mfa=False)
    client = overdue(acme)
    assert client.get("/data/")["Location"] == SETUP
    client.post("/switch/", {"organization": str(twin.organization.public_id)})
    assert client.get("/data/").status_code == 200


def test_an_installation_without_the_requirement_asks_nobody(
    acme: Company, settings: LazySettings
) -> None:
    settings.REQUIRE_MFA = False
    assert overdue(acme).get("/data/").status_code == 200


def test_the_first_sign_in_starts_the_week_and_the_second_does_not(acme: Company) -> None:
    user = user_of(acme, Role.PROGRAM_LEAD)
    with time_machine.travel(NOON, tick=False):
        sign_in(user)
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        sign_in(user)
    user.refresh_from_db()
    assert user.first_signed_in_at == NOON


# --- setting one up -----------------------------------------------------------------------------
def enrol(client: Client) -> str:
    """Type the password once more, then the code of the secret. Returns the secret."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    secret: str = page.context["form"].secret
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    return secret


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_and_asked_for_at_the_next_sign_in(acme: Company) -> None:
    user = user_of(acme, Role.PROGRAM_LEAD)
    client, _ = sign_in(user)
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        secret = enrol(client)
        clock.shift(120)
        again, led_to = sign_in(user)
        assert led_to == "/accounts/2fa/authenticate/"
        assert again.get("/sprint/").status_code == 302
        again.post(led_to, {"code": code_for(secret)})
        assert again.get("/sprint/").status_code == 200
    kinds = [entry.changes for entry in entries(acme, "second_factor.added")]
    assert {"kind": "app"} in kinds
    by = [entry.changes["by"] for entry in entries(acme, "user.signed_in")]
    assert by == [["password"], ["app", "password"]]


@pytest.mark.django_db(transaction=True)
def test_the_secret_of_an_app_is_sealed_in_the_database(acme: Company) -> None:
    client, _ = sign_in(user_of(acme, Role.PROGRAM_LEAD))
    secret = enrol(client)
    stored = [str(data) for data in Authenticator.objects.values_list("data", flat=True)]
    assert len(stored) == 2
    assert not [data for data in stored if secret in data]


def test_setting_up_asks_for_the_password_first(acme: Company) -> None:
    client, _ = sign_in(user_of(acme, Role.PROGRAM_LEAD))
    answer = client.get("/accounts/2fa/totp/activate/")
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")


def test_recovery_codes_are_shown_downloaded_and_replaced(acme: Company) -> None:
    client, app = member_with_app(acme)
    confirm(client, app)
    user = acme.users[Role.PROGRAM_LEAD]
    before = recovery_codes(user)
    shown = client.get("/accounts/2fa/recovery-codes/").content.decode()
    file = client.get("/accounts/2fa/recovery-codes/download/")
    assert all(code in shown and code in file.content.decode() for code in before)
    assert "attachment" in file["Content-Disposition"]
    client.post("/accounts/2fa/recovery-codes/generate/")
    assert not set(before) & set(recovery_codes(user))


def test_with_a_second_factor_a_password_alone_does_not_remove_it(acme: Company) -> None:
    user = user_of(acme, Role.PROGRAM_LEAD)
    client, app = member_with_app(acme)
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer["Location"] == CONFIRM
    assert client.post("/accounts/2fa/totp/deactivate/")["Location"].startswith(CONFIRM)
    confirm(client, app)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=user).exists()
    assert [e.changes for e in entries(acme, "second_factor.removed")] == [
        {"kind": "app"},
        {"kind": "recovery code"},
    ]


def test_the_operator_helps_whoever_lost_everything(acme: Company) -> None:
    user = user_of(acme, Role.PROGRAM_LEAD)
    client, _ = member_with_app(acme)
    assert client.get("/profile/").status_code == 200
    call_command("remove_second_factor", user.email.upper(), stdout=StringIO())
    assert client.get("/profile/").status_code == 302
    assert sign_in(user)[1] == "/"
    (entry,) = entries(acme, "second_factor.removed")
    assert (entry.actor_kind, entry.changes) == ("system", {"factors": 2})
    with pytest.raises(CommandError, match="No login"):
        call_command("remove_second_factor", "who@acme.test")


def test_after_another_secret_key_the_factor_is_lost_and_the_page_says_so(
    acme: Company, settings: LazySettings
) -> None:
    app = set_up_app(acme.users[Role.PROGRAM_LEAD])
    code = code_of(app)
    settings.SECRET_KEY = "another key of at least thirty-two signs"
    answer = half_signed_in(acme).post("/accounts/2fa/authenticate/", {"code": code})
    assert answer.status_code == 409
    assert "earlier key of this installation" in answer.content.decode()


# --- codes --------------------------------------------------------------------------------------
def half_signed_in(company: Company) -> Client:
    """Somebody who typed the password and is asked for the code."""
    client, led_to = sign_in(user_of(company, Role.PROGRAM_LEAD))
    assert led_to == "/accounts/2fa/authenticate/"
    return client


def enter(client: Client, code: str) -> bool:
    """Whether a code ends the sign-in."""
    client.post("/accounts/2fa/authenticate/", {"code": code})
    return client.get("/profile/").status_code == 200


def test_a_code_of_the_app_works_once_for_as_long_as_it_fits(acme: Company) -> None:
    app = set_up_app(acme.users[Role.PROGRAM_LEAD])
    with time_machine.travel(NOON, tick=False) as clock:
        code = code_of(app)
        assert enter(half_signed_in(acme), code)
        for _ in range(3):
            clock.shift(15)
            assert not enter(half_signed_in(acme), code)
        assert enter(half_signed_in(acme), code_of(app))


def test_a_clock_half_a_minute_off_is_forgiven_and_two_minutes_are_not(acme: Company) -> None:
    app = set_up_app(acme.users[Role.PROGRAM_LEAD])
    with time_machine.travel(NOON, tick=False):
        assert enter(half_signed_in(acme), code_of(app, steps=1))
        assert enter(half_signed_in(acme), code_of(app, steps=-1))
        assert not enter(half_signed_in(acme), code_of(app, steps=4))


def test_a_recovery_code_works_once_and_is_told_in_the_trail(acme: Company) -> None:
    set_up_app(acme.users[Role.PROGRAM_LEAD])
    code = recovery_codes(acme.users[Role.PROGRAM_LEAD])[0]
    client = half_signed_in(acme)
    assert enter(client, code)
    assert "9 recovery codes left" in client.get("/profile/").content.decode()
    assert not enter(half_signed_in(acme), code)
    assert len(entries(acme, "second_factor.recovery_used")) == 1
    assert len(entries(acme, "second_factor.failed")) == 1


def test_after_five_wrong_codes_the_right_one_has_to_wait(acme: Company) -> None:
    app = set_up_app(acme.users[Role.PROGRAM_LEAD])
    with time_machine.travel(NOON, tick=False) as clock:
        client = half_signed_in(acme)
        for _ in range(5):
            assert not enter(client, "000000")
        assert not enter(client, code_of(app))
        clock.shift(15 * 60 + 1)
        assert enter(half_signed_in(acme), code_of(app))


def test_too_many_confirmations_are_answered_by_a_page_that_says_when(acme: Company) -> None:
    client, _ = member_with_app(acme)
    answers = [client.post(CONFIRM, {"code": "000000"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [*[200] * 20, 429]
    assert answers[-1]["Retry-After"] == "900"
    assert "Nothing was changed." in answers[-1].content.decode()


def test_who_has_an_app_only_is_not_offered_a_passkey(acme: Company) -> None:
    set_up_app(acme.users[Role.PROGRAM_LEAD])
    page = half_signed_in(acme).get("/accounts/2fa/authenticate/").content.decode()
    assert "Enter a code" in page
    assert "passkey" not in page.replace("passkeys.js", "")


# --- a fresh one --------------------------------------------------------------------------------
def member_with_app(company: Company, role: Role = Role.PROGRAM_LEAD):  # type: ignore[no-untyped-def]
    app = set_up_app(company.users[role])
    return company.client(role), app


def test_without_one_the_keys_lead_to_the_set_up_and_say_why(acme: Company) -> None:
    client = acme.client(Role.PROGRAM_LEAD)
    answer = client.get("/data/keys/", follow=True)
    assert answer.redirect_chain[-1][0] == SETUP
    assert "What you asked for needs a second factor." in answer.content.decode()
    assert client.session["second_factor_go_on"] == "/data/keys/"


def test_a_fresh_one_opens_the_keys_for_ten_minutes(acme: Company) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        client, app = member_with_app(acme)
        led_to = client.get("/data/keys/?page=1")["Location"]
        assert led_to == f"{CONFIRM}?next=%2Fdata%2Fkeys%2F%3Fpage%3D1"
        answer = client.post(led_to, {"code": code_of(app), "next": "/data/keys/?page=1"})
        assert answer["Location"] == "/data/keys/?page=1"
        clock.shift(10 * 60)
        assert client.get("/data/keys/").status_code == 200
        clock.shift(1)
        assert client.get("/data/keys/").status_code == 302


def test_a_stale_form_changes_nothing_and_its_sender_is_told(acme: Company) -> None:
    client, _ = member_with_app(acme)
    before = ApiKey.unscoped.count()
    answer = client.post(
        "/data/keys/", KEY_FORM, headers={"Referer": "http://testserver/data/keys/?page=2"}
    )
    assert answer["Location"] == f"{CONFIRM}?next=%2Fdata%2Fkeys%2F%3Fpage%3D2"
    assert "Nothing was changed." in client.get(answer["Location"]).content.decode()
    assert ApiKey.unscoped.count() == before


def test_the_way_back_never_leaves_the_site(acme: Company) -> None:
    client, _ = member_with_app(acme)
    answer = client.post("/data/keys/", KEY_FORM, headers={"Referer": "https://evil.test/x"})
    assert answer["Location"] == f"{CONFIRM}?next=%2F"


def test_a_part_of_a_page_leads_the_whole_page(acme: Company) -> None:
    client, _ = member_with_app(acme)
    here = "http://testserver/data/keys/"
    answer = client.get("/data/keys/", headers={"HX-Request": "true", "HX-Current-URL": here})
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == f"{CONFIRM}?next=%2Fdata%2Fkeys%2F"


def test_a_key_is_revoked_only_with_a_fresh_one(acme: Company) -> None:
    client, app = member_with_app(acme)
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get()
    client.post(f"/data/keys/{key.public_id}/revoke/")
    assert revoked_at(key) is None
    confirm(client, app)
    client.post(f"/data/keys/{key.public_id}/revoke/")
    assert revoked_at(key) is not None


def revoked_at(key: ApiKey) -> datetime | None:
    return ApiKey.unscoped.values_list("revoked_at", flat=True).get(pk=key.pk)


def test_the_list_of_people_leaves_only_with_a_fresh_one(acme: Company) -> None:
    client, app = member_with_app(acme)
    assert client.get("/people/export.csv").status_code == 302
    confirm(client, app)
    assert client.get("/people/export.csv").status_code == 200


def test_a_second_factor_of_the_sign_in_counts_as_fresh(acme: Company) -> None:
    app = set_up_app(acme.users[Role.PROGRAM_LEAD])
    client = half_signed_in(acme)
    assert enter(client, code_of(app))
    assert client.get("/data/keys/").status_code == 200


def test_somebody_elses_second_factor_in_the_same_browser_does_not_count(acme: Company) -> None:
    """The session of a half-finished sign-in is taken over by the next one."""
    set_up_app(acme.users[Role.ADMINISTRATOR])
    client, app = member_with_app(acme)
    confirm(client, app)
    client.force_login(
        acme.users[Role.ADMINISTRATOR],
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    assert client.get("/data/keys/").status_code == 302


def test_where_the_organization_asks_for_none_only_those_who_have_one_confirm(
    acme: Company,
) -> None:
    Organization.objects.filter(pk=acme.organization.pk).update(require_mfa=False)
    assert acme.client(Role.ADMINISTRATOR).get("/data/keys/").status_code == 200
    client, _ = member_with_app(acme)
    assert client.get("/data/keys/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_setting_one_up_counts_as_using_it(acme: Company) -> None:
    client, _ = sign_in(user_of(acme, Role.PROGRAM_LEAD))
    client.get("/data/keys/")
    enrol(client)
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert 'href="/data/keys/"' in page
    assert client.get("/data/keys/").status_code == 200
