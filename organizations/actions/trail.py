"""Append to the audit trail, in the transaction of the change it tells of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

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
    """The sequence number of the first broken entry of an organization's chain, or None.

    The chain begins after the cut and ends with the head: a missing tail is found at the entry
    that should follow the last one.
    """
    head = AuditHead.objects.filter(organization_id=organization_id).first()
    while True:
        broken = _first_broken(organization_id, head)
        if broken is None or head is None:
            return broken
        # What looks missing may have come to its end of time while the chain was read.
        after = AuditHead.objects.get(organization_id=organization_id)
        if after.cut_sequence == head.cut_sequence:
            return broken
        head = after


def _first_broken(organization_id: int, head: AuditHead | None) -> int | None:
    events = AuditEvent.unscoped.filter(organization_id=organization_id).order_by("sequence")
    if head is None:
        # Only the head puts entries in order: without one there can be none.
        return events.values_list("sequence", flat=True).first()
    known = events.filter(sequence__lte=head.sequence).iterator(chunk_size=2000)
    return first_broken(
        ((event.sequence, event.previous_hash, event.hash, entry_of(event)) for event in known),
        cut=(head.cut_sequence, head.cut_hash),
        head=(head.sequence, head.hash),
    )


def expire(*, organization_id: int, before: datetime) -> int:
    """Delete the oldest entries, those before a moment, and keep the cut. Returns how many.

    The function of the database is the only way, and refuses to shorten the trail below a year.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT lastmile_trail_expire(%s, %s)", [organization_id, before])
        return int(cursor.fetchone()[0])
