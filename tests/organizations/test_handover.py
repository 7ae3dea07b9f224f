"""Whoever leaves hands over, in one step; and nobody who left the directory is forgotten."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from organizations import registry, scope
from organizations.actions.approvals import NewApproval, propose
from organizations.actions.handover import hand_over, held_by, notice_leavers
from organizations.actions.leaving import leave
from organizations.actions.queue import Ask, ask, take
from organizations.calculations.actor import SYSTEM
from organizations.calculations.choices import ItemState
from organizations.calculations.roles import Role
from organizations.models import (
    ApiKey,
    AuditEvent,
    Employment,
    Membership,
    Person,
    QueueItem,
)
from organizations.registry import ApprovalKind
from portfolio.calculations.stages import Stage
from portfolio.models import Initiative
from tests.builders import NOW, TODAY, make_initiative, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder(acme):
    """The lead: an item waits, a key tells them of failures, an initiative names them twice."""
    lead = acme.users[Role.PROGRAM_LEAD]
    with scope.organization(acme.organization.pk):
        person = make_person(email=lead.email, name="Lead", user=lead)
        ApiKey.objects.update(owner=lead)
        Initiative.objects.filter(key="copilot").update(owner=person, champion=person)
        waits(acme, lead, "Triage a proposal")
    return lead


def waits(company, owner, title: str, object_id: str = "1", role=None) -> QueueItem:
    return ask(
        organization_id=company.organization.pk,
        asked=Ask(
            kind="test",
            object_kind="thing",
            object_id=object_id,
            title=title,
            url="/",
            owner=owner,
            role=role,
        ),
        now=NOW,
    )


def in_directory(company, role: Role) -> Person:
    user = company.users[role]
    with scope.organization(company.organization.pk):
        return make_person(email=user.email, name=role.value, user=user)


def leave_page(company, role: Role = Role.PROGRAM_LEAD) -> str:
    return reverse("member_leave", args=[company.users[role].public_id])


def test_the_page_lists_everything_held_by_its_name(acme, holder):
    page = acme.client(Role.ADMINISTRATOR).get(leave_page(acme)).content.decode()
    for words in ("Triage a proposal", "Nightly export", "Copilot (owner, champion)"):
        assert words in page


def test_everything_goes_over_with_the_end_of_the_membership(acme, holder):
    executive = acme.users[Role.EXECUTIVE]
    person = in_directory(acme, Role.EXECUTIVE)

    answer = acme.client(Role.ADMINISTRATOR).post(
        leave_page(acme), {"to": executive.public_id}, follow=True
    )

    assert "no member any more. 3 handed over." in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not Membership.objects.filter(user=holder).exists()
        assert QueueItem.objects.get().owner == executive
        assert ApiKey.objects.get().owner == executive
        initiative = Initiative.objects.get(key="copilot")
        assert (initiative.owner, initiative.champion) == (person, person)
        entry = AuditEvent.objects.get(action="membership.ended")
        assert entry.changes["handed_over"] == {"queue": 1, "initiatives": 1, "keys": 1}
        assert set(entry.changes["to"].values()) == {str(executive.public_id)}
        assert held_by(user_id=holder.pk) == ()


def test_a_kind_may_go_to_somebody_else(acme, holder):
    executive, champion = acme.users[Role.EXECUTIVE], acme.users[Role.CHAMPION]
    in_directory(acme, Role.EXECUTIVE)

    acme.client(Role.ADMINISTRATOR).post(
        leave_page(acme), {"to": executive.public_id, "to_queue": champion.public_id}
    )

    with scope.organization(acme.organization.pk):
        assert QueueItem.objects.get().owner == champion
        assert ApiKey.objects.get().owner == executive


def test_without_a_successor_nothing_changes(acme, twin, holder):
    administrator = acme.client(Role.ADMINISTRATOR)
    strangers = (
        "",
        holder.public_id,
        twin.users[Role.MEMBER].public_id,
        acme.users[Role.FACILITATOR].public_id,
        "nonsense",
    )
    for to in strangers:
        answer = administrator.post(leave_page(acme), {"to": to})
        assert answer.status_code == 200, to
    with scope.organization(acme.organization.pk):
        assert Membership.objects.filter(user=holder).exists()
        assert QueueItem.objects.get().owner == holder


def test_one_that_cannot_go_over_holds_everything_back(acme, holder):
    """The executive is not in the directory, so no initiative can name them."""
    answer = acme.client(Role.ADMINISTRATOR).post(
        leave_page(acme), {"to": acme.users[Role.EXECUTIVE].public_id}
    )
    assert "is not in the directory" in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert Membership.objects.filter(user=holder).exists()
        assert QueueItem.objects.get().owner == holder
        assert ApiKey.objects.get().owner == holder


def test_somebody_who_holds_nothing_leaves_without_a_successor(acme):
    administrator = acme.client(Role.ADMINISTRATOR)
    page = administrator.get(leave_page(acme, Role.MEMBER)).content.decode()
    assert "holds nothing that stays behind" in page
    assert administrator.post(leave_page(acme, Role.MEMBER)).status_code == 302
    with scope.organization(acme.organization.pk):
        assert not Membership.objects.filter(user=acme.users[Role.MEMBER]).exists()


def test_a_stopped_initiative_keeps_its_names(in_acme):
    lead = in_acme.users[Role.PROGRAM_LEAD]
    person = make_person(email=lead.email, user=lead)
    stopped = make_initiative(key="old", name="Old", stage=Stage.STOPPED)
    Initiative.objects.filter(pk=stopped.pk).update(owner=person)
    assert held_by(user_id=lead.pk) == ()


def test_what_waits_for_both_is_listed_once_and_what_was_delegated_moves(in_acme):
    lead, executive = in_acme.users[Role.PROGRAM_LEAD], in_acme.users[Role.EXECUTIVE]
    administrator = in_acme.users[Role.ADMINISTRATOR]
    waits(in_acme, lead, "Both", object_id="1")
    waits(in_acme, executive, "Both", object_id="1")
    delegated = waits(in_acme, administrator, "Delegated", object_id="2")
    QueueItem.objects.filter(pk=delegated.pk).update(delegate=lead)
    taken = waits(in_acme, None, "Taken", object_id="3", role=Role.CHAMPION)
    take(item=taken, by=lead, now=NOW)

    hand_over(
        organization=in_acme.organization,
        user=lead,
        successors={"queue": executive},
        actor=SYSTEM,
        today=TODAY,
        now=NOW,
    )

    waiting = QueueItem.objects.filter(state=ItemState.OPEN.value).order_by("title")
    assert [(one.title, one.owner, one.delegate) for one in waiting] == [
        ("Both", executive, None),
        ("Delegated", administrator, executive),
        ("Taken", None, None),
    ]


def test_a_signature_is_not_handed_over_but_waits_for_who_else_may_sign(in_acme, monkeypatch):
    act = ApprovalKind(act="test.act", label="Test", decide="run_sprint", apply=lambda **more: None)
    monkeypatch.setitem(registry.approval_kinds, act.act, act)
    lead, executive = in_acme.users[Role.PROGRAM_LEAD], in_acme.users[Role.EXECUTIVE]
    propose(
        organization_id=in_acme.organization.pk,
        new=NewApproval(act="test.act", object_kind="thing", object_id="1", title="Sign it"),
        by=executive,
        now=NOW,
    )
    assert held_by(user_id=lead.pk) == ()

    hand_over(
        organization=in_acme.organization,
        user=lead,
        successors={},
        actor=SYSTEM,
        today=TODAY,
        now=NOW,
    )

    waiting = QueueItem.objects.get(state=ItemState.OPEN.value)
    assert (waiting.owner, waiting.role) == (None, Role.PROGRAM_LEAD.value)


# --- the night ----------------------------------------------------------------------------------
def hand_overs(state: ItemState = ItemState.OPEN) -> list[str]:
    found = QueueItem.objects.filter(kind="hand_over", state=state.value).order_by("title")
    return list(found.values_list("title", flat=True))


def notice(company, *, now=NOW) -> int:
    return notice_leavers(organization_id=company.organization.pk, now=now)


def test_a_member_who_left_the_directory_is_put_before_the_administrators(in_acme):
    lead = in_acme.users[Role.PROGRAM_LEAD]
    make_person(email=lead.email, user=lead, end=TODAY)
    executive = in_acme.users[Role.EXECUTIVE]
    make_person(email=executive.email, user=executive)

    assert notice(in_acme) == 0
    for _ in range(2):
        assert notice(in_acme, now=NOW + timedelta(days=1)) == 1

    item = QueueItem.objects.get(kind="hand_over")
    assert (item.title, item.role) == ("Hand over what program_lead holds", "administrator")
    assert item.url == reverse("member_leave", args=[lead.public_id])


def test_who_comes_back_needs_no_hand_over(in_acme):
    lead = in_acme.users[Role.PROGRAM_LEAD]
    person = make_person(email=lead.email, user=lead, end=TODAY - timedelta(days=3))
    notice(in_acme)
    assert len(hand_overs()) == 1

    Employment.objects.create(person=person, span=DateRange(TODAY + timedelta(days=9), None))
    assert notice(in_acme) == 0

    assert hand_overs() == []
    assert len(hand_overs(ItemState.WITHDRAWN)) == 1


def test_a_role_that_ended_asks_only_where_something_is_held(in_acme):
    waits(in_acme, in_acme.users[Role.PROGRAM_LEAD], "Something")
    yesterday = TODAY - timedelta(days=1)
    Membership.objects.filter(role__in=["auditor", "program_lead"]).update(until=yesterday)

    assert notice(in_acme) == 1

    assert hand_overs() == ["Hand over what program_lead holds"]


def test_handing_over_settles_the_item_also_for_somebody_without_roles(acme, holder):
    in_directory(acme, Role.EXECUTIVE)
    with scope.organization(acme.organization.pk):
        Employment.objects.filter(person__user=holder).update(
            span=DateRange(None, TODAY - timedelta(days=5))
        )
        notice(acme)
        Membership.objects.filter(user=holder).delete()

    administrator = acme.client(Role.ADMINISTRATOR)
    assert "has left already" in administrator.get(leave_page(acme)).content.decode()
    administrator.post(leave_page(acme), {"to": acme.users[Role.EXECUTIVE].public_id})

    with scope.organization(acme.organization.pk):
        assert hand_overs() == []
        assert len(hand_overs(ItemState.DONE)) == 1
        assert AuditEvent.objects.filter(action="membership.handed_over").count() == 1
        assert held_by(user_id=holder.pk) == ()


def test_the_night_runs_the_step():
    assert "leavers" in {step.name for step in registry.night_steps}
    assert set(registry.holdings) >= {"queue", "keys", "initiatives"}


def test_whoever_leaves_by_themselves_leaves_a_hand_over_behind(in_acme):
    lead = in_acme.users[Role.PROGRAM_LEAD]
    waits(in_acme, lead, "Something")

    leave(organization=in_acme.organization, user=lead, now=NOW)
    leave(organization=in_acme.organization, user=in_acme.users[Role.MEMBER], now=NOW)

    assert hand_overs() == ["Hand over what program_lead holds"]
    client = in_acme.client(Role.ADMINISTRATOR)
    assert "Something" in client.get(leave_page(in_acme)).content.decode()
    assert client.get(leave_page(in_acme, Role.MEMBER)).status_code == 404
