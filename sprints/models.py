"""The sprint, and the day's snapshots of the pages that are kept for ever."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models

from organizations.models import Noun, TenantModel, User
from organizations.querysets import no_overlap


class Sprint(Noun):
    """Ninety days in three phases of thirty."""

    name = models.CharField(max_length=80)
    span = DateRangeField()
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            no_overlap("organization"),
        ]

    def __str__(self) -> str:
        return self.name


class Snapshot(TenantModel):
    """One page of one day as it was: aggregates and ids only, never names of people."""

    pk = models.CompositePrimaryKey("organization_id", "kind", "day")
    kind = models.CharField(max_length=20)
    day = models.DateField()
    schema = models.PositiveSmallIntegerField()
    body = models.JSONField()
    computed_at = models.DateTimeField()
    nightly = models.BooleanField(default=False, help_text="written by a complete nightly run")
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"
