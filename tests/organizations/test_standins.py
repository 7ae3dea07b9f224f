"""Stand-ins: on which days, by whom, and never in a chain."""

from datetime import timedelta

import pytest
from django.urls import reverse

from organizations import scope
from organizations.actions.standins import Absence, BadSpan, BadStandIn, end_stand_in, stand_in
from organizations.calculations.roles import Role
from organizations.errors import Conflict
from organizations.models import AuditEvent, Membership, StandIn
from organizations.reports.standins import own_stand_ins, stand_ins_by_user
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db


def away(company, who: Role, delegate: Role, first: int, last: int) -> StandIn:
    """Days count from today."""
    absence = Absence(
        user=company.users[who],
        delegate=company.users[delegate],
        first=TODAY + timedelta(days=first),
        last=TODAY + timedelta(days=last),
    )
    return stand_in(organization=company.organization, absence=absence, today=TODAY, now=NOW)


def test_somebody_is_named_on_the_page_and_seen_among_the_members(acme, time_machine):
    time_machine.move_to(NOW, tick=False)
    executive = acme.users[Role.EXECUTIVE]
    lead = acme.client(Role.PROGRAM_LEAD)

    answer = lead.post(
        reverse("stand_in"),
        {"delegate": executive.public_id, "first": "2026-10-21", "last": "2026-10-30"},
        follow=True,
    )

    assert "executive stands in for you until 30 Oct 2026" in answer.content.decode()
    other = acme.client(Role.EXECUTIVE).get(reverse("stand_in")).content.decode()
    assert "You stand in for others" in other
    members = acme.client(Role.ADMINISTRATOR).get(reverse("members")).content.decode()
    assert "Away until 30 Oct 2026: executive stands in" in members
    with scope.organization(acme.organization.pk):
        entry = AuditEvent.objects.get(action="stand_in.named")
    assert entry.changes == {
        "first": "2026-10-21",
        "last": "2026-10-30",
        "to": str(executive.public_id),
    }


def test_days_that_meet_are_refused_and_days_that_touch_are_not(in_acme):
    away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, 5, 9)
    for first, last in ((1, 5), (9, 12), (6, 7), (1, 20)):
        with pytest.raises(Conflict, match="stands in for you until"):
            away(in_acme, Role.PROGRAM_LEAD, Role.CHAMPION, first, last)
    away(in_acme, Role.PROGRAM_LEAD, Role.CHAMPION, 1, 4)
    away(in_acme, Role.PROGRAM_LEAD, Role.CHAMPION, 10, 10)
    assert StandIn.objects.count() == 3


def test_nobody_stands_in_who_is_away_or_has_somebody_else_to_stand_in_for(in_acme):
    away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, 5, 9)
    with pytest.raises(Conflict, match="program_lead is away"):
        away(in_acme, Role.CHAMPION, Role.PROGRAM_LEAD, 9, 12)
    with pytest.raises(Conflict, match="You stand in for program_lead"):
        away(in_acme, Role.EXECUTIVE, Role.CHAMPION, 1, 5)
    away(in_acme, Role.EXECUTIVE, Role.CHAMPION, 10, 12)


@pytest.mark.parametrize(("first", "last"), [(-9, -1), (3, 2), (0, 366)])
def test_days_that_make_no_sense_are_refused(in_acme, first, last):
    with pytest.raises(BadSpan):
        away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, first, last)


def test_a_year_is_the_longest(in_acme):
    away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, 0, 365)


@pytest.mark.parametrize("delegate", [Role.PROGRAM_LEAD, Role.FACILITATOR, Role.MEMBER])
def test_only_another_member_who_decides_stands_in(in_acme, delegate):
    with pytest.raises(BadStandIn):
        away(in_acme, Role.PROGRAM_LEAD, delegate, 1, 2)


def test_whoever_is_no_member_any_more_or_elsewhere_is_no_choice(acme, twin):
    with scope.organization(acme.organization.pk):
        Membership.objects.filter(role="executive").update(until=TODAY - timedelta(days=1))
    client = acme.client(Role.PROGRAM_LEAD)
    for user in (acme.users[Role.EXECUTIVE], twin.users[Role.EXECUTIVE]):
        answer = client.post(
            reverse("stand_in"),
            {"delegate": user.public_id, "first": "2030-01-01", "last": "2030-01-02"},
        )
        assert answer.status_code == 200
        assert "Select a valid choice" in answer.content.decode()
    assert not StandIn.unscoped.exists()


def test_it_begins_and_ends_by_itself(in_acme):
    away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, 1, 2)
    lead = in_acme.users[Role.PROGRAM_LEAD]

    def running(days: int) -> list[bool]:
        own = own_stand_ins(user=lead, today=TODAY + timedelta(days=days))
        return [line.running for line in own.mine]

    assert [running(days) for days in (0, 1, 2, 3)] == [[False], [True], [True], []]
    assert stand_ins_by_user(user_ids=[lead.pk], today=TODAY + timedelta(days=3)) == {}


def test_back_early_ends_it_before_today(in_acme):
    found = away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, 0, 9)
    later = TODAY + timedelta(days=3)
    end_stand_in(
        found=found,
        user=in_acme.users[Role.PROGRAM_LEAD],
        today=later,
        now=NOW + timedelta(days=3),
    )
    kept = StandIn.objects.get()
    assert kept.span.upper == later
    assert own_stand_ins(user=in_acme.users[Role.PROGRAM_LEAD], today=later).mine == ()


def test_one_that_has_not_begun_is_gone(in_acme):
    found = away(in_acme, Role.PROGRAM_LEAD, Role.EXECUTIVE, 1, 9)
    client = in_acme.client(Role.PROGRAM_LEAD)
    StandIn.objects.update(span=("2031-01-01", "2031-02-01"))
    assert client.post(reverse("stand_in_end", args=[found.public_id])).status_code == 302
    assert not StandIn.objects.exists()


def test_nobody_ends_somebody_elses(acme, twin):
    for company in (acme, twin):
        with scope.organization(company.organization.pk):
            found = away(company, Role.PROGRAM_LEAD, Role.EXECUTIVE, 1, 9)
        address = reverse("stand_in_end", args=[found.public_id])
        assert acme.client(Role.EXECUTIVE).post(address).status_code == 404
    assert StandIn.unscoped.count() == 2


def test_a_facilitator_has_no_stand_in(acme):
    assert acme.client(Role.FACILITATOR).get(reverse("stand_in")).status_code == 403
