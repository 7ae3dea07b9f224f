"""Prove the chains: every night, by command, and against the heads kept outside the database."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from organizations.actions.queue import Ask, ask, settle
from organizations.actions.trail import verify
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, AuditHead, Organization
from organizations.registry import QueueKind

BROKEN: Final = QueueKind(
    kind="trail_broken", label="The audit trail does not hold", order=1, icon="alert"
)


def prove(*, organization_id: int) -> int | None:
    """The first broken entry of a chain, also held against the heads kept outside; or None."""
    found = [
        number
        for number in (verify(organization_id=organization_id), _unlike_kept(organization_id))
        if number is not None
    ]
    return min(found, default=None)


def _unlike_kept(organization_id: int) -> int | None:
    """The first entry that is another one than an earlier night wrote down, or is missing."""
    head = AuditHead.objects.filter(organization_id=organization_id).first()
    cut = head.cut_sequence if head else 0
    kept = {
        number: own
        for number, own in _kept_heads(organization_id, settings.AUDIT_HEADS)
        if number > cut
    }
    events = AuditEvent.unscoped.filter(organization_id=organization_id, sequence__in=kept)
    stored = dict(events.values_list("sequence", "hash"))
    differing = [number for number, own in kept.items() if stored.get(number) != own]
    return min(differing, default=None)


def _kept_heads(organization_id: int, path: Path | None) -> Iterator[tuple[int, str]]:
    if path is None or not path.is_file():
        return
    public_id = str(
        Organization.objects.values_list("public_id", flat=True).get(pk=organization_id)
    )
    with path.open(encoding="utf-8") as file:
        for line in file:
            # A last line without its end was being written when the power went.
            told = json.loads(line) if line.endswith("\n") else {}
            if told.get("organization") == public_id:
                yield told["sequence"], told["hash"]


@transaction.atomic
def check_chain(*, organization_id: int, now: datetime) -> int:
    """The night's proof of one chain; the page shows it. Returns the entries it speaks of.

    A broken chain is put before the administrators and stays there until a proof succeeds.
    """
    broken = prove(organization_id=organization_id)
    heads = AuditHead.objects.filter(organization_id=organization_id)
    heads.update(checked_at=now, broken_at=broken)
    if broken is None:
        settle(
            organization_id=organization_id,
            kind=BROKEN.kind,
            object_kind="trail",
            object_id=organization_id,
            outcome="The chain holds again",
            actor=SYSTEM,
            now=now,
        )
        _keep_head(organization_id, settings.AUDIT_HEADS, now)
    else:
        asked = Ask(
            kind=BROKEN.kind,
            object_kind="trail",
            object_id=organization_id,
            title=f"Entry {broken} of the audit trail was altered or is missing",
            detail="Compare with the last backup, and find out who can write to the database.",
            url=reverse("trail"),
            role=Role.ADMINISTRATOR,
        )
        ask(organization_id=organization_id, asked=asked, now=now)
    head = heads.first()
    return head.sequence - head.cut_sequence if head else 0


def _keep_head(organization_id: int, path: Path | None, now: datetime) -> None:
    """Append where a chain ends to the file outside; only a chain that holds is written down."""
    head = AuditHead.objects.filter(organization_id=organization_id).first()
    if path is None or head is None:
        return
    organization = Organization.objects.get(pk=organization_id)
    told = {
        "at": now.isoformat(),
        "organization": str(organization.public_id),
        "sequence": head.sequence,
        "hash": head.hash,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{json.dumps(told)}\n")
        file.flush()
        os.fsync(file.fileno())
