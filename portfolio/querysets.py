"""Who may use what when: access intervals from rules, departments and job roles, set-based."""

from collections.abc import Sequence

from django.db import connection

# Above this many people it costs less to look at everybody than to name them.
MOST_NAMED_PEOPLE = 10_000

# One statement: access as the rules give it, compared with what is stored; only rows that differ
# are deleted and added; whoever's access changed is marked for exactly the weeks in between.
_REBUILD = """
WITH RECURSIVE below (top, id) AS (
    SELECT d.id, d.id
      FROM organizations_department d
     WHERE d.organization_id = %(org)s
     UNION ALL
    SELECT b.top, d.id
      FROM below b JOIN organizations_department d
        ON d.organization_id = %(org)s AND d.parent_id = b.id
), rules AS (
    SELECT r.initiative_id, r.rule, r.department_id, r.job_role_id, r.person_id, r.span
      FROM portfolio_eligibilityrule r
     WHERE r.organization_id = %(org)s
       AND (%(initiatives)s::bigint[] IS NULL OR r.initiative_id = ANY(%(initiatives)s::bigint[]))
), opened (initiative_id, person_id, span) AS (
    SELECT r.initiative_id, p.id, r.span
      FROM rules r JOIN organizations_person p ON p.organization_id = %(org)s
     WHERE r.rule = 'all'
       AND (%(people)s::bigint[] IS NULL OR p.id = ANY(%(people)s::bigint[]))
     UNION ALL
    SELECT r.initiative_id, h.person_id, r.span * h.span
      FROM rules r
      JOIN below b ON b.top = r.department_id
      JOIN organizations_persondepartment h
        ON h.organization_id = %(org)s AND h.department_id = b.id AND h.span && r.span
     WHERE r.rule = 'department'
       AND (%(people)s::bigint[] IS NULL OR h.person_id = ANY(%(people)s::bigint[]))
     UNION ALL
    SELECT r.initiative_id, h.person_id, r.span * h.span
      FROM rules r
      JOIN organizations_personrole h
        ON h.organization_id = %(org)s AND h.job_role_id = r.job_role_id AND h.span && r.span
     WHERE r.rule = 'job_role'
       AND (%(people)s::bigint[] IS NULL OR h.person_id = ANY(%(people)s::bigint[]))
     UNION ALL
    SELECT r.initiative_id, r.person_id, r.span
      FROM rules r
     WHERE r.rule = 'person'
       AND (%(people)s::bigint[] IS NULL OR r.person_id = ANY(%(people)s::bigint[]))
), access AS MATERIALIZED (
    SELECT initiative_id, person_id, unnest(range_agg(span)) AS span
      FROM opened GROUP BY initiative_id, person_id
), stored AS MATERIALIZED (
    SELECT e.id, e.initiative_id, e.person_id, e.span
      FROM portfolio_eligibility e
     WHERE e.organization_id = %(org)s
       AND (%(initiatives)s::bigint[] IS NULL OR e.initiative_id = ANY(%(initiatives)s::bigint[]))
       AND (%(people)s::bigint[] IS NULL OR e.person_id = ANY(%(people)s::bigint[]))
), vanished AS (
    SELECT s.id, s.initiative_id, s.person_id, s.span
      FROM stored s
     WHERE NOT EXISTS (SELECT 1 FROM access a
                        WHERE a.initiative_id = s.initiative_id AND a.person_id = s.person_id
                          AND a.span = s.span)
), arrived AS (
    SELECT a.initiative_id, a.person_id, a.span
      FROM access a
     WHERE NOT EXISTS (SELECT 1 FROM stored s
                        WHERE s.initiative_id = a.initiative_id AND s.person_id = a.person_id
                          AND s.span = a.span)
), deleted AS (
    DELETE FROM portfolio_eligibility e USING vanished v
     WHERE e.organization_id = %(org)s AND e.id = v.id
), inserted AS (
    INSERT INTO portfolio_eligibility (organization_id, initiative_id, person_id, span)
    SELECT %(org)s, initiative_id, person_id, span FROM arrived
), lost AS (
    SELECT initiative_id, person_id, range_agg(span) AS days
      FROM vanished GROUP BY initiative_id, person_id
), won AS (
    SELECT initiative_id, person_id, range_agg(span) AS days
      FROM arrived GROUP BY initiative_id, person_id
), changed AS (
    SELECT person_id,
           coalesce(lost.days, '{}') - coalesce(won.days, '{}')
           + (coalesce(won.days, '{}') - coalesce(lost.days, '{}')) AS days
      FROM lost FULL JOIN won USING (initiative_id, person_id)
), touched AS (
    SELECT person_id, range_merge(range_agg(days)) AS days FROM changed GROUP BY person_id
)
INSERT INTO organizations_dirtyspan (organization_id, person_id, from_week, to_week, groups)
SELECT %(org)s, person_id, date_trunc('week', lower(days)::timestamp)::date,
       date_trunc('week', (upper(days) - 1)::timestamp)::date, false
  FROM touched
"""


def rewrite_access(
    *,
    organization_id: int,
    person_ids: Sequence[int] | None = None,
    initiative_ids: Sequence[int] | None = None,
) -> int:
    """Bring stored access in line with rules and directory; None means all of them.

    Writes only what differs and marks the weeks in which it differs, in the caller's transaction,
    which holds the directory. Returns the number of people whose access changed.
    """
    if person_ids is not None and len(person_ids) > MOST_NAMED_PEOPLE:
        person_ids = None
    with connection.cursor() as cursor:
        cursor.execute(
            _REBUILD,
            {
                "org": organization_id,
                "people": None if person_ids is None else list(person_ids),
                "initiatives": None if initiative_ids is None else list(initiative_ids),
            },
        )
        return int(cursor.rowcount)
