"""From facts to figures, rule by rule. Every case is one person, one initiative and a few rows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from adoption.models import AdoptionState, GroupWeek, PersonWeek, SourceWeek, UsageFact, WeekMask
from adoption.refresh.frame import BASE_DISTANCE
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.dirty import mark_span, mark_weeks
from organizations.models import (
    DirtySpan,
    DirtyWeek,
    Employment,
    Leave,
    Organization,
    Subject,
    SubjectLink,
)
from portfolio.models import Eligibility
from tests.builders import make_initiative, make_person
from tests.cast import Company

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 10, 12)
ALWAYS = DateRange(None, None)
WEEK = timedelta(weeks=1)


def subject_of(company: Company, name: str = "bo", *, linked: bool = True) -> Subject:
    subject = Subject.objects.create(
        source="canonical",
        kind="login",
        external_id=name,
        first_seen=MONDAY - 60 * WEEK,
        last_seen=MONDAY,
    )
    if linked:
        SubjectLink.objects.create(subject=subject, person=company.person, span=ALWAYS, how="hand")
    return subject


def state(
    company: Company,
    subject: Subject,
    day: date = MONDAY,
    *,
    initiative: int | None = None,
    grain: str = "day",
    surface: str = "ide",
    active: bool | None = True,
    interactions: int | None = 4,
    active_days: int | None = None,
    live: bool = True,
) -> UsageFact:
    days = {"day": 1, "week": 7, "month": 31, "rolling_28": 28}[grain]
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_usage_months(%s, %s)", [day, day])
    return UsageFact.objects.create(
        period_start=day,
        subject=subject,
        initiative_id=initiative or company.initiative.pk,
        surface=surface,
        grain=grain,
        period_end=day + timedelta(days=days),
        active=active,
        active_days=active_days,
        interactions=interactions,
        state=int(live),
        as_of=NOW,
        batch_id=1,
    )


def open_to(company: Company, span: DateRange = ALWAYS, *, initiative: int | None = None) -> None:
    Eligibility.objects.create(
        initiative_id=initiative or company.initiative.pk, person=company.person, span=span
    )


def refresh(company: Company, now: datetime = NOW, *, full: bool = False) -> int:
    return refresh_adoption(organization_id=company.organization.pk, now=now, full=full)


def everybody(week: date = MONDAY, initiative: int = 0) -> GroupWeek:
    return GroupWeek.objects.get(week=week, dimension="all", group_id=0, initiative_id=initiative)


def weeks_eligible() -> list[date]:
    rows = GroupWeek.objects.filter(dimension="all", initiative_id=0, eligible=1)
    return sorted(rows.values_list("week", flat=True))


# --- a person's week ----------------------------------------------------------------------------
def test_days_of_a_week_add_up(in_acme: Company) -> None:
    subject = subject_of(in_acme)
    for offset, active in [(0, True), (2, True), (6, False)]:
        state(in_acme, subject, MONDAY + timedelta(days=offset), active=active)
    refresh(in_acme)
    row = PersonWeek.objects.get()
    assert (row.week, row.interactions, row.active_days, row.used) == (MONDAY, 12, 2, True)


def test_named_surfaces_beat_all(in_acme: Company) -> None:
    subject = subject_of(in_acme)
    state(in_acme, subject, surface="all", interactions=9)
    state(in_acme, subject, surface="ide", interactions=2, active=False)
    state(in_acme, subject, surface="chat", interactions=3, active=False)
    refresh(in_acme)
    row = PersonWeek.objects.get()
    assert (row.interactions, row.used) == (5, False)


def test_day_rows_beat_week_rows(in_acme: Company) -> None:
    subject, other = subject_of(in_acme), subject_of(in_acme, "bo-2")
    state(in_acme, subject, interactions=2)
    state(in_acme, other, grain="week", interactions=50, active_days=5)
    refresh(in_acme)
    row = PersonWeek.objects.get()
    assert (row.interactions, row.active_days) == (2, 1)


def test_several_subjects_of_a_person_add(in_acme: Company) -> None:
    for name in ("bo", "bo-2"):
        state(in_acme, subject_of(in_acme, name), interactions=2)
    refresh(in_acme)
    row = PersonWeek.objects.get()
    assert (row.interactions, row.active_days) == (4, 1)


@pytest.mark.parametrize("start", [MONDAY, MONDAY - timedelta(days=1)])
def test_a_sunday_week_counts_in_the_week_of_its_monday(in_acme: Company, start: date) -> None:
    state(in_acme, subject_of(in_acme), start, grain="week", active_days=3)
    refresh(in_acme)
    row = PersonWeek.objects.get()
    assert (row.week, row.active_days) == (MONDAY, 3)


@pytest.mark.parametrize("grain", ["month", "rolling_28"])
def test_other_grains_feed_no_weekly_figure(in_acme: Company, grain: str) -> None:
    state(in_acme, subject_of(in_acme), date(2026, 9, 1), grain=grain)
    refresh(in_acme)
    assert not PersonWeek.objects.exists()
    assert not SourceWeek.objects.exists()
    assert AdoptionState.objects.get(pk=in_acme.organization.pk).data_through is None


def test_what_the_source_did_not_say_stays_unknown(in_acme: Company) -> None:
    state(in_acme, subject_of(in_acme), interactions=None, active=None)
    refresh(in_acme)
    row = PersonWeek.objects.get()
    assert (row.interactions, row.active_days, row.used) == (None, 0, False)


def test_withdrawn_rows_count_nowhere(in_acme: Company) -> None:
    fact = state(in_acme, subject_of(in_acme))
    refresh(in_acme)
    UsageFact.objects.filter(pk=fact.pk).update(state=0)
    mark_weeks(organization_id=in_acme.organization.pk, weeks=[(MONDAY, in_acme.person.pk)])
    refresh(in_acme)
    assert not PersonWeek.objects.exists()
    assert not SourceWeek.objects.exists()
    assert not GroupWeek.objects.exists()


def test_a_link_counts_from_its_first_to_its_last_day(in_acme: Company) -> None:
    subject = subject_of(in_acme, linked=False)
    for offset in range(5):
        state(in_acme, subject, MONDAY + timedelta(days=offset), interactions=1)
    SubjectLink.objects.create(
        subject=subject,
        person=in_acme.person,
        span=DateRange(MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)),
        how="hand",
    )
    refresh(in_acme)
    assert PersonWeek.objects.get().interactions == 3


# --- who counts ---------------------------------------------------------------------------------
def test_active_is_eligible_and_used(in_acme: Company) -> None:
    open_to(in_acme)
    state(in_acme, subject_of(in_acme))
    refresh(in_acme)
    row = everybody(initiative=in_acme.initiative.pk)
    assert (row.eligible, row.active, row.outside, row.state_new) == (1, 1, 0, 1)
    assert everybody().active == 1


def test_use_without_access_is_told_apart(in_acme: Company) -> None:
    state(in_acme, subject_of(in_acme))
    refresh(in_acme)
    row = everybody()
    assert (row.eligible, row.active, row.outside) == (0, 0, 1)


def test_grace_after_the_start_and_leave_are_not_eligible(in_acme: Company) -> None:
    subject = subject_of(in_acme)
    start = MONDAY - 6 * WEEK
    for n in range(8):
        state(in_acme, subject, MONDAY - n * WEEK)
    Employment.objects.filter(person=in_acme.person).delete()
    Employment.objects.create(person=in_acme.person, span=DateRange(start, None))
    Leave.objects.create(person=in_acme.person, span=DateRange(MONDAY - 2 * WEEK, MONDAY - WEEK))
    open_to(in_acme)
    refresh(in_acme)
    assert weeks_eligible() == [MONDAY - n * WEEK for n in (4, 3, 1, 0)]


def test_without_a_record_of_employment_access_decides(in_acme: Company) -> None:
    Employment.objects.all().delete()
    subject = subject_of(in_acme)
    for n in range(3):
        state(in_acme, subject, MONDAY - n * WEEK)
    open_to(in_acme, DateRange(MONDAY - WEEK, None))
    refresh(in_acme)
    assert weeks_eligible() == [MONDAY - WEEK, MONDAY]


def test_access_on_a_weekend_alone_makes_nobody_eligible(in_acme: Company) -> None:
    state(in_acme, subject_of(in_acme))
    open_to(in_acme, DateRange(MONDAY + timedelta(days=5), MONDAY + timedelta(days=7)))
    refresh(in_acme)
    assert weeks_eligible() == []
    organization = Organization.objects.filter(pk=in_acme.organization.pk)
    organization.update(working_days=[1, 2, 3, 4, 5, 6])
    mark_span(organization_id=in_acme.organization.pk, person_ids=[0])
    refresh(in_acme)
    assert weeks_eligible() == [MONDAY]


def test_the_running_week_is_not_counted(in_acme: Company) -> None:
    open_to(in_acme)
    state(in_acme, subject_of(in_acme), MONDAY + WEEK)
    refresh(in_acme)
    assert not GroupWeek.objects.exists()
    refresh(in_acme, NOW + WEEK)
    assert everybody(MONDAY + WEEK).active == 1


def test_a_week_ends_at_midnight_of_the_organization(in_acme: Company) -> None:
    Organization.objects.filter(pk=in_acme.organization.pk).update(time_zone="Asia/Tokyo")
    open_to(in_acme)
    state(in_acme, subject_of(in_acme))
    refresh(in_acme, datetime(2026, 10, 18, 14, 59, tzinfo=UTC))
    assert not GroupWeek.objects.exists()
    refresh(in_acme, datetime(2026, 10, 18, 15, 0, tzinfo=UTC))
    assert everybody().active == 1


# --- weeks without data -------------------------------------------------------------------------
def test_a_silent_week_is_skipped_and_told(in_acme: Company) -> None:
    subject = subject_of(in_acme)
    for n in (4, 3, 2, 0):
        state(in_acme, subject, MONDAY - n * WEEK)
    open_to(in_acme)
    refresh(in_acme)
    states = dict(SourceWeek.objects.filter(initiative_id=0).values_list("week", "state"))
    assert states[MONDAY - WEEK] == "no_data"
    assert everybody().habitual == 1
    assert not GroupWeek.objects.filter(week=MONDAY - WEEK).exists()


def test_unmatched_use_proves_that_the_source_spoke(in_acme: Company) -> None:
    open_to(in_acme)
    state(in_acme, subject_of(in_acme, linked=False))
    refresh(in_acme)
    row = everybody()
    assert (row.eligible, row.active) == (1, 0)


@pytest.mark.parametrize(("opened", "expected"), [(True, "partial"), (False, "complete")])
def test_any_initiative_is_partial_while_one_with_eligible_people_is_silent(
    in_acme: Company, *, opened: bool, expected: str
) -> None:
    other = make_initiative(key="other", name="Other").pk
    subject = subject_of(in_acme)
    state(in_acme, subject, MONDAY - WEEK, initiative=other)
    state(in_acme, subject, MONDAY - WEEK)
    state(in_acme, subject)
    open_to(in_acme)
    refresh(in_acme)
    if opened:
        open_to(in_acme, initiative=other)
        mark_span(organization_id=in_acme.organization.pk, person_ids=[in_acme.person.pk])
        refresh(in_acme)
    assert SourceWeek.objects.get(week=MONDAY, initiative_id=other).state == "no_data"
    assert SourceWeek.objects.get(week=MONDAY, initiative_id=0).state == expected


# --- state, marks, tenants ----------------------------------------------------------------------
def test_a_refresh_without_changes_changes_nothing(in_acme: Company) -> None:
    open_to(in_acme)
    state(in_acme, subject_of(in_acme))
    assert refresh(in_acme) > 0
    version = AdoptionState.objects.get(pk=in_acme.organization.pk).version
    assert refresh(in_acme, NOW + timedelta(hours=1)) == 0
    assert refresh(in_acme, NOW + timedelta(hours=2), full=True) == 0
    after = AdoptionState.objects.get(pk=in_acme.organization.pk)
    assert after.version == version
    assert after.computed_at == NOW + timedelta(hours=2)


def test_a_changed_figure_is_a_new_version(in_acme: Company) -> None:
    open_to(in_acme)
    subject = subject_of(in_acme)
    state(in_acme, subject, MONDAY - WEEK)
    refresh(in_acme)
    version = AdoptionState.objects.get(pk=in_acme.organization.pk).version
    state(in_acme, subject)
    mark_weeks(
        organization_id=in_acme.organization.pk, weeks=[(MONDAY, in_acme.person.pk), (MONDAY, 0)]
    )
    assert refresh(in_acme) > 0
    after = AdoptionState.objects.get(pk=in_acme.organization.pk)
    assert after.version == version + 1
    assert after.data_through == MONDAY
    assert everybody().active == 1


def test_data_through_goes_back_when_the_newest_rows_are_withdrawn(in_acme: Company) -> None:
    subject = subject_of(in_acme)
    state(in_acme, subject, MONDAY - 9 * WEEK)
    newest = state(in_acme, subject, MONDAY, grain="week")
    refresh(in_acme)
    known = AdoptionState.objects.get(pk=in_acme.organization.pk).data_through
    assert known == MONDAY + timedelta(days=6)
    UsageFact.objects.filter(pk=newest.pk).update(state=0)
    mark_weeks(organization_id=in_acme.organization.pk, weeks=[(MONDAY, in_acme.person.pk)])
    refresh(in_acme)
    known = AdoptionState.objects.get(pk=in_acme.organization.pk).data_through
    assert known == MONDAY - 9 * WEEK


def test_marks_are_gone_after_the_refresh_and_stay_when_it_fails(
    in_acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(in_acme)
    mark_weeks(organization_id=in_acme.organization.pk, weeks=[(MONDAY, in_acme.person.pk)])
    mark_span(organization_id=in_acme.organization.pk, person_ids=[in_acme.person.pk])

    class PowerCutError(Exception):
        pass

    def fail(*args: object, **kwargs: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr("adoption.refresh.run._save", fail)
        with pytest.raises(PowerCutError):
            refresh(in_acme)
    assert DirtyWeek.objects.exists()
    assert DirtySpan.objects.exists()
    refresh(in_acme)
    assert not DirtyWeek.objects.exists()
    assert not DirtySpan.objects.exists()


def test_the_twins_rows_and_marks_are_left_alone(in_acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        open_to(twin)
        state(twin, subject_of(twin))
        mark_weeks(organization_id=twin.organization.pk, weeks=[(MONDAY, twin.person.pk)])
    refresh(in_acme)
    assert not GroupWeek.objects.exists()
    with scope.organization(twin.organization.pk):
        assert DirtyWeek.objects.exists()
        assert not PersonWeek.objects.exists()
        assert not AdoptionState.objects.filter(pk=twin.organization.pk).exists()


def test_an_organization_without_anything_has_a_state_and_no_figures(in_acme: Company) -> None:
    refresh(in_acme)
    found = AdoptionState.objects.get(pk=in_acme.organization.pk)
    assert (found.data_through, found.batch_number, found.last_week) == (None, None, MONDAY)
    assert not GroupWeek.objects.exists()


def test_departments_hold_what_is_below_them_and_what_is_directly_in_them(
    in_acme: Company,
) -> None:
    loner = make_person(email="lo@acme.test", name="Lo")
    open_to(in_acme)
    Eligibility.objects.create(initiative=in_acme.initiative, person=loner, span=ALWAYS)
    state(in_acme, subject_of(in_acme))
    refresh(in_acme)
    rows = GroupWeek.objects.filter(week=MONDAY, initiative_id=0)
    by = {(row.dimension, row.group_id): (row.eligible, row.active) for row in rows}
    warehouse = in_acme.person.pk and next(g for d, g in by if d == "direct" and g)
    assert by["all", 0] == (2, 1)
    assert by["direct", warehouse] == (1, 1)
    assert by["direct", 0] == (1, 0)
    assert len([key for key in by if key[0] == "department"]) == 2
    assert by["role", 0] == (2, 1)


# --- the base moves -----------------------------------------------------------------------------
def test_the_base_moves_with_time_and_old_figures_stay(in_acme: Company) -> None:
    open_to(in_acme)
    subject = subject_of(in_acme)
    for n in range(0, 57, 2):
        state(in_acme, subject, MONDAY - n * WEEK)
    refresh(in_acme)
    first = AdoptionState.objects.get(pk=in_acme.organization.pk)
    before = {(row.pk, row.active, row.state_new) for row in GroupWeek.objects.all()}
    later = NOW + 6 * WEEK
    refresh(in_acme, later)
    moved = AdoptionState.objects.get(pk=in_acme.organization.pk)
    this_week = later.date() - timedelta(days=later.weekday())
    assert moved.base_week == this_week - BASE_DISTANCE
    assert moved.base_week == first.base_week + 6 * WEEK
    assert before <= {(row.pk, row.active, row.state_new) for row in GroupWeek.objects.all()}
    mask = WeekMask.objects.get(initiative_id=0)
    assert mask.used_before == 3
    assert mask.eligible_mask >> 62 & 1
    assert refresh(in_acme, later, full=True) == 0


def test_nobody_is_new_twice_when_the_first_use_lies_before_the_base(in_acme: Company) -> None:
    open_to(in_acme)
    subject = subject_of(in_acme)
    state(in_acme, subject, MONDAY - 70 * WEEK)
    state(in_acme, subject, MONDAY)
    refresh(in_acme)
    row = everybody()
    assert (row.active, row.state_new, row.state_occasional) == (1, 0, 1)
