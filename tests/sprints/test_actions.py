"""Starting a sprint."""

from datetime import UTC, date, datetime, timedelta

import pytest

from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, JobRun
from sprints.actions import NamelessSprint, SprintOverlaps, start_sprint
from sprints.models import Sprint
from sprints.reports import day_counter, sprint_at, started_on
from tests.cast import Company

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
START = date(2026, 10, 5)


def start(company: Company, starts_on: date = START, name: str = "Q4 sprint") -> Sprint:
    return start_sprint(
        organization_id=company.organization.pk,
        name=name,
        starts_on=starts_on,
        actor=SYSTEM,
        now=NOW,
    )


def test_a_sprint_lasts_ninety_days_is_audited_and_asks_for_a_refresh(in_acme: Company) -> None:
    sprint = start(in_acme)
    assert (sprint.span.lower, sprint.span.upper) == (START, START + timedelta(days=90))
    event = AuditEvent.objects.get(action="sprint.started")
    assert event.object_id == str(sprint.public_id)
    assert JobRun.objects.get(kind="refresh").state == "waiting"


@pytest.mark.parametrize("days", [0, 89, -89])
def test_two_sprints_never_share_a_day(in_acme: Company, days: int) -> None:
    start(in_acme)
    with pytest.raises(SprintOverlaps) as refusal:
        start(in_acme, START + timedelta(days=days))
    assert refusal.value.status == 409
    assert Sprint.objects.count() == 1
    assert AuditEvent.objects.filter(action="sprint.started").count() == 1


def test_the_next_sprint_may_start_on_the_day_after(in_acme: Company) -> None:
    start(in_acme)
    start(in_acme, START + timedelta(days=90), name="Q1 sprint")
    assert Sprint.objects.count() == 2


def test_two_organizations_run_their_own_sprints(in_acme: Company, twin: Company) -> None:
    from organizations import scope

    start(in_acme)
    with scope.organization(twin.organization.pk):
        start(twin)
        assert Sprint.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_sprint_has_a_name_that_fits(in_acme: Company, name: str) -> None:
    with pytest.raises(NamelessSprint):
        start(in_acme, name=name)


def test_the_user_who_started_it_is_kept(in_acme: Company) -> None:
    lead = in_acme.users[Role.PROGRAM_LEAD]
    sprint = start_sprint(
        organization_id=in_acme.organization.pk,
        name="Q4",
        starts_on=START,
        actor=Actor(kind="user", id=lead.pk),
        now=NOW,
    )
    assert sprint.started_by == lead


def test_the_counter_shows_the_running_sprint_only(in_acme: Company) -> None:
    organization_id = in_acme.organization.pk
    start(in_acme)
    day = day_counter(organization_id=organization_id, today=date(2026, 11, 25))
    assert day is not None
    assert (day.day, day.phase_name) == (52, "Automate and train")
    before = START - timedelta(days=1)
    assert day_counter(organization_id=organization_id, today=before) is None
    assert started_on(organization_id=organization_id, today=date(2027, 1, 3)) is None


def test_the_home_turns_to_the_running_the_next_or_the_last_sprint(in_acme: Company) -> None:
    organization_id = in_acme.organization.pk
    assert sprint_at(organization_id=organization_id, today=START) is None
    first = start(in_acme)
    second = start(in_acme, START + timedelta(days=120), name="Later")
    for day, expected in [
        (START - timedelta(days=9), first),
        (START + timedelta(days=3), first),
        (START + timedelta(days=100), second),
        (START + timedelta(days=500), second),
    ]:
        assert sprint_at(organization_id=organization_id, today=day) == expected
