"""Marks that say which figures are out of date, and the bell that wakes the worker.

Marks are written in the transaction of the change. The bell rings after its commit and may fail:
the sweeper finds every waiting job in the database.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from organizations.models import DirtySpan, DirtyWeek

REFRESH = "refresh"
EVERYBODY = 0
log = logging.getLogger(__name__)


def mark_weeks(*, organization_id: int, weeks: Iterable[tuple[date, int]]) -> None:
    """Mark (Monday, person id) pairs; person 0 is everybody."""
    DirtyWeek.objects.bulk_create(
        DirtyWeek(organization_id=organization_id, week=week, person_id=person)
        for week, person in sorted(set(weeks))
    )


def mark_span(
    *,
    organization_id: int,
    person_ids: Iterable[int],
    from_week: date | None = None,
    to_week: date | None = None,
    groups: bool = False,
) -> None:
    """Mark a range of weeks of some people; open ends mean from the beginning and until now."""
    DirtySpan.objects.bulk_create(
        DirtySpan(
            organization_id=organization_id,
            person_id=person_id,
            from_week=from_week,
            to_week=to_week,
            groups=groups,
        )
        for person_id in person_ids
    )


def ask_refresh(*, organization_id: int, now: datetime) -> None:
    """One waiting refresh per organization; ring the worker once the change is committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organizations_jobrun"
            " (organization_id, kind, period, state, attempt, created_at, error, steps)"
            " VALUES (%s, %s, 'now', 'waiting', 0, %s, '', '[]')"
            " ON CONFLICT (organization_id, kind, period) DO UPDATE"
            " SET state = CASE WHEN organizations_jobrun.state = 'running'"
            "                  THEN 'running' ELSE 'waiting' END,"
            "     attempt = CASE WHEN organizations_jobrun.state = 'running'"
            "                    THEN organizations_jobrun.attempt ELSE 0 END,"
            "     created_at = excluded.created_at",
            [organization_id, REFRESH, now],
        )
    ring("sprints.tasks.refresh", organization_id)


def ring(task: str, *ids: int) -> None:
    """Ask the worker to look at rows, after commit. A silent broker costs seconds, never rows."""

    def send() -> None:
        try:
            current_app.send_task(task, args=[*ids, 1], retry=False)
        except (OperationalError, OSError):
            log.warning("broker away, the sweeper will find the work", extra={"task": task})

    transaction.on_commit(send)
