"""One person as the directory knows them: where, since when, away, by which names. No usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from organizations.errors import NotFound
from organizations.models import (
    Employment,
    Leave,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
    SubjectLink,
)

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class SpanLine:
    """What held from the first to the last day, both inclusive; None is open."""

    what: str
    first: date | None
    last: date | None
    now: bool


@dataclass(frozen=True, kw_only=True)
class LinkLine:
    """A subject of a source that is this person."""

    source: str
    subject: str
    how: str


@dataclass(frozen=True, kw_only=True)
class PersonReport:
    person: Person
    departments: Sequence[SpanLine]
    roles: Sequence[SpanLine]
    stays: Sequence[SpanLine]
    leaves: Sequence[SpanLine]
    aliases: Sequence[tuple[str, str]]
    links: Sequence[LinkLine]

    @property
    def department(self) -> str:
        return next((line.what for line in self.departments if line.now), "")

    @property
    def role(self) -> str:
        return next((line.what for line in self.roles if line.now), "")

    @property
    def away(self) -> SpanLine | None:
        return next((line for line in self.leaves if line.now), None)

    @property
    def here(self) -> bool:
        return any(line.now for line in self.stays)


def find_person_page(*, public_id: UUID) -> Person:
    """Somebody of the organization in force who has not been erased. Raises NotFound."""
    found = Person.objects.filter(public_id=public_id, erased_at=None).first()
    if found is None:
        raise NotFound("There is nobody of this address in the directory.")
    return found


def person_report(*, person: Person, today: date) -> PersonReport:
    """Everything the directory holds of somebody, newest first."""
    aliases = PersonAlias.objects.filter(person=person).order_by("kind", "value")
    links = SubjectLink.objects.filter(person=person).select_related("subject")
    return PersonReport(
        person=person,
        departments=_lines(PersonDepartment, person, today, "department__key"),
        roles=_lines(PersonRole, person, today, "job_role__name"),
        stays=_lines(Employment, person, today),
        leaves=_lines(Leave, person, today),
        aliases=tuple(aliases.values_list("kind", "value")),
        links=tuple(
            LinkLine(
                source=link.subject.source,
                subject=f"{link.subject.kind}:{link.subject.external_id}",
                how=link.how,
            )
            for link in links.order_by("subject__source", "subject__external_id")
        ),
    )


def _lines(model: type[Any], person: Person, today: date, column: str = "") -> tuple[SpanLine, ...]:
    columns = ("span", *([column] if column else []))
    rows = model.objects.filter(person=person).order_by("-span").values_list(*columns)
    return tuple(
        SpanLine(
            what=value[0] if value else "",
            first=span.lower,
            last=span.upper - DAY if span.upper else None,
            now=today in span,
        )
        for span, *value in rows
    )
