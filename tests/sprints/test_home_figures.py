"""The figures of the sprint home: true, told only as far as they may be, and kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from adoption.calculations.suppression import Status
from adoption.models import AdoptionState, GroupWeek, SourceWeek
from organizations.models import Organization
from sprints.calculations.home import Share, tell
from sprints.models import Sprint
from sprints.refresh.home import home_of
from tests.cast import Company

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
DAY = NOW.date()
LAST = date(2026, 11, 16)
START = date(2026, 10, 5)
AT_START = date(2026, 9, 28)


def week(monday: date, *, k: int, n: int, state: str = "complete", **more: int) -> None:
    SourceWeek.objects.create(week=monday, initiative_id=0, state=state)
    if n:
        GroupWeek.objects.create(
            week=monday,
            dimension="all",
            group_id=0,
            initiative_id=0,
            eligible=n,
            active=k,
            **more,
        )


def home(company: Company, day: date = DAY):  # type: ignore[no-untyped-def]
    organization = Organization.objects.get(pk=company.organization.pk)
    return home_of(organization=organization, day=day, until=NOW)


def test_the_share_of_the_last_week_stands_beside_the_one_at_the_start(in_acme: Company) -> None:
    Sprint.objects.create(name="Q4", span=DateRange(START, START + timedelta(days=90)))
    week(AT_START, k=280, n=904)
    week(LAST, k=516, n=904, elig4=880, habitual=300)
    found = home(in_acme)
    assert found.active == Share(week=LAST, status=Status.KNOWN, k=516, n=904)
    assert found.active_at_start == Share(week=AT_START, status=Status.KNOWN, k=280, n=904)
    assert found.habitual == Share(week=LAST, status=Status.KNOWN, k=300, n=880)
    assert found.change_since_start == pytest.approx(26.1, abs=0.1)
    assert [share.week for share in found.series] == [AT_START, LAST]


def test_a_silent_last_week_leaves_the_newest_week_with_data(in_acme: Company) -> None:
    week(LAST - timedelta(weeks=1), k=20, n=40)
    SourceWeek.objects.create(week=LAST, initiative_id=0, state="no_data")
    SourceWeek.objects.create(week=LAST, initiative_id=in_acme.initiative.pk, state="no_data")
    found = home(in_acme)
    assert found.active is not None
    assert found.active.week == LAST - timedelta(weeks=1)
    [silent] = found.waiting.silent_weeks
    assert (silent.week, silent.initiative_id) == (LAST, in_acme.initiative.pk)


def test_a_past_day_sees_no_later_week(in_acme: Company) -> None:
    week(LAST - timedelta(weeks=1), k=20, n=40)
    week(LAST, k=30, n=40)
    found = home(in_acme, DAY - timedelta(weeks=1))
    assert found.active is not None
    assert found.active.k == 20


def test_a_partial_week_is_a_lower_bound(in_acme: Company) -> None:
    week(LAST, k=20, n=40, state="partial")
    found = home(in_acme)
    assert found.active is not None
    assert found.active.at_least


def test_a_week_with_data_and_nobody_eligible_is_unknown_not_zero(in_acme: Company) -> None:
    week(LAST, k=0, n=0)
    found = home(in_acme)
    assert found.active == Share(week=LAST, status=Status.UNKNOWN)
    assert found.active.value is None


@pytest.mark.parametrize(
    ("k", "n", "smallest", "status"),
    [
        (2, 4, 5, Status.SUPPRESSED),
        (0, 9, 5, Status.SUPPRESSED),
        (9, 9, 5, Status.SUPPRESSED),
        (4, 9, 5, Status.KNOWN),
        (0, 10, 5, Status.KNOWN),
        (4, 9, 10, Status.SUPPRESSED),
        (0, 0, 5, Status.UNKNOWN),
    ],
)
def test_small_organizations_are_not_told(k: int, n: int, smallest: int, status: Status) -> None:
    share = tell(week=LAST, k=k, n=n, smallest_group=smallest)
    assert share.status is status
    assert (share.k, share.n) == ((k, n) if status is Status.KNOWN else (None, None))


def test_it_says_by_which_figures_it_was_made(in_acme: Company) -> None:
    AdoptionState.objects.create(
        organization_id=in_acme.organization.pk,
        base_week=date(2025, 10, 20),
        last_week=LAST,
        data_through=date(2026, 11, 22),
        batch_number=841,
        computed_at=NOW,
        version=7,
    )
    found = home(in_acme)
    assert (found.data_through, found.batch_number, found.figures_version) == (
        date(2026, 11, 22),
        841,
        7,
    )
