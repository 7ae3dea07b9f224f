"""Say which person a subject is. Facts stay with the subject, so a link needs no second import."""

from datetime import date, datetime

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.dirty import ask_refresh, mark_span
from organizations.errors import Conflict
from organizations.models import Person, Subject, SubjectLink

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


@transaction.atomic
def link_by_hand(*, subject: Subject, person: Person, actor: Actor, now: datetime) -> SubjectLink:
    """A lead says who a subject is. Raises Conflict where it is linked already."""
    if SubjectLink.objects.filter(subject=subject).exists():
        raise Conflict("This subject is linked already.", field="subject")
    link = SubjectLink.objects.create(
        subject=subject,
        person=person,
        span=DateRange(None, None),
        how="hand",
        confirmed_by_id=actor.id if actor.kind == "user" else None,
    )
    mark_span(
        organization_id=subject.organization_id,
        person_ids=[person.pk],
        from_week=_monday(subject.first_seen),
        to_week=_monday(subject.last_seen),
    )
    record(
        organization_id=subject.organization_id,
        actor=actor,
        action="subject.linked",
        object_kind="subject",
        object_id=subject.public_id,
        changes={"person": str(person.public_id)},
        now=now,
    )
    ask_refresh(organization_id=subject.organization_id, now=now)
    return link


def _monday(day: date) -> date:
    return date.fromordinal(day.toordinal() - day.weekday())
