"""Usage facts as the sources stated them. Leaves: nothing points at them."""

from datetime import timedelta
from typing import Final

from django.db import models
from django.db.models import UniqueConstraint

from organizations.models import Subject, TenantModel
from organizations.querysets import TenantForeignKey
from portfolio.models import Initiative

LIVE = 1
WITHDRAWN = 0
HISTORY_KEPT: Final = timedelta(days=90)


class Measures(TenantModel):
    """What a source says of a subject and a period. Null: it did not say. 0: it said none."""

    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )
    period_start = models.DateField()
    surface = models.CharField(max_length=12)
    grain = models.CharField(max_length=12)
    period_end = models.DateField(help_text="exclusive")
    week_start = models.CharField(max_length=3, null=True)  # noqa: DJ001 - null: not a week
    active = models.BooleanField(null=True, help_text="qualifying use by the source's rule")
    active_days = models.SmallIntegerField(null=True)
    interactions = models.BigIntegerField(null=True)
    sessions = models.BigIntegerField(null=True)
    requests = models.BigIntegerField(null=True)
    suggestions = models.BigIntegerField(null=True)
    accepted = models.BigIntegerField(null=True)
    rejected = models.BigIntegerField(null=True)
    tokens_in = models.BigIntegerField(null=True)
    tokens_cached = models.BigIntegerField(null=True)
    tokens_out = models.BigIntegerField(null=True)
    minutes_claimed = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    cost_micros = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, null=True)  # noqa: DJ001 - null: no cost stated
    state = models.SmallIntegerField(default=LIVE)
    revision = models.IntegerField(default=1)
    as_of = models.DateTimeField()
    batch_id = models.BigIntegerField(help_text="batch of the newest statement")
    stated_in = models.BigIntegerField(
        db_default=0, help_text="batch that first stated this content; later ones confirmed it"
    )

    class Meta:
        abstract = True


class UsageFact(Measures):
    """One statement about one subject, initiative, surface and period. Partitioned by month.

    `revision`, `state`, `as_of`, `batch_id` and `stated_in` stay outside the compared content.
    """

    pk = models.CompositePrimaryKey(
        "organization_id", "period_start", "subject_id", "initiative_id", "surface", "grain"
    )
    subject = models.ForeignKey(
        Subject, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        constraints = [
            TenantForeignKey(field="subject", to="organizations.Subject"),
            TenantForeignKey(field="initiative", to="portfolio.Initiative"),
        ]

    def __str__(self) -> str:
        return f"{self.period_start} {self.subject_id} {self.initiative_id}"


class UsageFactHistory(Measures):
    """What a fact said before a later statement replaced it; only where content changed."""

    pk = models.CompositePrimaryKey(
        "organization_id",
        "period_start",
        "subject_id",
        "initiative_id",
        "surface",
        "grain",
        "revision",
    )
    subject_id = models.BigIntegerField()
    initiative_id = models.BigIntegerField()
    replaced_by = models.BigIntegerField(help_text="batch that replaced it")
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.period_start} {self.subject_id} r{self.revision}"


class UsageEventSeen(TenantModel):
    """A single event that was added to its day, as a hash of its id; it is never added twice."""

    pk = models.CompositePrimaryKey("organization_id", "source", "event")
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )
    source = models.CharField(max_length=60)
    event = models.BigIntegerField()
    day = models.DateField()
    batch_id = models.BigIntegerField(db_default=0, help_text="batch that added it")

    class Meta:
        indexes = [models.Index(fields=["organization", "day"], name="event_seen_day")]

    def __str__(self) -> str:
        return f"{self.source} {self.day}"


class FullSlice(TenantModel):
    """A statement that some days hold these rows and no others. Its end is exclusive.

    A fact of its initiative, source, scope and grain that was stated earlier and stands in none of
    its rows is withdrawn, whichever of the two arrives first.
    """

    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )
    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    source = models.CharField(max_length=60)
    scope = models.CharField(max_length=120, blank=True)
    grain = models.CharField(max_length=12)
    first_day = models.DateField()
    end_day = models.DateField(help_text="exclusive")
    as_of = models.DateTimeField(help_text="the earliest of its rows and parts")
    batch_id = models.BigIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "batch_id"], name="full_slice_once"),
            TenantForeignKey(field="initiative", to="portfolio.Initiative"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "initiative", "source", "end_day"], name="full_slice_days"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.first_day}..{self.end_day}"
