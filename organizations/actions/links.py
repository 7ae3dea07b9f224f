"""Say which person a subject is. Facts stay with the subject, so a link needs no second import."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.spans import Held, Span, overwritten
from organizations.dirty import ask_refresh, mark_span
from organizations.errors import Conflict, NotFound
from organizations.models import Person, PersonAlias, Subject, SubjectLink

BY_HAND = "hand"

# A subject matches a person by its own key or by any name its source has stated for it. Two people
# of one name match nobody: nothing is merged by guess. The organization is hidden from the planner,
# whose statistics take a new one for empty.
_MATCH = """
WITH open AS (
    SELECT s.id, s.kind, s.external_id, s.first_seen, s.last_seen
      FROM organizations_subject s
     WHERE s.organization_id = (SELECT %(org)s::bigint)
       AND s.kind NOT IN ('concealed', 'apikey', 'none')
       AND NOT EXISTS (SELECT 1 FROM organizations_subjectlink l
                        WHERE l.organization_id = s.organization_id AND l.subject_id = s.id)
), names AS (
    SELECT id, CASE kind WHEN 'upn' THEN 'email' ELSE kind END AS kind, external_id AS value
      FROM open
     UNION
    SELECT o.id, a.kind, a.value
      FROM open o JOIN organizations_subjectalias a
        ON a.organization_id = (SELECT %(org)s::bigint) AND a.subject_id = o.id
), found AS (
    SELECT n.id, min(p.person_id) AS person_id, min(n.kind) AS kind
      FROM names n JOIN organizations_personalias p
        ON p.organization_id = (SELECT %(org)s::bigint) AND p.kind = n.kind AND p.value = n.value
     GROUP BY n.id
    HAVING count(DISTINCT p.person_id) = 1
), made AS (
    INSERT INTO organizations_subjectlink (organization_id, subject_id, person_id, span, how)
    SELECT %(org)s::bigint, id, person_id, daterange(NULL, NULL),
           CASE kind WHEN 'email' THEN 'address' WHEN 'login' THEN 'login' ELSE 'id' END
      FROM found
    RETURNING subject_id, person_id
)
INSERT INTO organizations_dirtyspan (organization_id, person_id, from_week, to_week, groups)
SELECT %(org)s::bigint, m.person_id, date_trunc('week', min(o.first_seen))::date,
       date_trunc('week', max(o.last_seen))::date, false
  FROM made m JOIN open o ON o.id = m.subject_id
 GROUP BY m.person_id
"""


def link_matching(*, organization_id: int) -> int:
    """Link every open subject that names exactly one person. Returns the number of people touched.

    One statement; runs inside the caller's transaction, which asks for the refresh.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MATCH, {"org": organization_id})
        return int(cursor.rowcount)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A subject is a person on these days."""

    subject: Subject
    person: Person
    span: Span


@transaction.atomic
def link_by_hand(
    *, subject: Subject, person: Person, span: Span, actor: Actor, now: datetime
) -> bool:
    """A lead says who a subject is, on these days; on other days links stay as they are.

    False where it was known already, and then nothing is written.
    """
    changed = store_links(
        said=[Said(subject=subject, person=person, span=span)], actor=actor, now=now
    )
    if changed:
        days = {"from": span.lower, "before": span.upper}
        record(
            organization_id=subject.organization_id,
            actor=actor,
            action="subject.linked",
            object_kind="subject",
            object_id=subject.public_id,
            changes={"person": str(person.public_id)}
            | {name: day.isoformat() for name, day in days.items() if day},
            now=now,
        )
    return bool(changed)


@transaction.atomic
def unlink(*, subject: Subject, link_id: int, actor: Actor, now: datetime) -> Person:
    """Take one link back; what the subject did on its days counts for nobody. Returns who it was.

    Raises NotFound, and Conflict where the directory knows the subject by a name of its own: the
    next import would link it again.
    """
    held = list(SubjectLink.objects.select_for_update().filter(subject=subject))
    link = next((each for each in held if each.pk == link_id), None)
    if link is None:
        raise NotFound("There is no such link here.", remedy="It may be taken back already.")
    if len(held) == 1 and _known_by_name(subject):
        raise Conflict(
            "The directory knows this name, so the next import would link it again.",
            remedy="Say who it is instead, or take the name off the person first.",
        )
    person: Person = link.person
    link.delete()
    _mark([(subject, person.pk)], now)
    record(
        organization_id=subject.organization_id,
        actor=actor,
        action="subject.unlinked",
        object_kind="subject",
        object_id=subject.public_id,
        changes={"person": str(person.public_id)},
        now=now,
    )
    return person


def store_links(*, said: Sequence[Said], actor: Actor, now: datetime) -> int:
    """Write what was said of some subjects, inside the caller's transaction; how many changed.

    Weeks of everybody concerned are marked, and the refresh is asked for.
    """
    by_subject: dict[int, list[Said]] = defaultdict(list)
    for each in said:
        by_subject[each.subject.pk].append(each)
    subjects = Subject.objects.select_for_update().order_by("pk").in_bulk(list(by_subject))
    stored: dict[int, list[SubjectLink]] = defaultdict(list)
    for link in SubjectLink.objects.filter(subject__in=subjects):
        stored[link.subject_id].append(link)
    by = actor.id if actor.kind == "user" else None
    gone: list[int] = []
    new: list[SubjectLink] = []
    touched: list[tuple[Subject, int]] = []
    for pk, subject in subjects.items():
        before = {_held(link): link for link in stored[pk]}
        after = _after(before, by_subject[pk])
        gone += [link.pk for held, link in before.items() if held not in after]
        made = [held for held in after if held not in before]
        new += [_link(subject, held, by_subject[pk], stored[pk], by) for held in made]
        people = {person for _, person in before.keys() ^ set(after)}
        touched += [(subject, person) for person in people]
    SubjectLink.objects.filter(pk__in=gone).delete()
    SubjectLink.objects.bulk_create(new, batch_size=1000)
    _mark(touched, now)
    return len({subject.pk for subject, _ in touched})


def _after(before: Mapping[Held, SubjectLink], said: Iterable[Said]) -> tuple[Held, ...]:
    held = tuple(before)
    for each in said:
        held = overwritten(held=held, span=each.span, value=each.person.pk)
    return held


def _held(link: SubjectLink) -> Held:
    return Span(link.span.lower, link.span.upper), link.person_id


def _link(
    subject: Subject,
    held: Held,
    said: Sequence[Said],
    stored: Sequence[SubjectLink],
    by: int | None,
) -> SubjectLink:
    """A link as it is now; what is left of an older one keeps how that was found."""
    span, person_id = held
    by_hand = any(each.person.pk == person_id and each.span.overlaps(span) for each in said)
    rest = next((link for link in stored if _held(link)[0].holds(span.first)), None)
    kept = None if by_hand else rest
    return SubjectLink(
        subject=subject,
        person_id=person_id,
        span=DateRange(span.lower, span.upper),
        how=kept.how if kept else BY_HAND,
        confirmed_by_id=kept.confirmed_by_id if kept else by,
    )


def _known_by_name(subject: Subject) -> bool:
    """Whether the rule would link this subject: exactly one person has one of its names."""
    stated = list(subject.aliases.values_list("kind", "value"))
    own = ("email" if subject.kind == "upn" else subject.kind, subject.external_id)
    names = Q()
    for kind, value in {own, *stated}:
        names |= Q(kind=kind, value=value)
    people = PersonAlias.objects.filter(names).values("person_id").distinct()
    return people.count() == 1


def _mark(touched: Iterable[tuple[Subject, int]], now: datetime) -> None:
    """Everything the subjects did is counted again for these people."""
    spans: dict[tuple[date, date], set[int]] = defaultdict(set)
    organization_id = None
    for subject, person_id in touched:
        organization_id = subject.organization_id
        spans[_monday(subject.first_seen), _monday(subject.last_seen)].add(person_id)
    if organization_id is None:
        return
    for (first, last), people in spans.items():
        mark_span(organization_id=organization_id, person_ids=people, from_week=first, to_week=last)
    ask_refresh(organization_id=organization_id, now=now)


def _monday(day: date) -> date:
    return date.fromordinal(day.toordinal() - day.weekday())
