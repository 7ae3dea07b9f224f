"""The audit trail: appended in the transaction of the change, chained by hash, never edited."""

from django.db import models

from organizations.calculations.trail import GENESIS
from organizations.querysets import TenantManager


class AuditHead(models.Model):
    """The end of an organization's chain; its row lock puts entries in order.

    The cut is the last entry that was deleted because its time was over; 0 and zeros: none yet.
    """

    organization_id = models.BigIntegerField(primary_key=True)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)
    cut_sequence = models.BigIntegerField(default=0)
    cut_hash = models.CharField(max_length=64, default=GENESIS)
    checked_at = models.DateTimeField(null=True, help_text="the last check of the whole chain")
    broken_at = models.BigIntegerField(null=True, help_text="the first broken entry it found")

    def __str__(self) -> str:
        return f"{self.organization_id} {self.sequence}"


class AuditEvent(models.Model):
    """One act. `organization_id` is a plain number: the trail outlives what it speaks of."""

    pk = models.CompositePrimaryKey("organization_id", "sequence")
    organization_id = models.BigIntegerField()
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    changes = models.JSONField(default=dict)
    request_id = models.CharField(max_length=40, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = TenantManager()
    unscoped = models.Manager()  # noqa: DJ012 - a manager, not a field

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"
