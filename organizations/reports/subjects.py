"""Subjects, and whom the directory says they are. What an unmatched one did counts for nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet

from organizations.calculations.subjects import NO_PERSON
from organizations.errors import NotFound, TooLarge
from organizations.models import Subject, SubjectAlias, SubjectLink
from organizations.reports import offers
from organizations.reports.guesses import Guess, guesses_for
from ui.formats import integer

SUBJECTS_PER_PAGE = 50
MOST_LINES = 20_000
DAY = timedelta(days=1)
HOW_WORDS = {
    "address": "by the address",
    "login": "by the login",
    "id": "by the id",
    "hand": "by hand",
}


class SubjectState(StrEnum):
    OPEN = "open"
    PARTLY = "partly"
    LINKED = "linked"


STATE_WORDS = {
    SubjectState.OPEN: "Unmatched",
    SubjectState.PARTLY: "Linked for some days",
    SubjectState.LINKED: "Linked",
}


@dataclass(frozen=True, kw_only=True)
class SubjectsFilter:
    """What of the list is asked for; empty fields ask for all."""

    text: str = ""
    source: str = ""
    state: SubjectState = SubjectState.OPEN

    @property
    def asks(self) -> bool:
        return bool(self.text or self.source or self.state is not SubjectState.OPEN)


@dataclass(frozen=True, kw_only=True)
class LinkLine:
    """Who a subject is from the first to the last day, both inclusive; None is open."""

    pk: int
    person: UUID
    name: str
    email: str
    first: date | None
    last: date | None
    how: str


@dataclass(frozen=True, kw_only=True)
class SubjectLine:
    """names: other names the source has stated, as kind:value.

    rows: rows of usage that wait; None where nobody counts them, or where they count for a person.
    """

    public_id: UUID
    source: str
    scope: str
    name: str
    names: tuple[str, ...]
    first_seen: date
    last_seen: date
    links: tuple[LinkLine, ...] = ()
    rows: int | None = None
    guesses: Sequence[Guess] = ()


@dataclass(frozen=True, kw_only=True)
class SubjectsReport:
    """A page of subjects. waiting: all without any link; partly: linked for some days only."""

    page: Page[SubjectLine]
    waiting: int
    partly: int
    no_person: int
    sources: tuple[str, ...]

    @property
    def any(self) -> bool:
        return bool(self.sources)


def subjects_report(*, wanted: SubjectsFilter, page: str | int | None) -> SubjectsReport:
    """A page of subjects of the organization in force, last seen first, with whom they might be."""
    paginator = Paginator(_shown(_matching(wanted)), SUBJECTS_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    subjects = list(shown.object_list)
    rows: Mapping[int, int] = {}
    guesses: Mapping[int, Sequence[Guess]] = {}
    if wanted.state is SubjectState.OPEN:
        rows, guesses = _rows(subjects), guesses_for(subjects=subjects)
    shown.object_list = [
        _line(subject, rows=rows.get(subject.pk), guesses=guesses.get(subject.pk, ()))
        for subject in subjects
    ]
    people = Subject.objects.exclude(kind__in=NO_PERSON)
    return SubjectsReport(
        page=shown,
        waiting=open_subjects().count(),
        partly=_in_state(SubjectState.PARTLY).count(),
        no_person=Subject.objects.filter(kind__in=NO_PERSON).count(),
        sources=tuple(people.order_by("source").values_list("source", flat=True).distinct()),
    )


def subject_lines(*, wanted: SubjectsFilter) -> Iterator[SubjectLine]:
    """Every subject that the filter leaves, for a file. Raises TooLarge over 20,000."""
    found = _matching(wanted)
    if found.count() > MOST_LINES:
        raise TooLarge(
            f"A file may have {integer(MOST_LINES)} subjects.", remedy="Choose a source first."
        )
    subjects = list(_shown(found))
    waiting = wanted.state is SubjectState.OPEN
    rows: Mapping[int, int] = _rows(subjects) if waiting else {}
    for first in range(0, len(subjects), SUBJECTS_PER_PAGE * 10):
        some = subjects[first : first + SUBJECTS_PER_PAGE * 10]
        guesses = guesses_for(subjects=some) if waiting else {}
        for subject in some:
            yield _line(subject, rows=rows.get(subject.pk), guesses=guesses.get(subject.pk, ()))


def open_subjects() -> QuerySet[Subject]:
    """Subjects without a link that could be somebody."""
    return _in_state(SubjectState.OPEN)


def find_subject(*, public_id: UUID) -> tuple[Subject, SubjectLine]:
    """One subject that could be somebody, with whom it is or might be. Raises NotFound."""
    people = Subject.objects.exclude(kind__in=NO_PERSON)
    subject = _shown(people.filter(public_id=public_id)).first()
    if subject is None:
        raise NotFound("There is no such subject here to be linked.")
    guesses: Mapping[int, Sequence[Guess]] = {}
    if not subject.links.all():
        guesses = guesses_for(subjects=[subject])
    return subject, _line(subject, guesses=guesses.get(subject.pk, ()))


def _in_state(state: SubjectState) -> QuerySet[Subject]:
    """Subjects that could be somebody. Partly: nobody on the first or on the last day seen."""
    links = SubjectLink.objects.filter(subject=OuterRef("pk"))
    people = Subject.objects.exclude(kind__in=NO_PERSON)
    if state is SubjectState.OPEN:
        return people.filter(~Exists(links))
    ends = [
        Exists(links.filter(span__contains=OuterRef(day))) for day in ("first_seen", "last_seen")
    ]
    linked = people.filter(Exists(links))
    return linked.filter(~(ends[0] & ends[1])) if state is SubjectState.PARTLY else linked


def _matching(wanted: SubjectsFilter) -> QuerySet[Subject]:
    subjects = _in_state(wanted.state)
    if wanted.source:
        subjects = subjects.filter(source=wanted.source)
    folded = wanted.text.strip().casefold()
    if not folded:
        return subjects
    named = SubjectAlias.objects.filter(subject=OuterRef("pk"), value__contains=folded)
    is_called = SubjectLink.objects.filter(
        Q(person__search_key__contains=folded), subject=OuterRef("pk")
    )
    return subjects.filter(
        Q(external_id__icontains=folded)
        | Q(source__icontains=folded)
        | Exists(named)
        | Exists(is_called)
    )


def _shown(subjects: QuerySet[Subject]) -> QuerySet[Subject]:
    return subjects.order_by("-last_seen", "pk").prefetch_related("aliases", "links__person")


def _rows(subjects: Sequence[Subject]) -> Mapping[int, int]:
    return offers.rows_of(subject_ids=[subject.pk for subject in subjects])


def _line(
    subject: Subject, *, rows: int | None = None, guesses: Sequence[Guess] = ()
) -> SubjectLine:
    own = f"{subject.kind}:{subject.external_id}"
    names = sorted({f"{alias.kind}:{alias.value}" for alias in subject.aliases.all()} - {own})
    links = sorted(subject.links.all(), key=lambda link: link.span.lower or date.min)
    return SubjectLine(
        public_id=subject.public_id,
        source=subject.source,
        scope=subject.scope,
        name=own,
        names=tuple(names),
        first_seen=subject.first_seen,
        last_seen=subject.last_seen,
        links=tuple(_link(link) for link in links),
        rows=rows,
        guesses=guesses,
    )


def _link(link: SubjectLink) -> LinkLine:
    return LinkLine(
        pk=link.pk,
        person=link.person.public_id,
        name=link.person.name,
        email=link.person.email,
        first=link.span.lower,
        last=link.span.upper - DAY if link.span.upper else None,
        how=HOW_WORDS.get(link.how, link.how),
    )
