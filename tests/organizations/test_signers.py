"""Who signs which act: named members, or everybody whose role allows it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from organizations import scope
from organizations.actions.approvals import NewApproval, approve, propose, signers_of
from organizations.actions.leaving import CLOSE_ACT
from organizations.actions.signers import CannotSign, set_signers
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.errors import NotFound
from organizations.models import AuditEvent, Membership, Organization, Signer
from tests.builders import make_membership, make_user
from tests.cast import Company

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def second(in_acme: Company) -> Membership:
    """A second administrator."""
    return make_membership(
        user=make_user(email="ada@acme.test", name="Ada"), role=Role.ADMINISTRATOR
    )


def first(company: Company) -> Membership:
    return Membership.objects.get(
        user=company.users[Role.ADMINISTRATOR], role=Role.ADMINISTRATOR.value
    )


def name(company: Company, *memberships: Membership) -> bool:
    return set_signers(
        organization_id=company.organization.pk,
        act=CLOSE_ACT,
        membership_ids=[membership.pk for membership in memberships],
        actor=SYSTEM,
        now=NOW,
    )


def signing() -> list[str]:
    return [user.name for user in signers_of(act=CLOSE_ACT, today=TODAY)]


def test_without_a_name_everybody_whose_role_allows_it_signs(
    in_acme: Company, second: Membership
) -> None:
    assert signing() == ["Ada", "administrator"]


def test_named_members_sign_alone_until_nobody_is_named(
    in_acme: Company, second: Membership
) -> None:
    assert name(in_acme, second)
    assert signing() == ["Ada"]
    entry = AuditEvent.objects.latest("sequence")
    assert entry.action == "signers.changed"
    assert entry.changes == {"memberships": [[], [str(second.public_id)]]}
    assert not name(in_acme, second)
    assert name(in_acme)
    assert signing() == ["Ada", "administrator"]


@pytest.mark.parametrize("wrong", ["role", "ended", "switched off", "twin"])
def test_only_those_who_can_sign_are_named(
    in_acme: Company, twin: Company, second: Membership, wrong: str
) -> None:
    chosen = second
    if wrong == "role":
        chosen = Membership.objects.get(role=Role.MEMBER.value)
    elif wrong == "ended":
        Membership.objects.filter(pk=second.pk).update(until=TODAY - timedelta(days=1))
    elif wrong == "switched off":
        second.user.is_active = False
        second.user.save(update_fields=["is_active"])
    else:
        with scope.organization(twin.organization.pk):
            chosen = first(twin)
    with pytest.raises(CannotSign):
        name(in_acme, chosen)
    assert not Signer.objects.exists()


def test_an_act_that_nobody_knows_has_no_signers(in_acme: Company) -> None:
    with pytest.raises(NotFound):
        set_signers(
            organization_id=in_acme.organization.pk,
            act="nothing.such",
            membership_ids=[],
            actor=SYSTEM,
            now=NOW,
        )


def test_signers_are_chosen_on_the_page(in_acme: Company, second: Membership) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    chosen = {"act": CLOSE_ACT, "members": [str(second.pk)]}
    assert client.post("/settings/signers/save/", chosen).status_code == 302
    page = client.get("/settings/signers/").content.decode()
    assert "Named: Ada." in page
    assert "One person only" in page


def test_the_page_refuses_an_act_and_a_member_it_did_not_offer(in_acme: Company) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    assert client.post("/settings/signers/save/", {"act": "nothing.such"}).status_code == 404
    member = Membership.objects.get(role=Role.MEMBER.value)
    wrong = {"act": CLOSE_ACT, "members": [str(member.pk)]}
    assert client.post("/settings/signers/save/", wrong).status_code == 200
    assert not Signer.objects.exists()


def test_the_single_signature_start_is_shown_with_what_was_signed_alone(in_acme: Company) -> None:
    today = datetime.now(UTC).date()
    Organization.objects.filter(pk=in_acme.organization.pk).update(
        single_signature_until=today + timedelta(days=9)
    )
    administrator = in_acme.users[Role.ADMINISTRATOR]
    approval = propose(
        organization_id=in_acme.organization.pk,
        new=NewApproval(
            act=CLOSE_ACT, object_kind="organization", object_id="x", title="Delete Acme for good"
        ),
        by=administrator,
        now=datetime.now(UTC),
    )
    client = in_acme.client(Role.AUDITOR)
    assert "Nothing was signed alone" in client.get("/settings/signers/").content.decode()
    approve(approval=approval, by=administrator, answer="", now=datetime.now(UTC))
    Organization.objects.filter(pk=in_acme.organization.pk).update(active=True, closing_on=None)
    page = client.get("/settings/signers/").content.decode()
    assert "Single-signature start: until" in page
    assert "Delete Acme for good" in page


def test_the_start_is_over_after_its_last_day(in_acme: Company) -> None:
    Organization.objects.filter(pk=in_acme.organization.pk).update(
        single_signature_until=date(2026, 1, 31)
    )
    page = in_acme.client(Role.AUDITOR).get("/settings/signers/").content.decode()
    assert "Single-signature start" not in page
    assert "signers/save" not in page
