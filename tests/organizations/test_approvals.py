"""Acts of two people: nobody signs alone what takes two, whichever way it is tried."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from organizations import registry, scope
from organizations.actions.approvals import (
    NewApproval,
    NotASigner,
    SecondPersonNeeded,
    approve,
    decline,
    propose,
    withdraw,
)
from organizations.calculations.roles import Role
from organizations.errors import Conflict, LastMileError
from organizations.models import Approval, AuditEvent, Membership, QueueItem, Signer, User
from organizations.registry import ApprovalKind
from tests.builders import make_user
from tests.cast import CANARY, Company

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
ACT = "blow_up"
DONE: list[str] = []


def apply(*, approval: Approval, **_: object) -> None:
    DONE.append(approval.object_id)


@pytest.fixture(autouse=True)
def act(monkeypatch: pytest.MonkeyPatch) -> None:
    DONE.clear()
    kind = ApprovalKind(act=ACT, label="Blow it up", decide="manage_members", apply=apply)
    monkeypatch.setitem(registry.approval_kinds, ACT, kind)


@pytest.fixture(autouse=True)
def clock(time_machine) -> None:  # type: ignore[no-untyped-def]
    time_machine.move_to(NOW, tick=False)


def second_administrator(company: Company, email: str = "second@acme.test") -> User:
    user = make_user(email=email, name="Second Admin")
    with scope.organization(company.organization.pk):
        Membership.objects.create(
            organization=company.organization, user=user, role=Role.ADMINISTRATOR.value
        )
    return user


def proposed(company: Company, *, by: Role = Role.ADMINISTRATOR, on: str = "7") -> Approval:
    with scope.organization(company.organization.pk):
        return propose(
            organization_id=company.organization.pk,
            new=NewApproval(
                act=ACT, object_kind="batch", object_id=on, title="Blow 7 up", reason="It is old"
            ),
            by=company.users[by],
            now=NOW,
        )


def signed_in(company: Company, user: User):  # type: ignore[no-untyped-def]
    client = company.client(Role.MEMBER)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def start_alone(company: Company, *, days: int) -> None:
    house = company.organization
    house.single_signature_until = TODAY + timedelta(days=days)
    house.save(update_fields=["single_signature_until"])


def test_another_signer_finds_it_in_the_queue_and_signs_it(acme: Company) -> None:
    second = second_administrator(acme)
    approval = proposed(acme)
    client = signed_in(acme, second)
    assert "Blow 7 up" in client.get("/queue/").content.decode()
    page = client.get(f"/approvals/{approval.public_id}/").content.decode()
    assert "Blow it up" in page
    assert "It is old" in page
    assert "administrator" in page
    client.post(f"/approvals/{approval.public_id}/sign/", {"answer": "Agreed"})
    assert DONE == ["7"]
    after = client.get(f"/approvals/{approval.public_id}/").content.decode()
    assert "Agreed" in after
    assert "Single signature" not in after
    assert "Nothing waits for you" in client.get("/queue/").content.decode()


def test_nobody_signs_the_own_proposal(acme: Company) -> None:
    second_administrator(acme)
    start_alone(acme, days=10)
    approval = proposed(acme)
    client = acme.client(Role.ADMINISTRATOR)
    answer = client.post(f"/approvals/{approval.public_id}/sign/", {"answer": ""})
    assert "Who proposed it cannot sign it." in answer.content.decode()
    assert DONE == []
    assert Approval.unscoped.get(pk=approval.pk).state == "open"


def test_the_only_person_signs_alone_in_the_first_days_and_it_says_so(acme: Company) -> None:
    start_alone(acme, days=0)
    approval = proposed(acme)
    client = acme.client(Role.ADMINISTRATOR)
    client.post(f"/approvals/{approval.public_id}/sign/", {"answer": ""})
    assert DONE == ["7"]
    second_administrator(acme)
    page = client.get(f"/approvals/{approval.public_id}/").content.decode()
    assert "Single signature" in page
    [entry] = AuditEvent.unscoped.filter(action="approval.signed")
    assert entry.changes["single_signature"] is True


def test_after_the_first_days_nobody_signs_alone(in_acme: Company) -> None:
    start_alone(in_acme, days=-1)
    approval = proposed(in_acme)
    with pytest.raises(SecondPersonNeeded):
        approve(approval=approval, by=in_acme.users[Role.ADMINISTRATOR], answer="", now=NOW)


def test_naming_oneself_the_only_signer_does_not_make_one_alone(in_acme: Company) -> None:
    second_administrator(in_acme)
    start_alone(in_acme, days=10)
    me = in_acme.users[Role.ADMINISTRATOR]
    Signer.objects.create(
        organization=in_acme.organization, act=ACT, membership=Membership.objects.get(user=me)
    )
    approval = proposed(in_acme)
    with pytest.raises(SecondPersonNeeded):
        approve(approval=approval, by=me, answer="", now=NOW)


def test_with_a_named_signer_the_others_of_the_role_do_not_sign(in_acme: Company) -> None:
    second, third = (second_administrator(in_acme, f"{n}@acme.test") for n in ("two", "three"))
    Signer.objects.create(
        organization=in_acme.organization, act=ACT, membership=Membership.objects.get(user=second)
    )
    approval = proposed(in_acme)
    with pytest.raises(NotASigner):
        approve(approval=approval, by=third, answer="", now=NOW)
    with pytest.raises(NotASigner):
        decline(approval=approval, by=third, answer="No", now=NOW)
    approve(approval=approval, by=second, answer="", now=NOW)
    assert DONE == ["7"]


def test_a_signer_whose_role_ended_since_does_not_sign(in_acme: Company) -> None:
    second = second_administrator(in_acme)
    approval = proposed(in_acme)
    Membership.objects.filter(user=second).update(until=TODAY - timedelta(days=1))
    with pytest.raises(NotASigner):
        approve(approval=approval, by=second, answer="", now=NOW)
    assert signed_in(in_acme, second).get(f"/approvals/{approval.public_id}/").status_code == 302


def test_who_proposed_it_takes_it_back_and_nobody_else_does(in_acme: Company) -> None:
    second = second_administrator(in_acme)
    approval = proposed(in_acme)
    with pytest.raises(NotASigner):
        withdraw(approval=approval, by=second, now=NOW)
    client = in_acme.client(Role.ADMINISTRATOR)
    client.post(f"/approvals/{approval.public_id}/withdraw/")
    assert Approval.objects.get().state == "withdrawn"
    assert not QueueItem.objects.filter(state="open").exists()
    with pytest.raises(Conflict):
        approve(approval=approval, by=second, answer="", now=NOW)


def test_declining_wants_a_reason_and_changes_nothing(acme: Company) -> None:
    client = signed_in(acme, second_administrator(acme))
    approval = proposed(acme)
    address = f"/approvals/{approval.public_id}/decline/"
    assert client.post(address, {"answer": ""}).status_code == 200
    assert Approval.unscoped.get().state == "open"
    client.post(address, {"answer": "Too early"})
    assert Approval.unscoped.get().state == "declined"
    assert DONE == []
    page = acme.client(Role.ADMINISTRATOR).get(f"/approvals/{approval.public_id}/")
    assert "Too early" in page.content.decode()


def test_only_parties_signers_and_auditors_see_it(acme: Company, twin: Company) -> None:
    approval = proposed(acme, by=Role.PROGRAM_LEAD)
    seen = {Role.PROGRAM_LEAD, Role.ADMINISTRATOR, Role.AUDITOR}
    for role in Role:
        answer = acme.client(role).get(f"/approvals/{approval.public_id}/")
        assert answer.status_code == (200 if role in seen else 404), role
    there = twin.client(Role.ADMINISTRATOR).get(f"/approvals/{approval.public_id}/")
    assert there.status_code == 404
    assert CANARY not in acme.client(Role.AUDITOR).get("/queue/").content.decode()


def test_an_auditor_sees_no_button(acme: Company) -> None:
    approval = proposed(acme, by=Role.PROGRAM_LEAD)
    page = acme.client(Role.AUDITOR).get(f"/approvals/{approval.public_id}/").content.decode()
    assert "/sign/" not in page
    answer = acme.client(Role.AUDITOR).post(f"/approvals/{approval.public_id}/sign/", {})
    assert "You do not sign this." in answer.content.decode()
    assert DONE == []


def test_the_same_act_is_not_proposed_twice_while_it_waits(in_acme: Company) -> None:
    proposed(in_acme)
    with pytest.raises(Conflict):
        proposed(in_acme)
    assert Approval.objects.count() == 1


def test_what_applying_refuses_leaves_it_open(
    in_acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise Conflict("The preview has changed.")

    kind = ApprovalKind(act=ACT, label="Blow it up", decide="manage_members", apply=refuse)
    monkeypatch.setitem(registry.approval_kinds, ACT, kind)
    second = second_administrator(in_acme)
    approval = proposed(in_acme)
    answer = signed_in(in_acme, second).post(f"/approvals/{approval.public_id}/sign/", {})
    assert "The preview has changed." in answer.content.decode()
    assert Approval.objects.get().state == "open"
    assert QueueItem.objects.filter(state="open").exists()


def test_with_nobody_to_sign_it_waits_for_the_role(in_acme: Company) -> None:
    Membership.objects.filter(role=Role.ADMINISTRATOR.value).delete()
    proposed(in_acme, by=Role.PROGRAM_LEAD)
    assert QueueItem.objects.get().role == Role.ADMINISTRATOR


@pytest.mark.django_db(transaction=True)
def test_of_two_who_sign_at_once_one_is_told_and_it_is_done_once(acme: Company) -> None:
    users = [second_administrator(acme, f"{n}@acme.test") for n in ("two", "three")]
    approval = proposed(acme)

    def sign(user: User) -> str:
        try:
            with scope.opened(), scope.organization(acme.organization.pk):
                own = Approval.objects.get(pk=approval.pk)
                approve(approval=own, by=user, answer="", now=NOW)
        except LastMileError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "signed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(sign, users)) == ["conflict", "signed"]
    assert DONE == ["7"]
