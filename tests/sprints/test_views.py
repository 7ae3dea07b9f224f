"""The sprint home and the start of a sprint over HTTP, and the sprint by REST."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange

from adoption.calculations.suppression import Status
from organizations import scope
from organizations.calculations.roles import Role, Scope
from organizations.models import Organization
from sprints.calculations.calendar import sprint_day
from sprints.calculations.finding import (
    coming_monday,
    home_title,
    sprint_name,
    weekly_points,
)
from sprints.calculations.home import (
    KIND,
    SCHEMA,
    HomeBody,
    ImportHealth,
    Share,
    SilentWeek,
    SprintDates,
    Waiting,
)
from sprints.models import Snapshot, Sprint
from tests.builders import make_initiative, make_key
from tests.cast import CANARY, Company

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
STARTS = date(2026, 10, 5)
LAST_WEEK = date(2026, 11, 16)
BODY = HomeBody(
    last_complete_week=LAST_WEEK,
    sprint=SprintDates(sprint_id=1, name="Q4 sprint", starts_on=STARTS),
    active=Share(week=LAST_WEEK, status=Status.KNOWN, k=516, n=904),
    active_at_start=Share(week=date(2026, 9, 28), status=Status.KNOWN, k=280, n=900),
    habitual=Share(week=LAST_WEEK, status=Status.KNOWN, k=402, n=880),
    series=(
        Share(week=date(2026, 11, 2), status=Status.KNOWN, k=470, n=900),
        Share(week=LAST_WEEK, status=Status.KNOWN, k=516, n=904),
    ),
    data_through=date(2026, 11, 24),
    batch_number=418,
    figures_version=7,
    definition_version="adoption-1",
    imports=ImportHealth(
        batches=9, waiting=0, failed=1, received=60, accepted=40, revised=9, duplicate=5, rejected=6
    ),
    waiting=Waiting(unmatched_subjects=9, failed_batches=1, silent_weeks=()),
    figures_computed_at=NOW,
)


@pytest.fixture(autouse=True)
def november() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def make_sprint(*, starts_on: date = STARTS, name: str = "Q4 sprint") -> Sprint:
    return Sprint.objects.create(
        name=name, span=DateRange(starts_on, starts_on + timedelta(days=90))
    )


def make_snapshot(
    body: HomeBody = BODY, *, day: date = TODAY, computed_at: datetime = NOW
) -> Snapshot:
    return Snapshot.objects.create(
        kind=KIND,
        day=day,
        schema=SCHEMA,
        body=msgspec.to_builtins(body),
        computed_at=computed_at,
        nightly=True,
    )


def home(company: Company, role: Role = Role.PROGRAM_LEAD, query: str = "") -> str:
    answer = company.client(role).get(f"/sprint/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


# --- who ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/sprint/", {Role.PROGRAM_LEAD, Role.EXECUTIVE}),
        ("/sprint/start/", {Role.PROGRAM_LEAD}),
    ],
)
def test_a_page_opens_for_its_roles_only(
    acme: Company, path: str, roles: set[Role], role: Role
) -> None:
    answer = acme.client(role).get(path)
    assert answer.status_code == (200 if role in roles else 403)


def test_an_executive_reads_and_is_offered_nothing_else(in_acme: Company) -> None:
    make_sprint()
    make_snapshot()
    page = home(in_acme, Role.EXECUTIVE)
    assert "57% of eligible people" in page
    assert "/sprint/start/" not in page
    assert 'href="/data/' not in page


def test_nothing_of_the_twin_is_shown(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_sprint(name=f"Their sprint {CANARY}")
        make_snapshot()
    page = home(acme)
    assert CANARY not in page
    assert "No sprint is planned" in page


# --- what -----------------------------------------------------------------------------------------
def test_the_title_is_the_finding(in_acme: Company) -> None:
    make_sprint()
    make_snapshot()
    page = home(in_acme)
    assert "38 days left. 57% of eligible people used AI last week." in page
    assert "516 of 904" in page
    assert "Was 31% at the start" in page
    assert "Day 52 of 90" in page
    assert "Usage up to" in page


def test_what_waits_leads_to_its_pages(in_acme: Company) -> None:
    initiative = make_initiative(key="chat", name="Chat assistant")
    silent = (
        SilentWeek(initiative_id=initiative.pk, week=date(2026, 11, 2)),
        SilentWeek(initiative_id=initiative.pk, week=LAST_WEEK),
    )
    make_sprint()
    make_snapshot(replace(BODY, waiting=replace(BODY.waiting, silent_weeks=silent)))
    page = home(in_acme)
    assert "9 accounts nobody answers to" in page
    assert "1 batch refused or stopped" in page
    assert "Chat assistant sent nothing for 2 weeks" in page
    assert "?initiative=chat" in page


def test_an_initiative_that_is_gone_waits_for_nobody(in_acme: Company) -> None:
    silent = (SilentWeek(initiative_id=999_999, week=LAST_WEEK),)
    make_snapshot(replace(BODY, waiting=replace(BODY.waiting, silent_weeks=silent)))
    assert "sent nothing for" not in home(in_acme)


def test_a_small_organization_sees_a_sign_and_no_number(in_acme: Company) -> None:
    hidden = Share(week=LAST_WEEK, status=Status.SUPPRESSED)
    make_sprint()
    make_snapshot(replace(BODY, active=hidden, habitual=hidden, active_at_start=hidden, series=()))
    page = home(in_acme)
    assert "Not shown (small group)" in page
    assert "0%" not in page


def test_no_usage_is_unknown_and_not_zero(in_acme: Company) -> None:
    make_sprint()
    make_snapshot(
        replace(
            BODY, active=None, active_at_start=None, habitual=None, series=(), data_through=None
        )
    )
    page = home(in_acme)
    assert "No figure of use yet" in page
    assert "no usage yet" in page
    assert "0%" not in page


def test_a_silent_source_makes_it_at_least(in_acme: Company) -> None:
    make_sprint()
    make_snapshot(replace(BODY, active=replace(BODY.active, at_least=True)))
    assert "At least 57% of eligible people" in home(in_acme)


@pytest.mark.parametrize(("hours", "stale"), [(26, False), (27, True)])
def test_figures_older_than_26_hours_say_so(in_acme: Company, hours: int, stale: bool) -> None:
    make_sprint()
    made = NOW - timedelta(hours=hours)
    make_snapshot(day=made.date(), computed_at=made)
    assert ("Nothing has been computed for more than 26 hours" in home(in_acme)) is stale


# --- when -----------------------------------------------------------------------------------------
def test_a_past_day_is_shown_as_it_was(in_acme: Company) -> None:
    make_sprint()
    then = date(2026, 11, 11)
    before = Share(week=date(2026, 11, 2), status=Status.KNOWN, k=470, n=900)
    make_snapshot(replace(BODY, active=before), day=then, computed_at=NOW - timedelta(days=14))
    make_snapshot()
    page = home(in_acme, query="?day=2026-11-11")
    assert "52 days left. 52% of eligible people used AI in the week of 2 Nov." in page
    assert "As it was on 11 Nov 2026" in page
    assert "more than 26 hours" not in page


def test_a_missed_night_shows_the_one_before_and_says_so(in_acme: Company) -> None:
    make_snapshot(day=date(2026, 11, 10))
    page = home(in_acme, query="?day=2026-11-11")
    assert "the last night before it was that of 10 Nov 2026" in page


def test_a_day_before_everything_has_no_picture(in_acme: Company) -> None:
    make_snapshot()
    page = home(in_acme, query="?day=2025-01-01")
    assert "Nothing was kept of 1 Jan 2025" in page


@pytest.mark.parametrize("day", ["2026-11-26", "soon", "2026-02-30"])
def test_a_day_that_is_none_or_ahead_is_not_found(in_acme: Company, day: str) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    assert client.get(f"/sprint/?day={day}").status_code == 404


def test_today_is_the_organizations_own_day(in_acme: Company) -> None:
    Organization.objects.update(time_zone="Pacific/Kiritimati")
    make_sprint()
    with time_machine.travel(datetime(2026, 11, 25, 11, tzinfo=UTC), tick=False):
        assert "37 days left" in home(in_acme)


def test_without_a_sprint_the_lead_is_led_to_one(in_acme: Company) -> None:
    page = home(in_acme)
    assert "No sprint is planned" in page
    assert 'href="/sprint/start/"' in page
    assert "No figures yet" in page
    assert 'href="/sprint/start/"' not in home(in_acme, Role.EXECUTIVE)


# --- starting one ---------------------------------------------------------------------------------
def test_the_form_proposes_the_next_monday_and_shows_its_end(in_acme: Company) -> None:
    page = in_acme.client(Role.PROGRAM_LEAD).get("/sprint/start/").content.decode()
    assert 'value="2026-11-30"' in page
    assert "Ninety days from 30 Nov 2026 end on 27 Feb 2027" in page


def test_the_form_proposes_a_monday_that_is_free(in_acme: Company) -> None:
    make_sprint()
    page = in_acme.client(Role.PROGRAM_LEAD).get("/sprint/start/").content.decode()
    assert "Ninety days from 4 Jan 2027" in page


def test_looking_at_dates_starts_nothing(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/sprint/start/", {"name": "Next", "starts_on": "2027-01-04", "dates": "show"}
    )
    assert b"Ninety days from 4 Jan 2027 end on 3 Apr 2027" in answer.content
    assert not Sprint.objects.exists()


def test_a_sprint_is_started_and_counted_at_once(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    answer = client.post("/sprint/start/", {"name": "Q4 sprint", "starts_on": "2026-10-05"})
    assert answer.status_code == 302
    assert Sprint.objects.get().started_by == in_acme.users[Role.PROGRAM_LEAD]
    assert "38 days left" in home(in_acme)


def test_an_overlap_is_refused_in_words(in_acme: Company) -> None:
    make_sprint()
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/sprint/start/", {"name": "Second", "starts_on": "2027-01-02"}
    )
    assert answer.status_code == 200
    assert b"Another sprint runs on one of these ninety days" in answer.content
    assert Sprint.objects.count() == 1


def test_a_sprint_without_a_name_or_day_is_asked_for_both(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/sprint/start/", {"name": " "})
    assert set(answer.context["form"].errors) == {"name", "starts_on"}
    assert not Sprint.objects.exists()


# --- by REST --------------------------------------------------------------------------------------
def test_the_api_tells_what_the_page_tells(in_acme: Company) -> None:
    make_sprint()
    make_snapshot()
    body = in_acme.api().get("/api/v1/sprint").json()
    assert (body["day"], body["total"], body["days_left"], body["phase"]) == (52, 90, 38, 2)
    assert body["sprint_state"] == "running"
    assert [phase["starts_on"] for phase in body["phases"]] == [
        "2026-10-05",
        "2026-11-04",
        "2026-12-04",
    ]
    assert body["weekly_active"] == {
        "value": pytest.approx(516 / 904),
        "k": 516,
        "n": 904,
        "status": "known",
        "week": "2026-11-16",
        "at_least": False,
    }
    assert body["waiting"] == {"unmatched_subjects": 9, "failed_batches": 1, "silent_weeks": 0}
    assert body["data_through"] == "2026-11-24"


def test_the_api_hides_what_the_page_hides(in_acme: Company) -> None:
    make_sprint()
    make_snapshot(replace(BODY, active=Share(week=LAST_WEEK, status=Status.SUPPRESSED)))
    told = in_acme.api().get("/api/v1/sprint/").json()["weekly_active"]
    assert (told["value"], told["k"], told["n"]) == (None, None, None)
    assert told["status"] == "suppressed"


def test_a_sprint_before_its_first_figures_has_none(in_acme: Company) -> None:
    make_sprint()
    body = in_acme.api().get("/api/v1/sprint").json()
    assert body["weekly_active"]["status"] == "no_data"
    assert (body["computed_at"], body["waiting"]) == (None, None)


def test_without_a_sprint_the_api_answers_with_a_problem(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_sprint()
    answer = acme.api().get("/api/v1/sprint")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_a_key_of_another_scope_learns_nothing(in_acme: Company, client: Any) -> None:
    make_sprint()
    key = make_key(
        organization=in_acme.organization, scopes=[Scope.READ_ADOPTION], name="Other", now=NOW
    )
    answer = client.get("/api/v1/sprint", headers={"Authorization": f"Bearer {key.text}"})
    assert answer.status_code == 403
    assert client.get("/api/v1/sprint").status_code == 401


# --- the sentence ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 10, 4), "The sprint starts in 1 day."),
        (date(2026, 10, 5), "89 days left."),
        (date(2027, 1, 1), "1 day left."),
        (date(2027, 1, 2), "The last day."),
        (date(2027, 1, 3), "The sprint has ended."),
    ],
)
def test_the_sentence_counts_days(today: date, words: str) -> None:
    day = sprint_day(starts_on=STARTS, today=today)
    assert home_title(day=day, active=None, last_week=None).startswith(words)


def test_nobody_eligible_is_told_apart_from_nobody_active() -> None:
    nobody = Share(week=LAST_WEEK, status=Status.UNKNOWN)
    idle = Share(week=LAST_WEEK, status=Status.KNOWN, k=0, n=40)
    assert "Nobody is eligible" in home_title(day=None, active=nobody, last_week=LAST_WEEK)
    assert "0% of eligible people" in home_title(day=None, active=idle, last_week=LAST_WEEK)


def test_a_week_without_data_is_a_gap() -> None:
    assert weekly_points(series=BODY.series) == [470 / 900, None, 516 / 904]
    assert weekly_points(series=()) == []


def test_the_coming_monday_is_never_today() -> None:
    assert coming_monday(today=date(2026, 11, 23)) == date(2026, 11, 30)
    assert coming_monday(today=date(2026, 11, 29)) == date(2026, 11, 30)
    assert sprint_name(starts_on=date(2026, 12, 31)) == "Q4 2026 sprint"
