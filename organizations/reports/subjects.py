"""Subjects nobody in the directory answers to yet. What they did is not counted per person."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet

from organizations.errors import NotFound
from organizations.models import Subject, SubjectAlias, SubjectLink

SUBJECTS_PER_PAGE = 50
# Hidden by their source on purpose, or no person at all: never linked, neither by rule nor by hand.
NO_PERSON = ("concealed", "apikey", "none")


@dataclass(frozen=True, kw_only=True)
class SubjectLine:
    """names: other names the source has stated, as kind:value."""

    public_id: UUID
    source: str
    name: str
    names: tuple[str, ...]
    first_seen: date
    last_seen: date


@dataclass(frozen=True, kw_only=True)
class SubjectsReport:
    page: Page[SubjectLine]
    waiting: int
    no_person: int


def subjects_report(*, text: str, page: str | int | None) -> SubjectsReport:
    """A page of unmatched subjects of the organization in force, last seen first."""
    paginator = Paginator(_shown(_matching(open_subjects(), text)), SUBJECTS_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    shown.object_list = [_line(subject) for subject in shown.object_list]
    return SubjectsReport(
        page=shown,
        waiting=open_subjects().count() if text else paginator.count,
        no_person=Subject.objects.filter(kind__in=NO_PERSON).count(),
    )


def open_subjects() -> QuerySet[Subject]:
    """Subjects without a link that could be somebody."""
    linked = SubjectLink.objects.filter(subject=OuterRef("pk"))
    return Subject.objects.exclude(kind__in=NO_PERSON).filter(~Exists(linked))


def open_subject(*, public_id: UUID) -> tuple[Subject, SubjectLine]:
    """One unmatched subject. Raises NotFound, for a linked one as well."""
    subject = _shown(open_subjects().filter(public_id=public_id)).first()
    if subject is None:
        raise NotFound("Nobody waits here to be linked.", remedy="It may be linked already.")
    return subject, _line(subject)


def _matching(subjects: QuerySet[Subject], text: str) -> QuerySet[Subject]:
    folded = text.strip().casefold()
    if not folded:
        return subjects
    named = SubjectAlias.objects.filter(subject=OuterRef("pk"), value__contains=folded)
    return subjects.filter(
        Q(external_id__icontains=folded) | Q(source__icontains=folded) | Exists(named)
    )


def _shown(subjects: QuerySet[Subject]) -> QuerySet[Subject]:
    return subjects.order_by("-last_seen", "pk").prefetch_related("aliases")


def _line(subject: Subject) -> SubjectLine:
    own = f"{subject.kind}:{subject.external_id}"
    names = sorted({f"{alias.kind}:{alias.value}" for alias in subject.aliases.all()} - {own})
    return SubjectLine(
        public_id=subject.public_id,
        source=subject.source,
        name=own,
        names=tuple(names),
        first_seen=subject.first_seen,
        last_seen=subject.last_seen,
    )
