"""A file of usage that is kept and looked at before it counts."""

from datetime import datetime

from django.db import transaction

from adoption.actions.admission import context_of_batch
from adoption.sources.catalogue import SOURCES
from adoption.sources.looking import Look, look_at
from organizations.actions import jobs
from organizations.actions.batches import JOB, body_of
from organizations.actions.people_preview import PreviewClosed
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchState
from organizations.dirty import ring
from organizations.models import ImportBatch, Organization
from portfolio.models import Initiative


def look(*, batch: ImportBatch, organization: Organization, now: datetime) -> Look:
    """The beginning of a kept file, by the code that imports it. Raises EnvelopeError."""
    source = SOURCES[batch.source]
    context = context_of_batch(
        batch=batch,
        organization=organization,
        initiatives=Initiative.objects.values_list("key", flat=True),
        now=now,
    )
    pieces = source.parse(body_of(batch=batch), content_type=batch.content_type, context=context)
    return look_at(pieces, source=source)


@transaction.atomic
def import_looked_at(*, batch: ImportBatch, actor: Actor, now: datetime) -> None:
    """Let a file be worked off. Raises PreviewClosed where that was decided before."""
    _open(batch)
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.RECEIVED)
    jobs.ask_job(organization_id=batch.organization_id, kind=JOB, period=str(batch.number), now=now)
    _tell(batch, "usage.preview_applied", actor, now)
    ring("organizations.tasks.process_batch", batch.organization_id, batch.pk)


@transaction.atomic
def discard_looked_at(*, batch: ImportBatch, actor: Actor, now: datetime) -> None:
    """Drop a file; its body goes with it. Raises PreviewClosed."""
    _open(batch)
    batch.chunks.all().delete()
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.DISCARDED, finished_at=now)
    _tell(batch, "usage.preview_discarded", actor, now)


def _open(batch: ImportBatch) -> None:
    stored = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if stored.state != BatchState.PREVIEW:
        raise PreviewClosed(
            "This file is no preview any more.", remedy="See on its page what became of it."
        )


def _tell(batch: ImportBatch, action: str, actor: Actor, now: datetime) -> None:
    record(
        organization_id=batch.organization_id,
        actor=actor,
        action=action,
        object_kind="import_batch",
        object_id=batch.number,
        now=now,
    )
