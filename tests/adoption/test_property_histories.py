"""Whatever comes in whatever order, the facts are what a plain reading of all statements says.

Histories of rows, full slices, parts, repeats, corrections, returns, renamed logins and imports
that are taken back; the oracle knows lists and dictionaries, no tables and no merge.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adoption.actions.undo import undo_batch
from adoption.models import AdoptionState, GroupWeek, PersonWeek, UsageFact, WeekMask
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.actions.batches import NewBatch, receive, work_off
from organizations.actions.links import link_matching
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind
from organizations.calculations.parts import Part
from organizations.models import (
    DirtySpan,
    DirtyWeek,
    ImportBatch,
    Organization,
    SubjectAlias,
    SubjectLink,
)
from portfolio.calculations.stages import Rule
from portfolio.refresh import rebuild_access
from tests.builders import make_initiative, make_organization, make_person, make_rule
from tests.transactions import taken_back

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 10, 5)
DAYS = tuple(MONDAY + timedelta(days=n) for n in (0, 1, 7))
SUBJECTS = ("uid:1", "uid:2", "email:p1@acme.test", "login:ghost")
INITIATIVES = ("copilot", "triage")
SURFACE = "chat"
SCOPES = {"canonical": "", "github_copilot": "999"}

Key = tuple[str, date, str]


@dataclass(frozen=True)
class Row:
    """One statement; `login` is a name by which the source knows the subject that day."""

    subject: str
    day: date
    initiative: str
    interactions: int
    as_of: datetime

    @property
    def key(self) -> Key:
        return self.subject, self.day, self.initiative

    def written(self) -> str:
        return json.dumps(
            {
                "initiative": self.initiative,
                "subject": self.subject,
                "day": str(self.day),
                "surface": SURFACE,
                "interactions": self.interactions,
                "as_of": self.as_of.isoformat(),
            }
        )


@dataclass(frozen=True)
class Sent:
    """A batch, or several parts of one: rows, and the days of one initiative they are all of."""

    rows: tuple[Row, ...]
    as_of: datetime
    full: tuple[str, date, date] | None = None
    parts: int = 1
    undone: bool = False

    def covers(self, key: Key) -> bool:
        if self.full is None:
            return False
        initiative, first, end = self.full
        return key[2] == initiative and first <= key[1] < end

    @property
    def slice_as_of(self) -> datetime:
        return min([self.as_of, *(row.as_of for row in self.rows)])


@dataclass
class Oracle:
    """Every statement in the order of arrival; what stands is found by looking at all of them."""

    sent: list[tuple[int, Sent]] = field(default_factory=list)

    def live(self) -> dict[Key, int]:
        keys = {row.key for _, sent in self.sent for row in sent.rows}
        found = {key: self.value(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def value(self, key: Key) -> int | None:
        """What the newest statement says: a row its number, a full slice without it nothing."""
        said: list[tuple[datetime, int, int | None]] = []
        for number, sent in self.sent:
            of_key = [row for row in sent.rows if row.key == key]
            said += [(row.as_of, number, row.interactions) for row in of_key]
            if sent.covers(key) and not of_key:
                said.append((sent.slice_as_of, number, None))
        return max(said, key=lambda each: each[:2], default=(NOW, 0, None))[2]

    def take_back(self, number: int) -> None:
        """Forget what a batch changed; a row that was true before it stays confirmed by it."""
        place, sent = next(
            (place, sent) for place, (its, sent) in enumerate(self.sent) if its == number
        )
        before = Oracle(sent=self.sent[:place])
        confirmed = tuple(row for row in sent.rows if before.value(row.key) == row.interactions)
        self.sent[place] = (number, Sent(rows=confirmed, as_of=sent.as_of, undone=True))


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """Few keys, so that most are stated, corrected, left out and stated again."""
    subjects = draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=3, unique=True))
    initiatives = draw(st.sampled_from([INITIATIVES[:1], INITIATIVES]))
    instants = draw(st.permutations([NOW - timedelta(hours=n) for n in range(1, 9)]))
    history: list[Sent] = []
    for as_of in instants[: draw(st.integers(2, 7))]:
        full = None
        days = DAYS
        if draw(st.integers(0, 2)) == 0:
            first, count = draw(st.sampled_from([(0, 1), (0, 2), (0, 8), (7, 1)]))
            start = MONDAY + timedelta(days=first)
            full = (draw(st.sampled_from(initiatives)), start, start + timedelta(days=count))
            days = tuple(day for day in DAYS if full[1] <= day < full[2])
        keys = st.tuples(
            st.sampled_from(subjects),
            st.sampled_from(days),
            st.sampled_from([full[0]] if full else initiatives),
        )
        chosen = draw(st.lists(keys, max_size=4, unique=True, min_size=0 if full else 1))
        rows = tuple(Row(*key, draw(st.sampled_from([0, 1, 5])), as_of) for key in chosen)
        history.append(Sent(rows=rows, as_of=as_of, full=full, parts=draw(st.integers(1, 3))))
    return history


def send(
    organization: Organization,
    sent: Sent,
    *,
    name: str,
    random: Random,
    source: str = "canonical",
    written: Callable[[Row], str] = Row.written,
) -> int:
    """Post a batch, or its parts in any order. Returns the id of the batch they were merged as."""
    options = {}
    if sent.full is not None:
        named = {"slice_from": str(sent.full[1]), "slice_to": str(sent.full[2])}
        options = {"full": "true", "scope": SCOPES[source], "grain": "day", **named}
    bodies = [sent.rows[number :: sent.parts] for number in range(sent.parts)]
    order = random.sample(range(sent.parts), sent.parts)
    for number in order:
        received = receive(
            new=NewBatch(
                organization_id=organization.pk,
                kind=BatchKind.USAGE,
                source=source,
                source_version=1,
                content_type="application/x-ndjson",
                actor=SYSTEM,
                initiative=sent.full[0] if sent.full else "copilot",
                as_of=sent.as_of,
                idempotency_key=f"{name}-{number}",
                options=options,
                part=Part(slice_id=name, number=number + 1, total=sent.parts)
                if sent.parts > 1
                else None,
            ),
            blocks=["\n".join(map(written, bodies[number])).encode()],
            now=NOW,
        )
    assert received.small
    assert work_off(batch=received.batch, clock=lambda: NOW)
    for batch in ImportBatch.objects.filter(state="done"):
        assert batch.received == batch.accepted + batch.revised + batch.duplicate
    return received.batch.pk


def live() -> dict[Key, int]:
    facts = UsageFact.objects.filter(state=1).select_related("subject", "initiative")
    return {
        (
            f"{fact.subject.kind}:{fact.subject.external_id}",
            fact.period_start,
            fact.initiative.key,
        ): fact.interactions or 0
        for fact in facts
    }


def figures() -> tuple[list[tuple[object, ...]], ...]:
    def rows(model: Any) -> Iterator[tuple[object, ...]]:
        names = [each.attname for each in model._meta.concrete_fields if each.column]
        yield from model.objects.values_list(*names)

    tables: list[list[tuple[object, ...]]] = [
        sorted(rows(model), key=repr) for model in (PersonWeek, WeekMask, GroupWeek)
    ]
    through: list[tuple[object, ...]] = list(
        AdoptionState.objects.values_list("data_through", "last_week")
    )
    return (*tables, through)


@pytest.fixture
def company(db: None) -> Organization:
    organization = make_organization()
    with scope.organization(organization.pk):
        for n in range(3):
            make_person(
                email=f"p{n}@acme.test", name=f"P {n}", aliases=[f"uid:{n}"], department="A / B"
            )
        for key in INITIATIVES:
            make_rule(initiative=make_initiative(key=key, name=key), rule=Rule.ALL)
        rebuild_access(organization_id=organization.pk, person_ids=None, initiative_ids=None)
    return organization


def play(company: Organization, history: list[Sent], random: Random) -> None:
    """Send everything, some of it twice, and now and then take the newest back."""
    oracle = Oracle()
    for number, sent in enumerate(history):
        batch_id = send(company, sent, name=f"pull-{number}", random=random)
        oracle.sent.append((batch_id, sent))
        if random.random() < 0.3:
            again = send(company, sent, name=f"again-{number}", random=random)
            oracle.sent.append((again, sent))
        if random.random() < 0.5:
            refresh_adoption(organization_id=company.pk, now=NOW)
        if random.random() < 0.3:
            _take_back_newest(oracle)
        assert live() == oracle.live()


def _take_back_newest(oracle: Oracle) -> None:
    newest, sent = oracle.sent[-1]
    if sent.undone:
        return
    undo_batch(batch=ImportBatch.objects.get(pk=newest), actor=SYSTEM, now=NOW)
    oracle.take_back(newest)


def agree(company: Organization, history: list[Sent], random: Random) -> None:
    with scope.organization(company.pk), taken_back():
        play(company, history, random)
        refresh_adoption(organization_id=company.pk, now=NOW)
        assert not DirtyWeek.objects.exists()
        assert not DirtySpan.objects.exists()
        found = figures()
        refresh_adoption(organization_id=company.pk, now=NOW, full=True)
        assert figures() == found


PLAYED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@settings(PLAYED, max_examples=20)
@given(history=histories(), seed=st.integers(0, 10**9))
def test_the_facts_are_what_a_plain_reading_says(
    company: Organization, history: list[Sent], seed: int
) -> None:
    agree(company, history, Random(seed))  # noqa: S311 - a play, not a secret


@pytest.mark.slow
@settings(PLAYED, max_examples=300)
@given(history=histories(), seed=st.integers(0, 10**9))
def test_they_are_for_many_histories(company: Organization, history: list[Sent], seed: int) -> None:
    agree(company, history, Random(seed))  # noqa: S311 - a play, not a secret


@settings(PLAYED, max_examples=10)
@given(history=histories(), seed=st.integers(0, 10**9))
def test_any_order_and_any_split_come_to_the_same(
    company: Organization, history: list[Sent], seed: int
) -> None:
    """Without taking anything back, the order of arrival decides nothing."""
    random = Random(seed)  # noqa: S311 - a play, not a secret
    with scope.organization(company.pk):
        found = []
        for order in (history, random.sample(history, len(history))):
            with taken_back():
                for number, sent in enumerate(order):
                    parts = random.randrange(1, 4)
                    whole = Sent(rows=sent.rows, as_of=sent.as_of, full=sent.full, parts=parts)
                    send(company, whole, name=f"pull-{number}", random=random)
                refresh_adoption(organization_id=company.pk, now=NOW)
                found.append((live(), figures()))
        assert found[0] == found[1]


@settings(PLAYED, max_examples=10)
@given(history=histories(), seed=st.integers(0, 10**9))
def test_a_person_who_is_known_only_later_counts_the_same(
    company: Organization, history: list[Sent], seed: int
) -> None:
    """Linked before or after the imports: the subject keeps its facts; none comes twice."""
    with scope.organization(company.pk):
        found = []
        for early in (True, False):
            with taken_back():
                if early:
                    _meet_ghost(company)
                play(company, history, Random(seed))  # noqa: S311 - a play, not a secret
                if not early:
                    _meet_ghost(company)
                refresh_adoption(organization_id=company.pk, now=NOW)
                weeks = PersonWeek.objects.values_list("week", "interactions", "used")
                found.append((live(), sorted(weeks), SubjectLink.objects.count()))
        assert found[0] == found[1]


@settings(PLAYED, max_examples=10)
@given(
    said=st.lists(
        st.tuples(
            st.sampled_from("12"),
            st.sampled_from(["anna", "anna-m", "bo"]),
            st.sampled_from(DAYS),
            st.integers(1, 5),
            st.sampled_from([None, ("copilot", MONDAY, MONDAY + timedelta(days=8))]),
        ),
        min_size=2,
        max_size=6,
    ),
    seed=st.integers(0, 10**9),
)
def test_renamed_logins_stay_the_same_subject(
    company: Organization, said: list[tuple[Any, ...]], seed: int
) -> None:
    """The vendor's number is the subject; logins come, go and are taken over by others."""
    random = Random(seed)  # noqa: S311 - a play, not a secret
    order = random.sample(range(len(said)), len(said))
    oracle = Oracle()
    with scope.organization(company.pk), taken_back():
        for place in order:
            number, login, day, prompts, full = said[place]
            as_of = NOW - timedelta(hours=20 - place)
            row = Row(f"uid:{number}", day, "copilot", prompts, as_of)
            line = {
                "user_id": int(number),
                "user_login": login,
                "day": str(day),
                "organization_id": "999",
                "user_initiated_interaction_count": prompts,
            }
            sent = Sent(rows=(row,), as_of=as_of, full=full)
            batch_id = send(
                company,
                sent,
                name=f"night-{place}",
                random=random,
                source="github_copilot",
                written=lambda _, line=line: json.dumps(line),  # type: ignore[misc]
            )
            oracle.sent.append((batch_id, sent))
            assert live() == oracle.live()
        aliases = SubjectAlias.objects.values_list("subject__external_id", "value")
        assert set(aliases) == {(number, login) for number, login, *_ in said}


def _meet_ghost(company: Organization) -> None:
    make_person(email="ghost@acme.test", name="Ghost", aliases=["login:ghost"])
    link_matching(organization_id=company.pk)
