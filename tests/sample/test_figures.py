"""The figures of the design, counted from the files alone."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from lastmile.sample.northwind import NORTHWIND
from lastmile.sample.writing import write
from tests.sample.reading import Reading

LAST_WEEK = date(2026, 11, 16)
BEFORE_SPRINT = date(2026, 9, 28)
STOPPED = date(2026, 10, 31)

# Department: people, eligible, active in week 7.
DESIGN = {
    "Customer Service": (212, 184, 131),
    "Dispatch and Operations": (286, 240, 132),
    "Warehouse": (318, 96, 31),
    "Billing and Claims": (94, 88, 61),
    "Sales": (108, 102, 58),
    "Finance": (62, 58, 33),
    "Procurement and Fleet": (71, 52, 19),
    "People and Legal": (43, 38, 12),
    "IT and Data": (46, 46, 39),
}
TEAMS = {
    "Inbound phones": (62, 49),
    "Email and chat": (71, 55),
    "Key accounts": (36, 21),
    "Parcel tracing": (11, 5),
    "Returns desk": (4, 1),
}


def near(count: int) -> object:
    """Within two per cent, or one person."""
    return pytest.approx(count, rel=0.02, abs=1)


def share(reading: Reading, week: date, department: str = "") -> float:
    eligible = reading.eligible(week)
    active = reading.active(week, eligible)
    if not department:
        return len(active) / len(eligible)
    every = reading.by_department(set(eligible), week)[department]
    return reading.by_department(active, week)[department] / every


def test_the_directory_has_the_people_of_the_design(northwind: Reading) -> None:
    people = Counter(row["department"].split(" / ")[0] for row in northwind.people.values())

    assert people == {name: counts[0] for name, counts in DESIGN.items()}
    assert people.total() == 1240


def test_the_last_complete_week_is_that_of_the_design(northwind: Reading) -> None:
    eligible = northwind.eligible(LAST_WEEK)
    active = northwind.active(LAST_WEEK, eligible)

    assert len(eligible) == near(904)
    assert len(active) == near(516)
    by_eligible = northwind.by_department(set(eligible), LAST_WEEK)
    by_active = northwind.by_department(active, LAST_WEEK)
    for name, (_, of, active_of) in DESIGN.items():
        assert by_eligible[name] == near(of), name
        assert by_active[name] == near(active_of), name


def test_customer_service_has_the_teams_of_the_design(northwind: Reading) -> None:
    eligible = northwind.eligible(LAST_WEEK)
    by_eligible = northwind.by_department(set(eligible), LAST_WEEK, parts=2)
    by_active = northwind.by_department(northwind.active(LAST_WEEK, eligible), LAST_WEEK, parts=2)

    for name, (of, active_of) in TEAMS.items():
        assert by_eligible[f"Customer Service / {name}"] == near(of), name
        assert by_active[f"Customer Service / {name}"] == near(active_of), name


def test_use_rises_from_the_start_of_the_sprint(northwind: Reading) -> None:
    assert share(northwind, BEFORE_SPRINT) == pytest.approx(0.31, abs=0.01)
    assert share(northwind, LAST_WEEK) == pytest.approx(0.57, abs=0.01)
    assert share(northwind, BEFORE_SPRINT, "Customer Service") == pytest.approx(0.22, abs=0.01)
    assert share(northwind, LAST_WEEK, "Customer Service") == pytest.approx(0.71, abs=0.01)


def test_history_covers_nine_months_and_ends_yesterday(northwind: Reading) -> None:
    days = [text for _, _, text in northwind.uses() if text[5:7] != "13"]

    assert max(days) == "2026-11-24"
    assert min(days) <= "2026-02-20"


def test_the_message_summaries_lose_their_users(northwind: Reading) -> None:
    users = [
        len(northwind.used[LAST_WEEK - timedelta(weeks=ago), "driver-messages"])
        for ago in range(44)
    ]

    assert max(users) >= 60
    assert sum(users[:4]) / 4 < max(users) / 3


def test_a_stopped_initiative_is_still_used_and_counts_for_nothing(northwind: Reading) -> None:
    after = {
        person
        for (week, initiative), people in northwind.used.items()
        if initiative == "meeting-notes" and week > STOPPED
        for person in people
    }

    assert len(after) == 61
    assert not any(
        "meeting-notes" in initiatives for initiatives in northwind.eligible(LAST_WEEK).values()
    )
    stages = {row["key"]: row["stage"] for row in northwind.rows("initiatives.csv")}
    assert stages["meeting-notes"] == "stopped"


def test_some_seats_are_idle_and_some_people_have_stopped(northwind: Reading) -> None:
    eligible = northwind.eligible(LAST_WEEK)
    ever = set().union(*northwind.used.values())
    lately = set().union(
        *(
            people
            for (week, _), people in northwind.used.items()
            if LAST_WEEK - timedelta(weeks=3) <= week <= LAST_WEEK
        )
    )

    assert len(set(eligible) - ever) > 100
    assert len((set(eligible) & ever) - lately) > 20


def test_leavers_are_seen_for_a_few_days_after_their_end(northwind: Reading) -> None:
    late = {
        subject
        for subject, _, text in northwind.uses()
        if subject in northwind.known
        and (end := northwind.people[northwind.known[subject]]["end"])
        and end < text < "2026-13"
    }

    assert 3 <= len(late) <= 6


def test_nobody_on_leave_or_new_is_eligible(northwind: Reading) -> None:
    eligible = northwind.eligible(LAST_WEEK)
    on_leave = [
        key
        for key, row in northwind.people.items()
        if row["leave_from"]
        and row["leave_from"] <= "2026-11-16"
        and row["leave_to"] > "2026-11-22"
    ]
    new = [key for key, row in northwind.people.items() if row["start"] > "2026-11-08"]

    assert len(on_leave) >= 5
    assert len(new) >= 5
    assert not set(eligible) & {*on_leave, *new}


def test_one_file_holds_nine_strangers_and_eight_bad_rows(northwind: Reading) -> None:
    assert len(northwind.strangers) == 9
    assert sorted(northwind.broken) == ["2026-13-24"] * 5 + ["copilot-v2"] * 3


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2027, 1, 3), date(2028, 2, 29)])
def test_the_figures_hold_on_any_day(today: date, tmp_path: Path) -> None:
    write(plan=NORTHWIND, today=today, folder=tmp_path)
    reading = Reading(tmp_path)
    last_week = today - timedelta(days=today.weekday() + 7)

    eligible = reading.eligible(last_week)

    assert len(eligible) == near(904)
    assert len(reading.active(last_week, eligible)) == near(516)
