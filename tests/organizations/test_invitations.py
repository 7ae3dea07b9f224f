"""Invitations: one address, one use, seven days."""

import re
from datetime import timedelta
from threading import Thread

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from organizations import scope
from organizations.actions.invitations import Inviting, accept, find_invitation, invite
from organizations.actions.members import RolesWanted
from organizations.actions.tenant import NewLogin, get_or_create_user, grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.calculations.sealing import unseal
from organizations.calculations.tokens import new_token, token_hash
from organizations.errors import LastMileError, NotFound
from organizations.models import (
    AuditEvent,
    Department,
    Invitation,
    Mail,
    Membership,
    MembershipDepartment,
    Organization,
    Person,
    User,
)
from tests.builders import NOW, TODAY, make_person
from tests.cast import CANARY

pytestmark = pytest.mark.django_db

NEW = "ines.duarte@acme.test"
FORM = {"addresses": NEW, "roles": ["program_lead", "administrator"]}
ANSWER = {"name": "Ines Duarte", "password": "a long enough sentence"}


@pytest.fixture
def administrator(acme):
    return acme.client(Role.ADMINISTRATOR)


def link_of(company, address: str = NEW) -> str:
    """The path in the newest invitation mail to an address."""
    with scope.organization(company.organization.pk):
        mail = Mail.objects.filter(kind="invitation", address=address).latest("pk")
    link = unseal(mail.sealed_link, secret=django_settings.SECRET_KEY)
    return re.sub(r"^https?://[^/]+", "", link)


def invited(company, administrator, **form) -> str:
    answer = administrator.post(reverse("member_invite"), FORM | form)
    assert answer.status_code == 302, answer.content
    return link_of(company, form.get("addresses", NEW))


def only_invitation(company) -> Invitation:
    with scope.organization(company.organization.pk):
        return Invitation.objects.get()


def actions(company) -> list[str]:
    with scope.organization(company.organization.pk):
        found = AuditEvent.objects.filter(action__startswith="invitation.").order_by("sequence")
        return list(found.values_list("action", flat=True))


# --- inviting -----------------------------------------------------------------------------------
def test_each_address_gets_a_mail_with_a_link_of_its_own(acme, administrator):
    administrator.post(
        reverse("member_invite"), {"addresses": "a@x.test\nB@x.test, a@x.test", "roles": ["member"]}
    )

    with scope.organization(acme.organization.pk):
        mails = Mail.objects.filter(kind="invitation").order_by("address")
        assert [mail.address for mail in mails] == ["a@x.test", "b@x.test"]
        text = unseal(mails[0].sealed_text, secret=django_settings.SECRET_KEY)
    assert "Role: Member." in text
    assert "Acme" in text
    assert link_of(acme, "a@x.test") != link_of(acme, "b@x.test")


def test_the_database_holds_no_link_in_clear(acme, administrator):
    token = invited(acme, administrator).strip("/").split("/")[-1]
    assert len(token) == 43
    found = only_invitation(acme)
    assert found.token_hash == token_hash(
        token, purpose="invitation", secret=django_settings.SECRET_KEY
    )
    with connection.cursor() as cursor:
        for table in ("invitation", "mail", "auditevent"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM organizations_{table} t")
            assert token not in cursor.fetchone()[0]


def test_a_token_of_one_door_opens_no_other():
    token = new_token()
    hashes = {token_hash(token, purpose=one, secret="s" * 40) for one in ("invitation", "share")}
    assert len(hashes) == 2


def test_a_bad_list_invites_nobody(acme, administrator):
    for addresses, words in (
        ("fine@x.test\nnot an address", "Not an email address: not an address."),
        ("fine@x.test\nmember@acme.test", "Members already: member@acme.test."),
        ("\n".join(f"a{n}@x.test" for n in range(51)), "At most 50 addresses"),
        (" ", "This field is required."),
        (",;", "Write at least one address."),
    ):
        answer = administrator.post(
            reverse("member_invite"), {"addresses": addresses, "roles": ["member"]}
        )
        assert words in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not Invitation.objects.exists()
        assert not Mail.objects.exists()


def test_an_open_invitation_is_not_doubled(acme, administrator):
    invited(acme, administrator)
    again = administrator.post(reverse("member_invite"), FORM)
    assert f"Invited already: {NEW}." in again.content.decode()
    assert only_invitation(acme).email == NEW


def test_an_expired_invitation_makes_way_for_a_new_one(acme, administrator):
    invited(acme, administrator)
    Invitation.unscoped.update(expires_at=NOW - timedelta(days=1))
    invited(acme, administrator)
    with scope.organization(acme.organization.pk):
        assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_a_facilitator_is_invited_alone_and_for_a_time(acme, administrator):
    far = (NOW + timedelta(days=400)).date()
    for form, words in (
        ({"roles": ["facilitator"]}, "at the latest"),
        ({"roles": ["facilitator"], "until": far}, "at the latest"),
        ({"roles": ["facilitator", "member"], "until": far}, "holds no other role here"),
    ):
        answer = administrator.post(reverse("member_invite"), {"addresses": NEW, **form})
        assert words in answer.content.decode()


def test_the_page_says_where_the_link_is_while_no_mail_is_sent(acme, administrator, settings):
    settings.SENDS_MAIL = False
    page = administrator.get(reverse("member_invite")).content.decode()
    assert "No mail server is set up" in page
    assert reverse("mail") in page
    settings.SENDS_MAIL = True
    assert "No mail server" not in administrator.get(reverse("member_invite")).content.decode()
    Organization.objects.filter(pk=acme.organization.pk).update(example=True)
    page = administrator.get(reverse("member_invite")).content.decode()
    assert "example organization never leave it" in page


def test_inviting_wants_a_fresh_second_factor(acme, administrator, settings):
    settings.REQUIRE_MFA = True
    assert "2fa" in administrator.post(reverse("member_invite"), FORM)["Location"]
    with scope.organization(acme.organization.pk):
        assert not Invitation.objects.exists()


# --- accepting ----------------------------------------------------------------------------------
def test_opening_the_link_changes_nothing_and_signs_nobody_in(acme, administrator):
    link = invited(acme, administrator)
    stranger = Client()

    page = stranger.get(link).content.decode()

    assert "Join Acme" in page
    assert "administrator invites you" in page
    assert "Program lead, administrator" in page
    assert "_auth_user_id" not in stranger.session
    assert only_invitation(acme).accepted_at is None


def test_a_stranger_gets_a_login_and_the_roles(acme, administrator):
    link = invited(acme, administrator)
    stranger = Client()

    answer = stranger.post(link, ANSWER)

    assert answer["Location"] == reverse("home")
    user = User.objects.get(email=NEW)
    assert user.name == "Ines Duarte"
    assert user.check_password(ANSWER["password"])
    assert user.first_signed_in_at is not None
    held = Membership.unscoped.filter(user=user)
    assert {row.role for row in held} == {"program_lead", "administrator"}
    assert {row.invited_by for row in held} == {acme.users[Role.ADMINISTRATOR]}
    assert stranger.get(reverse("people")).status_code == 200
    assert actions(acme) == ["invitation.made", "invitation.accepted"]


def test_a_link_works_once(acme, administrator):
    link = invited(acme, administrator)
    Client().post(link, ANSWER)

    second = Client()
    for answer in (second.get(link), second.post(link, ANSWER | {"name": "Eve"})):
        assert answer.status_code == 404
        assert "Acme" not in answer.content.decode()
    assert User.objects.get(email=NEW).name == "Ines Duarte"


def test_a_weak_password_is_told_beside_its_field_and_uses_nothing_up(acme, administrator):
    link = invited(acme, administrator)
    answer = Client().post(link, ANSWER | {"password": "short"})
    assert answer.status_code == 200
    assert "at least 12 characters" in answer.content.decode()
    assert not User.objects.filter(email=NEW).exists()
    assert Client().post(link, ANSWER).status_code == 302


def test_every_other_link_gets_the_same_answer(acme, administrator):
    used, revoked, expired, closed = (
        invited(acme, administrator, addresses=f"{word}@x.test")
        for word in ("used", "revoked", "expired", "closed")
    )
    with scope.organization(acme.organization.pk):
        rows = Invitation.objects
        rows.filter(email="used@x.test").update(accepted_at=NOW)
        rows.filter(email="revoked@x.test").update(revoked_at=NOW)
        rows.filter(email="expired@x.test").update(expires_at=NOW - timedelta(seconds=1))
    bodies = {
        Client().get(one).content
        for one in (used, revoked, expired, reverse("invitation", args=["nonsense"]))
    }
    Organization.objects.filter(pk=acme.organization.pk).update(active=False)
    bodies.add(Client().get(closed).content)
    assert len(bodies) == 1
    assert Client().post(closed, ANSWER).status_code == 404


def test_a_link_lives_seven_days_to_the_second(acme, administrator, time_machine):
    time_machine.move_to(NOW, tick=False)
    link = invited(acme, acme.client(Role.ADMINISTRATOR))
    time_machine.move_to(NOW + timedelta(days=7, seconds=-1), tick=False)
    assert Client().get(link).status_code == 200
    time_machine.move_to(NOW + timedelta(days=7), tick=False)
    assert Client().get(link).status_code == 404


def test_an_address_with_a_login_signs_in_first(acme, twin, administrator):
    link = invited(acme, administrator, addresses="member@twin.test")
    stranger = Client()

    page = stranger.get(link).content.decode()
    taken = stranger.post(link, ANSWER)

    assert f"{reverse('account_login')}?next={link}" in page
    assert "Accept and sign in" not in page
    assert taken.status_code == 200
    assert "_auth_user_id" not in stranger.session
    assert only_invitation(acme).accepted_at is None


def test_a_known_login_accepts_and_keeps_its_other_organization_apart(acme, twin, administrator):
    link = invited(acme, administrator, addresses="member@twin.test")
    known = twin.client(Role.MEMBER)

    assert "Accept as member" in known.get(link).content.decode()
    assert known.post(link)["Location"] == reverse("home")

    people = known.get(reverse("people")).content.decode()
    assert "Bo Chen" in people
    assert CANARY not in people.replace(twin.organization.name, "")
    rows = Membership.unscoped.filter(user=twin.users[Role.MEMBER])
    assert set(rows.values_list("organization__name", "role")) == {
        ("Acme", "administrator"),
        ("Acme", "program_lead"),
        (twin.organization.name, "member"),
    }


def test_another_login_is_refused_in_plain_words(acme, twin, administrator):
    link = invited(acme, administrator)
    other = twin.client(Role.EXECUTIVE)

    page = other.get(link).content.decode()
    answer = other.post(link, ANSWER)

    assert f"This invitation is for {NEW}" in page
    assert answer.status_code == 200
    assert only_invitation(acme).accepted_at is None
    assert not User.objects.filter(email=NEW).exists()


def test_a_champion_gets_the_departments_and_the_link_to_the_directory(acme, administrator):
    with scope.organization(acme.organization.pk):
        department = Department.objects.get(key="Operations / Warehouse")
        make_person(email=NEW, name="Ines Duarte")
    link = invited(acme, administrator, roles=["champion"], departments=[str(department.public_id)])
    assert "Operations / Warehouse" in Client().get(link).content.decode()

    Client().post(link, ANSWER)

    with scope.organization(acme.organization.pk):
        owned = MembershipDepartment.objects.filter(membership__user__email=NEW)
        assert [one.department for one in owned] == [department]
        assert Person.objects.get(email=NEW).user.email == NEW


def test_a_member_cannot_become_a_facilitator_by_a_link(acme, administrator):
    """Invited as facilitator, made a member meanwhile: the link refuses, and nothing is lost."""
    until = (NOW + timedelta(days=20)).date()
    with scope.organization(acme.organization.pk):
        [made] = invite(
            inviting=Inviting(
                organization=acme.organization,
                by=acme.users[Role.ADMINISTRATOR],
                site="http://testserver",
            ),
            addresses=["jonas@x.test"],
            wanted=RolesWanted(roles=frozenset({Role.FACILITATOR}), until=until),
            today=TODAY,
            now=NOW,
        )
    user = get_or_create_user(NewLogin(email="jonas@x.test", name="Jonas"))
    grant_role(organization=acme.organization, user=user, role=Role.MEMBER, actor=SYSTEM, now=NOW)

    with pytest.raises(LastMileError) as refusal:
        accept(invitation=made, user=user, now=NOW)

    assert refusal.value.code == "facilitator_alone"
    made.refresh_from_db()
    assert made.accepted_at is None


def test_a_role_that_is_over_does_not_stand_in_the_way(in_acme):
    until = TODAY + timedelta(days=20)
    facilitator = in_acme.users[Role.FACILITATOR]
    Membership.objects.filter(user=facilitator).update(until=TODAY - timedelta(days=1))
    inviting = Inviting(
        organization=in_acme.organization, by=in_acme.users[Role.ADMINISTRATOR], site="http://x"
    )
    [made] = invite(
        inviting=inviting,
        addresses=[facilitator.email],
        wanted=RolesWanted(roles=frozenset({Role.MEMBER}), until=until),
        today=TODAY,
        now=NOW,
    )

    accept(invitation=made, user=facilitator, now=NOW)

    rows = Membership.objects.filter(user=facilitator).values_list("role", "until")
    assert list(rows) == [("member", until)]


# --- again, and back ----------------------------------------------------------------------------
def test_a_new_link_ends_the_old_one_and_lives_seven_days(acme, administrator):
    old = invited(acme, administrator)
    Invitation.unscoped.update(expires_at=NOW - timedelta(days=1))

    administrator.post(reverse("invitation_resend", args=[only_invitation(acme).public_id]))

    assert link_of(acme) != old
    assert Client().get(old).status_code == 404
    assert Client().get(link_of(acme)).status_code == 200
    assert actions(acme) == ["invitation.made", "invitation.sent_again"]


def test_what_was_taken_back_opens_nothing_and_cannot_be_sent_again(acme, administrator):
    link = invited(acme, administrator)
    public_id = only_invitation(acme).public_id

    for _ in range(2):
        administrator.post(reverse("invitation_revoke", args=[public_id]))

    assert Client().get(link).status_code == 404
    again = administrator.post(reverse("invitation_resend", args=[public_id]))
    assert again.status_code == 409
    assert actions(acme) == ["invitation.made", "invitation.revoked"]


def test_links_that_have_served_are_emptied_in_their_mails(acme, administrator):
    used = invited(acme, administrator)
    invited(acme, administrator, addresses="second@x.test")
    Client().post(used, ANSWER)
    with scope.organization(acme.organization.pk):
        back = Invitation.objects.get(email="second@x.test").public_id
    administrator.post(reverse("invitation_revoke", args=[back]))
    with scope.organization(acme.organization.pk):
        assert set(Mail.objects.values_list("sealed_link", flat=True)) == {""}


def test_invitations_of_another_organization_are_not_there(acme, twin, administrator):
    invited(twin, twin.client(Role.ADMINISTRATOR), addresses="x@canary.test")
    theirs = only_invitation(twin).public_id
    for name in ("invitation_resend", "invitation_revoke"):
        assert administrator.post(reverse(name, args=[theirs])).status_code == 404
    assert "canary" not in administrator.get(reverse("invitations")).content.decode()
    assert only_invitation(twin).revoked_at is None


def test_the_list_tells_each_state_and_filters_by_it(acme, administrator):
    for word in ("open", "expired", "accepted", "revoked"):
        invited(acme, administrator, addresses=f"{word}@x.test")
    with scope.organization(acme.organization.pk):
        rows = Invitation.objects
        rows.filter(email="expired@x.test").update(expires_at=NOW - timedelta(days=1))
        rows.filter(email="accepted@x.test").update(accepted_at=NOW)
        rows.filter(email="revoked@x.test").update(revoked_at=NOW)

    page = administrator.get(reverse("invitations")).content.decode()

    assert "1 invitation waits" in page
    for word in ("open", "expired", "accepted", "revoked"):
        found = administrator.get(reverse("invitations") + f"?state={word}").content.decode()
        shown = {one for one in ("open", "expired", "accepted", "revoked") if f"{one}@x" in found}
        assert shown == {word}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_comes_in(acme):
    with scope.organization(acme.organization.pk):
        invite(
            inviting=Inviting(
                organization=acme.organization,
                by=acme.users[Role.ADMINISTRATOR],
                site="http://testserver",
            ),
            addresses=[NEW],
            wanted=RolesWanted(roles=frozenset({Role.MEMBER})),
            today=TODAY,
            now=NOW,
        )
    token = link_of(acme).strip("/").split("/")[-1]
    user = get_or_create_user(NewLogin(email=NEW, name="Ines"))
    found = [find_invitation(token=token, now=NOW) for _ in range(4)]
    outcomes: list[str] = []

    def come(invitation: Invitation) -> None:
        try:
            accept(invitation=invitation, user=user, now=NOW)
            outcomes.append("in")
        except NotFound:
            outcomes.append("over")
        finally:
            connection.close()

    threads = [Thread(target=come, args=[one]) for one in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["in", "over", "over", "over"]
    assert actions(acme).count("invitation.accepted") == 1
