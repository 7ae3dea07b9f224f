"""Find work the broker lost: kept batches without an end, marks without a refresh, dead leases."""

from datetime import datetime, timedelta

from django.db import connection

from organizations import scope
from organizations.calculations.jobs import JobState
from organizations.dirty import ask_refresh, ring
from organizations.models import ImportBatch, JobRun, KeyMinute

PATIENCE = timedelta(seconds=60)
NIGHT = "night"


def sweep_all(*, now: datetime) -> int:
    """Ring for everything that waits. Returns how many bells were rung."""
    return _batches(now) + _refreshes(now) + _nights(now) + _forget_minutes(now)


def _waiting(kind: str, now: datetime) -> list[JobRun]:
    """Jobs nobody has taken for a while, and jobs whose worker is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM organizations_jobrun WHERE kind = %s AND ("
            " (state = %s AND created_at < %s) OR (state = %s AND lease_until < %s))"
            " ORDER BY created_at, id",
            [kind, JobState.WAITING, now - PATIENCE, JobState.RUNNING, now],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(JobRun.unscoped.filter(pk__in=ids).order_by("created_at", "pk"))


def _batches(now: datetime) -> int:
    jobs = _waiting("import", now)
    for job in jobs:
        with scope.organization(job.organization_id):
            batch = ImportBatch.objects.get(number=int(job.period))
            ring("organizations.tasks.process_batch", job.organization_id, batch.pk)
    return len(jobs)


def _refreshes(now: datetime) -> int:
    """Organizations with marks, and those whose refresh waits or lost its worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT organization_id FROM ("
            " SELECT organization_id FROM organizations_dirtyweek UNION ALL"
            " SELECT organization_id FROM organizations_dirtyspan) marks"
            " WHERE NOT EXISTS (SELECT 1 FROM organizations_jobrun j"
            "  WHERE j.organization_id = marks.organization_id AND j.kind = 'refresh'"
            "    AND (j.state = 'running' AND j.lease_until >= %(now)s OR j.state = 'dead'"
            "         OR j.state = 'waiting' AND j.created_at >= %(soon)s))",
            {"now": now, "soon": now - PATIENCE},
        )
        marked = [row[0] for row in cursor.fetchall()]
    for organization_id in marked:
        with scope.organization(organization_id):
            ask_refresh(organization_id=organization_id, now=now)
    others = [job for job in _waiting("refresh", now) if job.organization_id not in marked]
    for job in others:
        ring("sprints.tasks.refresh", job.organization_id)
    return len(marked) + len(others)


def _nights(now: datetime) -> int:
    jobs = _waiting(NIGHT, now)
    for organization_id in sorted({job.organization_id for job in jobs}):
        ring("sprints.tasks.nights", organization_id)
    return len(jobs)


def _forget_minutes(now: datetime) -> int:
    KeyMinute.unscoped.filter(minute__lt=now - timedelta(hours=1)).delete()
    return 0
