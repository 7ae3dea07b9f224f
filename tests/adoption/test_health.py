"""How the sources are: on time, late or silent, what was refused, which weeks nobody told of."""

import csv
import io
from datetime import date, timedelta

import pytest
import time_machine

from adoption.calculations.health import (
    Health,
    WeekState,
    allowed_lag,
    health_of,
    weeks_told,
)
from organizations.actions.links import link_matching
from organizations.calculations.roles import Role
from organizations.models import AuditEvent
from portfolio.models import Initiative
from tests.builders import make_initiative, make_person
from tests.cast import CANARY, Company

# A Wednesday; the last complete week began on 12 October.
NOW = "2026-10-21T12:00:00Z"
TODAY = date(2026, 10, 21)
PAGE, FILE = "/data/sources/", "/data/sources/export.csv"


def usage(*rows: tuple[str, str], initiative: str = "copilot") -> str:
    """Canonical rows of (day, address)."""
    lines = [f"email:{who},{initiative},{day},2" for day, who in rows]
    return "subject,initiative,day,interactions\n" + "\n".join(lines) + "\n"


def post(company: Company, body: str, **query: str) -> dict:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    answer = company.api().post(f"/api/v1/usage?{words}", body, content_type="text/csv")
    assert answer.status_code == 200, answer.content
    return answer.json()


def nightly(refreshed: date, last: date, who: str = "bo.chen@acme.test") -> str:
    """Version 1 of Microsoft's report: one last day, no window."""
    return (
        "Report Refresh Date,User Principal Name,Display Name,Last Activity Date,Report Period\n"
        f"{refreshed},{who},,{last},30\n"
    )


def page(company: Company) -> str:
    return company.client(Role.ADMINISTRATOR).get(PAGE).text


def lines(company: Company) -> list[dict[str, str]]:
    answer = company.client(Role.PROGRAM_LEAD).get(FILE)
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


# --- the rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lag", "health"),
    [(0, Health.OK), (7, Health.OK), (8, Health.LATE), (21, Health.LATE), (22, Health.SILENT)],
)
def test_a_daily_source_that_settles_in_three_days_is_late_after_seven(
    lag: int, health: Health
) -> None:
    allowed = allowed_lag(period_days=1, settles_after_days=3)
    assert health_of(lag=lag, allowed=allowed, in_use=True) is health


def test_a_weekly_source_may_be_a_week_further_behind() -> None:
    assert allowed_lag(period_days=7, settles_after_days=3) == 13


def test_nothing_at_all_is_silent_and_nothing_is_expected_of_what_is_not_in_use() -> None:
    assert health_of(lag=None, allowed=4, in_use=True) is Health.SILENT
    assert health_of(lag=None, allowed=4, in_use=False) is Health.RESTING


def test_a_week_without_data_is_a_gap_only_after_the_first_word() -> None:
    weeks = [date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 12)]
    told = {date(2026, 10, 5): {date(2026, 10, 5), date(2026, 10, 6)}}
    found = weeks_told(weeks=weeks, days=told, began=date(2026, 10, 5))
    assert [(week.state, week.days) for week in found] == [
        (WeekState.BEFORE, None),
        (WeekState.DATA, 2),
        (WeekState.GAP, None),
    ]
    never = weeks_told(weeks=weeks, days={}, began=None)
    assert {week.state for week in never} == {WeekState.BEFORE}


# --- the page -------------------------------------------------------------------------------------


def test_without_a_source_the_page_says_what_to_do(acme: Company) -> None:
    words = page(acme)
    assert "No source tells of usage yet" in words
    assert "/data/keys/#new" in words


@time_machine.travel(NOW, tick=False)
def test_the_title_counts_those_that_are_late_and_silent(in_acme: Company) -> None:
    for key in ("reviews", "drafts"):
        make_initiative(key=key, name=key.capitalize())
    post(in_acme, usage(("2026-10-20", "bo.chen@acme.test")))
    assert "Every source is on time" in page(in_acme)
    post(in_acme, usage(("2026-10-12", "bo.chen@acme.test"), initiative="reviews"))
    assert "1 of 2 sources is late" in page(in_acme)
    post(in_acme, usage(("2026-09-01", "bo.chen@acme.test"), initiative="drafts"))
    words = page(in_acme)
    assert "1 of 3 sources is late and 1 is silent" in words
    assert words.index("Drafts") < words.index("Reviews") < words.index("Copilot")


@time_machine.travel(NOW, tick=False)
def test_a_stopped_initiative_is_not_called_late(in_acme: Company) -> None:
    post(in_acme, usage(("2026-09-01", "bo.chen@acme.test")))
    Initiative.objects.filter(key="copilot").update(stage="stopped")
    assert "No source is expected" in page(in_acme)
    assert lines(in_acme)[0]["state"] == "resting"


@time_machine.travel(NOW, tick=False)
def test_silent_weeks_are_gaps_and_no_zeros(in_acme: Company) -> None:
    post(
        in_acme,
        usage(("2026-09-21", "bo.chen@acme.test"), ("2026-10-19", "bo.chen@acme.test")),
    )
    words = page(in_acme)
    assert words.count("<strong>gap</strong>") == 3
    assert "1 of 13 weeks with data, 3 without" in words
    assert "3 weeks without data" in words
    assert lines(in_acme)[0]["weeks_without_data_13w"] == "3"


@time_machine.travel(NOW, tick=False)
def test_refused_rows_and_unmatched_subjects_are_shares_with_their_parts(
    in_acme: Company,
) -> None:
    good = usage(("2026-10-20", "bo.chen@acme.test"), ("2026-10-20", "stranger@else.test"))
    sent = post(in_acme, good + "email:bo.chen@acme.test,copilot,2026-13-40,1\n")
    assert (sent["accepted"], sent["rejected"]) == (2, 1)
    [line] = lines(in_acme)
    assert (line["rows_28d"], line["refused_rows_28d"]) == ("3", "1")
    assert (line["subjects_28d"], line["unmatched_28d"]) == ("2", "1")
    assert "1 of 3 rows in 1 batch of all in this form" in page(in_acme)
    # Whoever is linked later is no stranger: the share is of today, not of the import.
    make_person(email="stranger@else.test")
    link_matching(organization_id=in_acme.organization.pk)
    assert lines(in_acme)[0]["unmatched_28d"] == "0"


@time_machine.travel(NOW, tick=False)
def test_imports_older_than_28_days_count_in_no_share(in_acme: Company) -> None:
    with time_machine.travel("2026-09-20T12:00:00Z", tick=False):
        post(in_acme, usage(("2026-09-19", "bo.chen@acme.test")))
    [line] = lines(in_acme)
    assert (line["batches_28d"], line["rows_28d"], line["last_batch"]) == ("0", "0", "1")
    assert line["last_import"].startswith("2026-09-20")
    assert "No rows in 28 days" in page(in_acme)


def test_nights_seen_are_the_days_reports_were_made_on(in_acme: Company) -> None:
    for days in (9, 4, 3, 3):
        made = TODAY - timedelta(days=days)
        with time_machine.travel(f"{made + timedelta(days=1)}T03:00:00Z", tick=False):
            post(
                in_acme,
                nightly(made, made - timedelta(days=1)),
                source="m365_copilot",
                initiative="copilot",
            )
    with time_machine.travel(NOW, tick=False):
        [line] = lines(in_acme)
        assert (line["source"], line["nights_28d"], line["state"]) == ("m365_copilot", "3", "ok")
        assert "3 of 28 nights seen" in page(in_acme)
    with time_machine.travel("2026-11-30T12:00:00Z", tick=False):
        assert lines(in_acme)[0]["nights_28d"] == "0"


@time_machine.travel(NOW, tick=False)
def test_a_source_whose_every_file_was_refused_is_seen_as_silent(in_acme: Company) -> None:
    answer = in_acme.api().post(
        "/api/v1/usage?source=github_copilot&initiative=copilot",
        '{"total_seats": 1}',
        content_type="application/json",
    )
    assert answer.status_code == 400
    words = page(in_acme)
    assert "1 of 1 source is silent" in words
    assert "1 file refused whole" in words
    assert "None was taken" in words


@time_machine.travel(NOW, tick=False)
def test_the_file_is_logged_and_shows_nothing_of_the_twin(acme: Company, twin: Company) -> None:
    post(twin, usage(("2026-10-20", "bo.chen@acme.test")))
    assert lines(acme) == []
    assert CANARY not in page(acme)
    post(acme, usage(("2026-10-20", "bo.chen@acme.test")))
    assert [line["initiative"] for line in lines(acme)] == ["copilot"]
    event = AuditEvent.unscoped.filter(action="sources.exported").latest("pk")
    assert event.changes == {"lines": 1}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.EXECUTIVE, Role.CHAMPION, Role.AUDITOR])
def test_only_who_looks_after_the_data_sees_its_sources(acme: Company, role: Role) -> None:
    assert acme.client(role).get(PAGE).status_code == 403
    assert acme.client(role).get(FILE).status_code == 403
