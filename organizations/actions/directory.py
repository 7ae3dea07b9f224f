"""Work a people batch off: who a row means, what it changes, which figures that makes stale."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from organizations.actions.batches import body_of
from organizations.actions.jobs import Lease
from organizations.actions.links import link_matching
from organizations.actions.people import (
    Change,
    link_users,
    load_holders,
    load_people,
    store_people,
)
from organizations.actions.rows import Clock, Outcome, Tally, hold_directory, settle
from organizations.calculations.identities import Doubt, Key, identify
from organizations.calculations.people import (
    Known,
    Statement,
    aliases_of,
    groups_differ_from,
    told,
)
from organizations.calculations.spans import SINCE_ALWAYS, SpanError, monday
from organizations.dirty import ask_refresh, mark_span
from organizations.models import Department, ImportBatch, JobRole
from organizations.registry import directory_changed
from organizations.sources.directory import PersonRow, parse_people
from organizations.sources.reading import Code, RowError

PEOPLE_PER_PIECE = 10_000
PATH = " / "
NOT_READ = (
    "eligible_from and eligible_to are not read from people; send rules to eligibility instead."
)
_REFUSALS = {
    Doubt.TAKEN: (
        Code.ALIAS_TAKEN,
        "The address or an alias belongs to another person; correct it here or there.",
    ),
    Doubt.CONTRADICTION: (
        Code.CONFLICTING_ROWS,
        "Rows of this file contradict each other about a person; keep the right one.",
    ),
}


def process_people(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
    """Apply the people of a batch. Nobody is removed by being absent. Raises LeaseLost."""
    settle(batch=batch, lease=lease, clock=clock, work=lambda: _import(batch, clock()))


def _import(batch: ImportBatch, now: datetime) -> Outcome:
    organization = hold_directory(organization_id=batch.organization_id)
    zone = ZoneInfo(organization.time_zone)
    tally = Tally()
    said = _statements(_rows(batch, tally), zone, batch.as_of)
    identified = identify(said=said, holders=load_holders(said=said))
    for row, doubt in identified.doubts:
        code, message = _REFUSALS[doubt]
        tally.refuse(RowError(row.line, "email", code, message))
    people = list(identified.people.items())
    changes: list[tuple[int, Change]] = []
    for first in range(0, len(people), PEOPLE_PER_PIECE):
        piece = people[first : first + PEOPLE_PER_PIECE]
        changes += store_people(changes=_changes(piece, tally))
    if changes:
        _tell_the_house(batch.organization_id, changes, now, now.astimezone(zone).date())
    return tally.outcome()


def _rows(batch: ImportBatch, tally: Tally) -> list[PersonRow]:
    rows: list[PersonRow] = []
    for piece in parse_people(body_of(batch=batch), content_type=batch.content_type):
        rows += tally.read(piece)
    if any(row.eligible_from or row.eligible_to for row in rows):
        tally.warnings.append(NOT_READ)
    return rows


def _statements(rows: Sequence[PersonRow], zone: ZoneInfo, as_of: datetime) -> list[Statement]:
    """Rows in terms of departments and job roles, which are made where they are new."""
    departments = get_departments(paths={row.department for row in rows if row.department})
    roles = get_job_roles(names={row.job_role for row in rows if row.job_role})
    return [
        Statement(
            line=row.line,
            day=(row.as_of or as_of).astimezone(zone).date(),
            external_id=row.external_id,
            name=row.name,
            email=row.email,
            aliases=aliases_of(email=row.email, written=row.aliases),
            department_id=departments.get(row.department),
            job_role_id=roles.get(row.job_role),
            start=row.start,
            end=row.end,
            leave_from=row.leave_from,
            leave_to=row.leave_to,
        )
        for row in rows
    ]


def get_departments(*, paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Ids of departments by path; missing ones are made, with those above them."""
    wanted = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
    keys = {PATH.join(path): path for path in wanted}
    stored = Department.objects.filter(key__in=keys).values_list("key", "pk")
    found = {keys[key]: pk for key, pk in stored}
    for path in sorted(wanted - found.keys(), key=lambda path: (len(path), path)):
        department = Department.objects.create(
            key=PATH.join(path), name=path[-1], parent_id=found.get(path[:-1])
        )
        found[path] = department.pk
    return found


def get_job_roles(*, names: set[str]) -> dict[str, int]:
    """Ids of job roles by name; missing ones are made."""
    found = dict(JobRole.objects.filter(name__in=names).values_list("name", "pk"))
    made = JobRole.objects.bulk_create(JobRole(name=name) for name in sorted(names - found.keys()))
    return found | {role.name: role.pk for role in made}


def _changes(piece: Sequence[tuple[Key, Sequence[Statement]]], tally: Tally) -> list[Change]:
    """What the rows of some people change, counted row by row."""
    stored = load_people(person_ids=[key for key, _ in piece if isinstance(key, int)])
    changes = []
    for key, rows in piece:
        person_id = key if isinstance(key, int) else None
        old = stored[person_id] if person_id is not None else None
        new = _told(old, rows, tally)
        if new is not None and new != old:
            changes.append(Change(person_id=person_id, old=old, new=new))
    return changes


def _told(known: Known | None, rows: Sequence[Statement], tally: Tally) -> Known | None:
    for row in rows:
        try:
            after = told(known=known, said=row)
        except SpanError:
            tally.refuse(
                RowError(
                    row.line, "end", Code.BAD_PERIOD, "It lies before the start that is known."
                )
            )
            continue
        tally.accepted += known is None
        tally.revised += known is not None and after != known
        tally.duplicate += after == known
        known = after
    return known


def _tell_the_house(
    organization_id: int, changes: Sequence[tuple[int, Change]], now: datetime, today: date
) -> None:
    """Link what can be linked now, mark the weeks that changed, tell the floors above."""
    link_users(organization_id=organization_id)
    link_matching(organization_id=organization_id)
    moved: dict[date, list[int]] = defaultdict(list)
    for person_id, change in changes:
        day = groups_differ_from(change.old, change.new) if change.old else SINCE_ALWAYS
        if day is not None and day <= today:
            moved[day].append(person_id)
    for day, person_ids in sorted(moved.items()):
        mark_span(
            organization_id=organization_id,
            person_ids=person_ids,
            from_week=monday(day),
            groups=True,
        )
    person_ids = [person_id for person_id, _ in changes]
    for callback in directory_changed:
        callback(organization_id=organization_id, person_ids=person_ids)
    ask_refresh(organization_id=organization_id, now=now)
