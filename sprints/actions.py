"""Start a sprint."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.dirty import ask_refresh
from organizations.errors import Conflict, LastMileError
from sprints.calculations.calendar import SPRINT_DAYS
from sprints.models import Sprint

LONGEST_NAME = 80


class NamelessSprint(LastMileError):
    code = "nameless_sprint"


class SprintOverlaps(Conflict):
    """Another sprint of the organization runs on one of the days."""

    code = "sprint_overlaps"


@transaction.atomic
def start_sprint(
    *, organization_id: int, name: str, starts_on: date, actor: Actor, now: datetime
) -> Sprint:
    """Plan ninety days from a day on. Raises SprintOverlaps, NamelessSprint.

    A start in the past is allowed: programmes begin before their software.
    """
    title = name.strip()
    if not title or len(title) > LONGEST_NAME:
        raise NamelessSprint(
            f"A sprint needs a name of at most {LONGEST_NAME} characters.", field="name"
        )
    span = DateRange(starts_on, starts_on + timedelta(days=SPRINT_DAYS))
    sprint = _create(organization_id, title, span, actor)
    record(
        organization_id=organization_id,
        actor=actor,
        action="sprint.started",
        object_kind="sprint",
        object_id=sprint.public_id,
        changes={"name": title, "starts_on": starts_on.isoformat()},
        now=now,
    )
    ask_refresh(organization_id=organization_id, now=now)
    return sprint


def _create(organization_id: int, title: str, span: DateRange, actor: Actor) -> Sprint:
    """The constraint decides: asking first would miss a sprint planned at the same moment."""
    try:
        with transaction.atomic():
            return Sprint.objects.create(
                organization_id=organization_id,
                name=title,
                span=span,
                started_by_id=actor.id if actor.kind == "user" else None,
            )
    except IntegrityError as fault:
        raise SprintOverlaps(
            "Another sprint runs on one of these ninety days.",
            field="starts_on",
            remedy="Choose a start after the last day of the other sprint.",
        ) from fault
