"""Doors of the worker on the ground floor. Arguments are ids and a payload version."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from django.core.cache import cache

from organizations import scope
from organizations.actions.batches import work_off
from organizations.actions.sweep import sweep_all
from organizations.models import ImportBatch

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
def sweep(*rest: Any) -> None:
    """Ring again for whatever waits in the database; readiness hears from the worker by it."""
    cache.set("worker-heard", _clock().isoformat(), timeout=600)
    with scope.opened():
        sweep_all(now=_clock())
