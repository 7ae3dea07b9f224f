"""Usage facts as the sources stated them. Leaves: nothing points at them."""

from django.db import models

from organizations.models import Subject, TenantModel
from organizations.querysets import TenantForeignKey
from portfolio.models import Initiative

LIVE = 1
WITHDRAWN = 0


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
    batch_id = models.BigIntegerField()

    class Meta:
        abstract = True


class UsageFact(Measures):
    """One statement about one subject, initiative, surface and period. Partitioned by month.

    `revision`, `state`, `as_of` and `batch_id` stay outside the compared content.
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

    class Meta:
        indexes = [models.Index(fields=["organization", "day"], name="event_seen_day")]

    def __str__(self) -> str:
        return f"{self.source} {self.day}"
