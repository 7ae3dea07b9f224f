"""Batches in any order, split or sent again, come to the same facts and the same figures (R17)."""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adoption.models import AdoptionState, GroupWeek, PersonWeek, UsageFact, WeekMask
from adoption.querysets.staging import CONTENT
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.calculations.jobs import BatchKind
from organizations.models import DirtySpan, DirtyWeek, Organization, SubjectLink
from portfolio.calculations.stages import Rule
from portfolio.refresh import rebuild_access
from tests.builders import (
    imported,
    make_batch,
    make_initiative,
    make_organization,
    make_person,
    make_rule,
)
from tests.transactions import taken_back

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 10, 5)
# Three people of the directory, somebody known by a login, and two whom nobody knows.
SUBJECTS = ("email:p0@acme.test", "email:p1@acme.test", "login:p2", "uid:77", "login:ghost")
PEOPLE = 3
# Two days of one week, a day of the next, and each of these weeks as a whole.
PERIODS = (
    *({"day": str(MONDAY + timedelta(days=days))} for days in (0, 1, 7)),
    *(
        {
            "grain": "week",
            "period_start": str(MONDAY + timedelta(days=days)),
            "period_end": str(MONDAY + timedelta(days=days + 7)),
        }
        for days in (0, 7)
    ),
)
FACT = ("period_start", "subject__external_id", "initiative__key", "surface", "grain")

Statement = dict[str, Any]


@st.composite
def histories(draw: st.DrawFn) -> list[Statement]:
    """Statements in the order of their instants: no key is stated twice at one instant.

    Few subjects and periods in each history, so that most keys are stated several times.
    """
    subjects = draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=3, unique=True))
    periods = draw(st.lists(st.sampled_from(PERIODS), min_size=1, max_size=2, unique_by=str))
    initiatives = draw(st.sampled_from([["copilot"], ["copilot", "triage"]]))
    surfaces = draw(st.sampled_from([["chat"], ["chat", "all"]]))
    return [
        {
            "initiative": draw(st.sampled_from(initiatives)),
            "subject": draw(st.sampled_from(subjects)),
            **draw(st.sampled_from(periods)),
            "surface": draw(st.sampled_from(surfaces)),
            "interactions": draw(st.sampled_from([0, 1, 5])),
            # Rows of one instant are rows of one delivery: every statement has its own.
            "as_of": (NOW - timedelta(hours=50 - number)).isoformat(),
        }
        for number in range(draw(st.integers(3, 12)))
    ]


def deliveries(history: list[Statement], random: Random) -> list[list[Statement]]:
    """The same statements in any order, in batches of any size, some of them sent again."""
    rows = history[:]
    random.shuffle(rows)
    rows += random.sample(rows, random.randrange(len(rows) + 1))
    batches = []
    while rows:
        size = random.randrange(1, len(rows) + 1)
        batches.append(rows[:size])
        rows = rows[size:]
        if random.random() < 0.3:
            batches.append(random.choice(batches))
    return batches


def deliver(organization: Organization, batches: list[list[Statement]], *, steps: bool) -> None:
    for number, rows in enumerate(batches):
        batch = imported(
            make_batch(
                "\n".join(map(json.dumps, rows)),
                organization=organization,
                kind=BatchKind.USAGE,
                content_type="application/x-ndjson",
                now=NOW + timedelta(seconds=number),
            ),
            now=NOW,
        )
        assert batch.rejected == 0
        assert batch.received == batch.accepted + batch.revised + batch.duplicate
        if steps:
            refresh_adoption(organization_id=organization.pk, now=NOW)


def facts() -> list[tuple[object, ...]]:
    """Live facts by the names of things, without revision and batch."""
    return sorted(UsageFact.objects.values_list(*FACT, *CONTENT, "state", "as_of"), key=repr)


def figures() -> tuple[list[tuple[object, ...]], ...]:
    """Every figure that is computed from facts, and who is linked to whom."""
    people = PersonWeek.objects.values_list(
        "week", "person_id", "initiative_id", "interactions", "active_days", "used"
    )
    masks = WeekMask.objects.values_list(
        *("person_id", "initiative_id", "eligible_mask", "active_mask", "outside_mask"),
        *("used_before", "habit_before"),
    )
    groups = GroupWeek.objects.values_list(*(field.attname for field in columns_of(GroupWeek)))
    links = SubjectLink.objects.values_list("subject__external_id", "person_id", "span")
    through = AdoptionState.objects.values_list("data_through", "last_week")
    return tuple(sorted(rows, key=repr) for rows in (people, masks, groups, links, through))


def columns_of(model: Any) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.concrete and field.column]


@pytest.fixture
def company(db: None) -> Organization:
    organization = make_organization()
    with scope.organization(organization.pk):
        for n in range(PEOPLE):
            make_person(
                email=f"p{n}@acme.test", name=f"P {n}", aliases=[f"login:p{n}"], department="A / B"
            )
        for key in ("copilot", "triage"):
            make_rule(initiative=make_initiative(key=key, name=key), rule=Rule.ALL)
        rebuild_access(organization_id=organization.pk, person_ids=None, initiative_ids=None)
    return organization


def agree(company: Organization, history: list[Statement], random: Random) -> None:
    with scope.organization(company.pk):
        with taken_back():
            deliver(company, [[row] for row in history], steps=False)
            refresh_adoption(organization_id=company.pk, now=NOW)
            wanted = facts(), figures()
        with taken_back():
            deliver(company, deliveries(history, random), steps=random.random() < 0.5)
            refresh_adoption(organization_id=company.pk, now=NOW)
            assert (facts(), figures()) == wanted
            assert not DirtyWeek.objects.exists()
            assert not DirtySpan.objects.exists()


PLAYED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@settings(PLAYED, max_examples=20)
@given(history=histories(), seed=st.integers(0, 10**9))
def test_any_delivery_of_the_same_statements_gives_the_same_figures(
    company: Organization, history: list[Statement], seed: int
) -> None:
    agree(company, history, Random(seed))  # noqa: S311 - a play, not a secret


@pytest.mark.slow
@settings(PLAYED, max_examples=150)
@given(history=histories(), seed=st.integers(0, 10**9))
def test_they_agree_for_many_histories(
    company: Organization, history: list[Statement], seed: int
) -> None:
    agree(company, history, Random(seed))  # noqa: S311 - a play, not a secret


def test_the_whole_history_in_one_batch_is_the_same(company: Organization) -> None:
    """Also within one body the latest statement of a key wins, wherever its line stands."""
    late, early = NOW - timedelta(days=1), NOW - timedelta(days=2)
    row = {"initiative": "copilot", "subject": SUBJECTS[0], "surface": "chat", **PERIODS[0]}
    newest = row | {"interactions": 0, "as_of": late.isoformat()}
    oldest = row | {"interactions": 9, "as_of": early.isoformat()}
    with scope.organization(company.pk):
        for rows in ([newest, oldest], [oldest, newest]):
            with taken_back():
                deliver(company, [rows], steps=True)
                assert UsageFact.objects.get().interactions == 0
                assert PersonWeek.objects.filter(used=True).count() == 0


def test_the_data_reaches_as_far_as_the_facts_of_somebody_nobody_knows(
    company: Organization,
) -> None:
    """Such facts leave no mark; the week was complete before, and a refresh looks at little."""
    row = {"initiative": "copilot", "subject": "uid:77", "surface": "chat", "interactions": 1}
    week = row | {"as_of": NOW.isoformat()}
    with scope.organization(company.pk):
        deliver(company, [[week | PERIODS[0]], [week | PERIODS[3]]], steps=True)
        assert AdoptionState.objects.get().data_through == MONDAY + timedelta(days=6)
