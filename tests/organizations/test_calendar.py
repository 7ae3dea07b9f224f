"""Working days and days off, and what they do to the weeks that count (METHODS 3.1)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from adoption.models import AdoptionState, WeekMask
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.actions.calendar import add_holidays, remove_holiday, set_working_days
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.calculations.settings import DayOff, next_year, read_days_off
from organizations.errors import NotFound
from organizations.models import AuditEvent, DirtySpan, Holiday, Organization
from portfolio.refresh import rebuild_access
from tests.builders import make_rule
from tests.cast import Company

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NEW_YEAR = DayOff(day=date(2026, 1, 1), name="New Year")


def days() -> list[date]:
    return sorted(Holiday.objects.values_list("day", flat=True))


# --- reading a pasted list --------------------------------------------------------------------
def test_a_pasted_list_is_read_line_by_line() -> None:
    found, bad = read_days_off("2027-12-25  Christmas\tDay\n\n2027-01-01 New Year\r\n")
    assert [(off.day, off.name) for off in found] == [
        (date(2027, 1, 1), "New Year"),
        (date(2027, 12, 25), "Christmas Day"),
    ]
    assert bad == ()


@pytest.mark.parametrize(
    "line",
    [
        "01.01.2027 New Year",
        "2027-02-30 No such day",
        "2027-01-01",
        "20270101 New Year",
        "2027-W01-1 New Year",
        "0001-01-01 Long ago",
        "9999-12-31 Far ahead",
        "2027-01-01 " + "x" * 81,
        "2027-01-01 bell\x07",
        "２０２７-01-01 Wide digits",  # noqa: RUF001
    ],
)
def test_a_line_that_is_no_day_off_is_told_with_its_number(line: str) -> None:
    found, bad = read_days_off(f"2027-05-01 May Day\n{line}")
    assert len(found) == 1
    assert [one.line for one in bad] == [2]


def test_a_day_that_stands_twice_is_not_guessed() -> None:
    _, bad = read_days_off("2027-01-01 New Year\n2027-01-01 Another")
    assert [one.line for one in bad] == [2]


def test_last_years_days_move_to_the_same_date_but_for_the_leap_day() -> None:
    before = [DayOff(day=date(2028, 2, 29), name="Leap"), DayOff(day=date(2028, 5, 1), name="May")]
    assert next_year(before, year=2029) == (DayOff(day=date(2029, 5, 1), name="May"),)


# --- the page ---------------------------------------------------------------------------------
def test_days_off_are_pasted_renamed_and_removed(in_acme: Company) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    pasted = {"lines": "2027-01-01 New Year\n2027-05-01 May Day"}
    assert client.post("/settings/calendar/add/", pasted)["Location"].endswith("?year=2027")
    assert days() == [date(2027, 1, 1), date(2027, 5, 1)]
    client.post("/settings/calendar/add/", {"lines": "2027-01-01 Neujahr"})
    page = client.get("/settings/calendar/?year=2027").content.decode()
    assert "Neujahr" in page
    assert "2 days off in 2027" in page
    client.post("/settings/calendar/remove/", {"day": "2027-01-01", "year": "2027"})
    assert days() == [date(2027, 5, 1)]
    said = list(AuditEvent.objects.order_by("-sequence").values_list("action", flat=True)[:3])
    assert said == [
        "settings.holiday_removed",
        "settings.holidays_added",
        "settings.holidays_added",
    ]


def test_a_bad_line_stores_none_of_them(in_acme: Company) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    answer = client.post("/settings/calendar/add/", {"lines": "2027-01-01 New Year\nsoon Party"})
    assert "Line 2" in answer.content.decode()
    assert days() == []


def test_days_of_the_year_before_are_offered_and_taken_over(in_acme: Company) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    lines = "2026-05-01 May Day\n2026-04-06 Easter Monday\n2027-05-01 May Day"
    client.post("/settings/calendar/add/", {"lines": lines})
    page = client.get("/settings/calendar/?year=2027")
    assert [off.day for off in page.context["report"].offered] == [date(2027, 4, 6)]
    chosen = {"year": "2027", "days": ["2027-04-06", "2027-12-31"]}
    assert client.post("/settings/calendar/copy/", chosen).status_code == 200  # one not offered
    client.post("/settings/calendar/copy/", {"year": "2027", "days": ["2027-04-06"]})
    assert date(2027, 4, 6) in days()


def test_the_twins_day_cannot_be_removed(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        Holiday.objects.create(day=date(2027, 1, 1), name="New Year")
    answer = acme.client(Role.ADMINISTRATOR).post(
        "/settings/calendar/remove/", {"day": "2027-01-01"}
    )
    assert answer.status_code == 404
    with scope.organization(twin.organization.pk):
        assert days() == [date(2027, 1, 1)]


def test_working_days_are_chosen_and_none_is_refused(acme: Company) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    client.post("/settings/calendar/weekdays/", {"weekdays": ["7", "1", "2", "3", "4"]})
    stored = Organization.objects.get(pk=acme.organization.pk)
    assert stored.working_days == [1, 2, 3, 4, 7]
    answer = client.post("/settings/calendar/weekdays/", {})
    assert "Choose at least one working day." in answer.content.decode()


def test_an_auditor_reads_the_calendar(acme: Company) -> None:
    client = acme.client(Role.AUDITOR)
    page = client.get("/settings/calendar/").content.decode()
    assert "Monday, Tuesday" in page
    assert "calendar/add" not in page
    assert client.post("/settings/calendar/add/", {"lines": "x"}).status_code == 403


# --- what it does to figures ------------------------------------------------------------------
def eligible_weeks(company: Company) -> set[date]:
    """The weeks in which the company's one person is eligible, after a refresh."""
    refresh_adoption(organization_id=company.organization.pk, now=NOW)
    state = company.organization.pk
    mask = WeekMask.objects.get(
        person_id=company.person.pk, initiative_id=company.initiative.pk
    ).eligible_mask
    base = AdoptionState.objects.get(pk=state).base_week
    return {base + timedelta(weeks=bit) for bit in range(62) if mask >> bit & 1}


@pytest.fixture
def with_access(in_acme: Company) -> Company:
    make_rule(initiative=in_acme.initiative, first=date(2026, 6, 1), last=date(2026, 12, 31))
    rebuild_access(organization_id=in_acme.organization.pk, person_ids=[in_acme.person.pk])
    return in_acme


MONDAY = date(2026, 8, 3)
WHOLE_WEEK = [DayOff(day=MONDAY + timedelta(days=n), name="Works holiday") for n in range(5)]


def test_a_week_of_days_off_counts_for_nobody_until_they_are_removed(with_access: Company) -> None:
    pk = with_access.organization.pk
    before = eligible_weeks(with_access)
    assert MONDAY in before
    add_holidays(organization_id=pk, days=WHOLE_WEEK, actor=SYSTEM, now=NOW)
    assert eligible_weeks(with_access) == before - {MONDAY}
    remove_holiday(organization_id=pk, day=MONDAY, actor=SYSTEM, now=NOW)
    assert eligible_weeks(with_access) == before


def test_a_single_day_off_leaves_its_week(with_access: Company) -> None:
    before = eligible_weeks(with_access)
    add_holidays(
        organization_id=with_access.organization.pk, days=WHOLE_WEEK[:1], actor=SYSTEM, now=NOW
    )
    assert eligible_weeks(with_access) == before


def test_another_working_week_moves_the_first_week_that_counts(with_access: Company) -> None:
    """Access from Monday 1 June: with Sunday as the only working day the week still counts."""
    pk = with_access.organization.pk
    before = eligible_weeks(with_access)
    add_holidays(organization_id=pk, days=WHOLE_WEEK, actor=SYSTEM, now=NOW)
    set_working_days(organization_id=pk, weekdays=[7], actor=SYSTEM, now=NOW)
    assert eligible_weeks(with_access) >= before


def test_the_same_calendar_again_marks_nothing(in_acme: Company) -> None:
    pk = in_acme.organization.pk
    add_holidays(organization_id=pk, days=[NEW_YEAR], actor=SYSTEM, now=NOW)
    DirtySpan.objects.all().delete()
    assert add_holidays(organization_id=pk, days=[NEW_YEAR], actor=SYSTEM, now=NOW) == ()
    assert not set_working_days(organization_id=pk, weekdays=[5, 4, 3, 2, 1], actor=SYSTEM, now=NOW)
    assert not DirtySpan.objects.exists()


def test_a_day_that_is_not_there_cannot_be_removed(in_acme: Company) -> None:
    with pytest.raises(NotFound):
        remove_holiday(
            organization_id=in_acme.organization.pk, day=date(2027, 1, 1), actor=SYSTEM, now=NOW
        )
