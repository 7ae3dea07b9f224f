"""Append to the audit trail, in the transaction of the change it tells of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from organizations.calculations.actor import Actor
from organizations.calculations.trail import GENESIS, entry_hash, first_broken
from organizations.models import AuditEvent, AuditHead


def entry_of(event: AuditEvent) -> dict[str, Any]:
    """What the hash covers."""
    return {
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).isoformat(),
        "organization": event.organization_id,
        "actor": [event.actor_kind, event.actor_id],
        "action": event.action,
        "object": [event.object_kind, event.object_id],
        "changes": event.changes,
        "request": event.request_id,
    }


def record(
    *,
    organization_id: int,
    actor: Actor,
    action: str,
    object_kind: str,
    object_id: object,
    now: datetime,
    changes: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """One entry. Must run inside the transaction of the change: no entry, no change."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit entry belongs into the transaction of its change.")
    AuditHead.objects.get_or_create(organization_id=organization_id, defaults={"hash": GENESIS})
    head = AuditHead.objects.select_for_update().get(organization_id=organization_id)
    event = AuditEvent(
        organization_id=organization_id,
        sequence=head.sequence + 1,
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        object_kind=object_kind,
        object_id=str(object_id),
        changes=dict(changes or {}),
        request_id=actor.request_id,
        previous_hash=head.hash,
    )
    event.hash = entry_hash(previous=head.hash, entry=entry_of(event))
    event.save(force_insert=True)
    AuditHead.objects.filter(organization_id=organization_id).update(
        sequence=event.sequence, hash=event.hash
    )
    return event


def verify(*, organization_id: int) -> int | None:
    """The sequence number of the first broken entry of an organization's chain, or None."""
    events = (
        AuditEvent.unscoped.filter(organization_id=organization_id)
        .order_by("sequence")
        .iterator(chunk_size=2000)
    )
    return first_broken(
        (event.sequence, event.previous_hash, event.hash, entry_of(event)) for event in events
    )
