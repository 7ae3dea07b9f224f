"""Doors of the worker on the ground floor. Arguments are ids and a payload version."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from django.core.cache import cache

from organizations import scope
from organizations.actions.batches import work_off
from organizations.actions.delivery import deliver
from organizations.actions.digest import write_digests
from organizations.actions.dissolving import dissolve
from organizations.actions.exports import write_file
from organizations.actions.people_preview import look
from organizations.actions.sweep import sweep_all
from organizations.models import ExportRun, ImportBatch, Organization

PAYLOAD_VERSION = 1


def _clock() -> datetime:
    return datetime.now(UTC)


@shared_task
def process_batch(organization_id: int, batch_id: int, version: int = 1, *rest: Any) -> None:
    """Work one batch off; an unknown payload version leaves it for a newer worker."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened(), scope.organization(organization_id):
        work_off(batch=ImportBatch.objects.get(pk=batch_id), clock=_clock)


@shared_task
def preview_batch(organization_id: int, batch_id: int, version: int = 1, *rest: Any) -> None:
    """Make the preview of one batch; an unknown payload version leaves it for a newer worker."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened(), scope.organization(organization_id):
        look(batch=ImportBatch.objects.get(pk=batch_id), clock=_clock)


@shared_task
def sweep(*rest: Any) -> None:
    """Ring again for whatever waits in the database; readiness hears from the worker by it."""
    cache.set("worker-heard", _clock().isoformat(), timeout=600)
    with scope.opened():
        sweep_all(now=_clock())


@shared_task
def digests(*rest: Any) -> None:
    """Write the digests that are due; coming by twice writes nothing twice."""
    with scope.opened():
        for organization in Organization.objects.filter(active=True).order_by("pk"):
            with scope.organization(organization.pk):
                write_digests(organization=organization, now=_clock())


@shared_task
def deliver_mail(mail_id: int, version: int = 1, *rest: Any) -> None:
    """Send one mail; an unknown payload version leaves it for a newer worker."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened():
        deliver(mail_id=mail_id, clock=_clock)


@shared_task
def write_export(organization_id: int, run_id: int, version: int = 1, *rest: Any) -> None:
    """Write one data file; an unknown payload version leaves it for a newer worker."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened(), scope.organization(organization_id):
        run = ExportRun.objects.filter(pk=run_id).first()
        if run is not None:
            write_file(run=run, clock=_clock)


@shared_task
def dissolve_organization(organization_id: int, version: int = 1, *rest: Any) -> None:
    """Erase an organization whose 30 days are over; one that was opened again stays."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened():
        dissolve(organization_id=organization_id, now=_clock())
