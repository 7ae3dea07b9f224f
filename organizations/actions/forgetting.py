"""What the ground floor stores about somebody: the person's own copy of it, and its end."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, QuerySet

from organizations.actions.login import forget_login
from organizations.calculations.erasing import TOMBSTONE
from organizations.models import (
    BatchChange,
    Consent,
    DataRequest,
    DirtySpan,
    DirtyWeek,
    Employment,
    Invitation,
    Leave,
    Membership,
    Note,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
    PersonView,
    QueueItem,
    Subject,
    SubjectAlias,
    SubjectLink,
)
from organizations.registry import PersonData

Row = tuple[Any, ...]
Rows = Callable[[int], QuerySet[Any]]


def own_subjects(person_id: int) -> QuerySet[Subject]:
    """Names in sources that were never somebody else's."""
    shared = SubjectLink.objects.exclude(person_id=person_id).values("subject_id")
    linked = SubjectLink.objects.filter(person_id=person_id).values("subject_id")
    return Subject.objects.filter(pk__in=linked).exclude(pk__in=shared).order_by("pk")


def _copied(rows: Rows, columns: Sequence[str]) -> Callable[..., Iterator[Row]]:
    def copy(*, person_id: int) -> Iterator[Row]:
        for row in rows(person_id).values_list(*columns):
            yield tuple(_plain(value) for value in row)

    return copy


def _plain(value: Any) -> Any:
    """Ranges as their two days, lists as words: what a table can hold."""
    if hasattr(value, "lower") and hasattr(value, "upper") and not isinstance(value, str):
        return f"{value.lower or ''}/{value.upper or ''}"
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _deleted(rows: Rows) -> Callable[..., int]:
    def erase(*, person_id: int, now: datetime) -> int:
        return int(rows(person_id).delete()[0])

    return erase


def _kept(*, person_id: int, now: datetime) -> int:
    """Goes with something else, or holds nothing that names the person."""
    return 0


def _part(
    name: str, columns: dict[str, str], rows: Rows, erase: Callable[..., int] | None = None
) -> PersonData:
    """columns: the word in the person's copy → the field."""
    return PersonData(
        name=name,
        header=tuple(columns),
        copy=_copied(rows, tuple(columns.values())),
        erase=erase or _deleted(rows),
    )


def _of(model: type[Model], **order: str) -> Rows:
    field = order.get("by", "pk")
    return lambda person_id: model.objects.filter(person_id=person_id).order_by(field, "pk")  # type: ignore[attr-defined]


def _of_login(model: type[Model], field: str) -> Rows:
    """Rows of the login behind the person, in this organization."""
    return lambda person_id: model.objects.filter(  # type: ignore[attr-defined]
        **{f"{field}__people__pk": person_id}
    ).order_by("pk")


def _invitations(person_id: int) -> QuerySet[Invitation]:
    address = Person.objects.filter(pk=person_id).values("email")
    return Invitation.objects.filter(email__in=address).order_by("pk")


def _names_in_sources(person_id: int) -> QuerySet[SubjectAlias]:
    linked = SubjectLink.objects.filter(person_id=person_id).values("subject_id")
    return SubjectAlias.objects.filter(subject__in=linked).order_by("subject_id", "pk")


def _erase_subjects(*, person_id: int, now: datetime) -> int:
    """Links go; a name that was only this person's goes with what it was also called."""
    own = list(own_subjects(person_id).values_list("pk", flat=True))
    gone = SubjectLink.objects.filter(person_id=person_id).delete()[0]
    gone += SubjectAlias.objects.filter(subject_id__in=own).delete()[0]
    return int(gone + Subject.objects.filter(pk__in=own).delete()[0])


def _erase_requests(*, person_id: int, now: datetime) -> int:
    """The requests stay as a record; what was written in them does not."""
    return int(DataRequest.objects.filter(person_id=person_id).update(words="", answer=""))


def _erase_person(*, person_id: int, now: datetime) -> int:
    """The person becomes a tombstone, which work objects may go on pointing at."""
    person = Person.objects.get(pk=person_id)
    if person.user is not None:
        forget_login(user=person.user, organization_id=person.organization_id, now=now)
    DirtyWeek.objects.filter(person_id=person_id).delete()
    DirtySpan.objects.filter(person_id=person_id).delete()
    about = QueueItem.objects.filter(object_kind="person", object_id=str(person.public_id))
    about.update(title=TOMBSTONE, detail="")
    place = f"erased-{person.public_id}"
    return Person.objects.filter(pk=person_id).update(
        external_id=place,
        name=TOMBSTONE,
        email=f"{place}@erased.invalid",
        search_key="",
        user=None,
        erased_at=now,
    )


_SPAN = {"from / to (exclusive)": "span"}
# In the order in which they may be copied; they are erased from the last to the first.
PERSON_DATA: Final = (
    _part(
        "person",
        {"external id": "external_id", "name": "name", "address": "email", "login": "user__email"},
        lambda person_id: Person.objects.filter(pk=person_id).order_by("pk"),
        _erase_person,
    ),
    _part("aliases", {"kind": "kind", "name": "value"}, _of(PersonAlias, by="kind")),
    _part("employment", _SPAN, _of(Employment, by="span")),
    _part("leave", _SPAN, _of(Leave, by="span")),
    _part(
        "departments",
        {"department": "department__key", **_SPAN},
        _of(PersonDepartment, by="span"),
    ),
    _part("job_roles", {"job role": "job_role__name", **_SPAN}, _of(PersonRole, by="span")),
    _part(
        "names_in_sources",
        {
            "source": "subject__source",
            "kind": "subject__kind",
            "id": "subject__external_id",
            "first seen": "subject__first_seen",
            "last seen": "subject__last_seen",
            "linked by": "how",
        },
        _of(SubjectLink),
        _erase_subjects,
    ),
    _part(
        "other_names_in_sources",
        {"source": "subject__source", "kind": "kind", "name": "value"},
        _names_in_sources,
        _kept,
    ),
    _part("consent", {"champion may see the name": "given", "at": "at"}, _of(Consent, by="at")),
    _part(
        "who_looked",
        {"who": "viewer__name", "role": "viewer_role", "what": "what", "at": "at"},
        _of(PersonView, by="at"),
    ),
    _part(
        "requests",
        {
            "kind": "kind",
            "state": "state",
            "asked at": "asked_at",
            "due on": "due_on",
            "words": "words",
            "answer": "answer",
        },
        _of(DataRequest, by="asked_at"),
        _erase_requests,
    ),
    _part(
        "import_previews",
        {"import": "batch__number", "kind": "kind", "before": "before", "after": "after"},
        _of(BatchChange, by="number"),
    ),
    _part(
        "memberships", {"role": "role", "last day": "until"}, _of_login(Membership, "user"), _kept
    ),
    _part(
        "notes_written",
        {"on": "object_kind", "day": "day", "text": "text"},
        _of_login(Note, "author"),
        _kept,
    ),
    _part(
        "invitations",
        {"address": "email", "name": "name", "roles": "roles", "expires at": "expires_at"},
        _invitations,
    ),
)
