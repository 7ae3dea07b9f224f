"""Find work the broker lost: kept batches without an end, marks without a refresh, dead leases."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from organizations import scope
from organizations.actions.dissolving import due
from organizations.actions.keys import fold_minutes
from organizations.actions.mail import expire_mails_of_nobody, forget_old_links
from organizations.actions.parts import refuse_incomplete
from organizations.calculations.choices import MailState
from organizations.calculations.jobs import JobState
from organizations.dirty import ask_refresh, ring
from organizations.models import ImportBatch, JobRun, Mail

PATIENCE = timedelta(seconds=60)
NIGHT = "night"
MAILS_AT_ONCE = 200


def sweep_all(*, now: datetime) -> int:
    """Ring for everything that waits. Returns how many bells were rung."""
    looks = (
        _batches,
        _previews,
        _slices,
        _refreshes,
        _nights,
        _mails,
        _forget_minutes,
        _exports,
        _closings,
    )
    return sum(look(now) for look in looks)


def _waiting(kind: str, now: datetime) -> list[JobRun]:
    """Jobs nobody has taken for a while, and jobs whose worker is gone. Closed houses rest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM organizations_jobrun WHERE kind = %s AND ("
            " (state = %s AND created_at < %s) OR (state = %s AND lease_until < %s))"
            " AND organization_id IN (SELECT id FROM organizations_organization WHERE active)"
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


def _previews(now: datetime) -> int:
    jobs = _waiting("preview", now)
    for job in jobs:
        with scope.organization(job.organization_id):
            batch = ImportBatch.objects.get(number=int(job.period))
            ring("organizations.tasks.preview_batch", job.organization_id, batch.pk)
    return len(jobs)


def _slices(now: datetime) -> int:
    """Slices whose parts will not all come. Nobody is rung for: they end here."""
    refuse_incomplete(now=now)
    return 0


def _refreshes(now: datetime) -> int:
    """Organizations with marks, and those whose refresh waits or lost its worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT organization_id FROM ("
            " SELECT organization_id FROM organizations_dirtyweek UNION ALL"
            " SELECT organization_id FROM organizations_dirtyspan) marks"
            " WHERE organization_id IN (SELECT id FROM organizations_organization WHERE active)"
            "  AND NOT EXISTS (SELECT 1 FROM organizations_jobrun j"
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


def _exports(now: datetime) -> int:
    """Data files without an end at which nobody is; one whose job is dead is told so."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.organization_id, r.id FROM organizations_exportrun r"
            "  JOIN organizations_organization o ON o.id = r.organization_id AND o.active"
            " WHERE r.state IN ('waiting', 'running') AND r.asked_at < %(soon)s"
            "   AND NOT EXISTS (SELECT 1 FROM organizations_jobrun j"
            "    WHERE j.organization_id = r.organization_id AND j.kind = 'export'"
            "      AND j.period = r.id::text AND j.state = 'running'"
            "      AND j.lease_until >= %(now)s)"
            " ORDER BY r.asked_at, r.id",
            {"now": now, "soon": now - PATIENCE},
        )
        found = cursor.fetchall()
    for organization_id, run_id in found:
        ring("organizations.tasks.write_export", organization_id, run_id)
    return len(found)


def _closings(now: datetime) -> int:
    """Closed organizations whose 30 days are over."""
    over = due(now=now)
    for organization_id in over:
        ring("organizations.tasks.dissolve_organization", organization_id)
    return len(over)


def _mails(now: datetime) -> int:
    """Mails nobody has taken for a while, or whose next try has come; old links are emptied."""
    forget_old_links(now=now)
    expire_mails_of_nobody(now=now)
    waiting = Mail.unscoped.filter(
        Q(next_try_at=None, created_at__lt=now - PATIENCE) | Q(next_try_at__lte=now),
        state=MailState.WAITING.value,
    )
    ids = list(waiting.order_by("created_at", "pk").values_list("pk", flat=True)[:MAILS_AT_ONCE])
    for mail_id in ids:
        ring("organizations.tasks.deliver_mail", mail_id)
    return len(ids)


def _forget_minutes(now: datetime) -> int:
    fold_minutes(before=now - timedelta(hours=1))
    return 0
