"""Leases: one effect, whoever dies or comes twice (SECURITY 7)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from organizations.actions import jobs
from organizations.calculations.jobs import MAX_ATTEMPTS, JobState, nights_due
from organizations.errors import LeaseLost
from organizations.models import JobRun
from tests.cast import Company

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def claim(company: Company, now: datetime = NOW) -> jobs.Lease | None:
    return jobs.claim(
        organization_id=company.organization.pk, kind="refresh", period="now", now=now
    )


def add(company: Company) -> bool:
    return jobs.add_job(
        organization_id=company.organization.pk, kind="refresh", period="now", now=NOW
    )


def test_a_job_is_added_once(in_acme: Company) -> None:
    assert add(in_acme)
    assert not add(in_acme)


def test_only_one_worker_gets_a_job(in_acme: Company) -> None:
    add(in_acme)
    assert claim(in_acme) is not None
    assert claim(in_acme) is None


def test_a_dead_workers_job_is_taken_over_and_its_late_effect_refused(in_acme: Company) -> None:
    add(in_acme)
    first = claim(in_acme)
    second = claim(in_acme, LATER)
    assert first is not None
    assert second is not None
    assert second.attempt == 2
    for late in (
        lambda: jobs.finish(lease=first, now=LATER),
        lambda: jobs.keep(lease=first, now=LATER),
        lambda: jobs.hold(lease=first),
    ):
        with pytest.raises(LeaseLost), transaction.atomic():
            late()
    jobs.finish(lease=second, now=LATER)
    assert JobRun.objects.get(pk=second.job_id).state == JobState.DONE


def test_a_kept_lease_is_not_taken_over(in_acme: Company) -> None:
    add(in_acme)
    lease = claim(in_acme)
    assert lease is not None
    jobs.keep(lease=lease, now=LATER)
    assert claim(in_acme, LATER + timedelta(seconds=30)) is None


def test_a_job_that_fails_for_ever_is_buried_and_can_be_revived(in_acme: Company) -> None:
    add(in_acme)
    for _ in range(MAX_ATTEMPTS):
        lease = claim(in_acme)
        assert lease is not None
        jobs.give_back(lease=lease, error="OperationalError", now=NOW)
    job = JobRun.objects.get()
    assert job.state == JobState.DEAD
    assert claim(in_acme) is None
    assert jobs.revive(job=job, now=LATER)
    assert claim(in_acme, LATER) is not None


def test_a_worker_lost_too_often_buries_the_job(in_acme: Company) -> None:
    add(in_acme)
    now = NOW
    for _ in range(MAX_ATTEMPTS):
        assert claim(in_acme, now) is not None
        now += timedelta(minutes=5)
    assert claim(in_acme, now) is None
    assert JobRun.objects.get().state == JobState.DEAD


@pytest.mark.parametrize(
    ("now", "zone", "last_done", "expected"),
    [
        # 01:59 local: the night of that day has not come yet.
        ("2026-11-02T00:59+00:00", "Europe/Berlin", date(2026, 11, 1), []),
        ("2026-11-02T01:00+00:00", "Europe/Berlin", date(2026, 11, 1), [date(2026, 11, 2)]),
        # Nothing done ever: only the newest.
        ("2026-11-02T12:00+00:00", "UTC", None, [date(2026, 11, 2)]),
        ("2026-11-02T12:00+00:00", "UTC", date(2026, 11, 2), []),
        # Missed nights are caught up, oldest first.
        (
            "2026-11-02T12:00+00:00",
            "UTC",
            date(2026, 10, 30),
            [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)],
        ),
        # A clock set back owes nothing.
        ("2026-10-20T12:00+00:00", "UTC", date(2026, 11, 2), []),
        # The day on which summer time ends has one night.
        ("2026-10-25T01:30+00:00", "Europe/Berlin", date(2026, 10, 24), [date(2026, 10, 25)]),
    ],
)
def test_which_nights_are_due(
    now: str, zone: str, last_done: date | None, expected: list[date]
) -> None:
    found = nights_due(now=datetime.fromisoformat(now), time_zone=zone, last_done=last_done)
    assert found == expected


def test_at_most_35_nights_are_caught_up() -> None:
    due = nights_due(now=NOW, time_zone="UTC", last_done=date(2026, 1, 1))
    assert len(due) == 35
    assert due[-1] == date(2026, 11, 2)
