"""Work that waits: jobs with leases, and the marks that say which figures are out of date."""

from django.db import models
from django.db.models import Q, UniqueConstraint

from organizations.calculations.jobs import JobState
from organizations.models.tenant import TenantModel


class JobRun(TenantModel):
    """One piece of background work. Claiming takes a lease; effects are written under its token."""

    kind = models.CharField(max_length=20)
    period = models.CharField(max_length=40)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in JobState],
        default=JobState.WAITING.value,
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)
    steps = models.JSONField(default=list, help_text="name, rows and seconds of each step")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "kind", "period"], name="job_once"),
        ]
        indexes = [
            models.Index(
                fields=["state", "created_at"],
                name="job_open",
                condition=Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.period}"


class DirtyWeek(TenantModel):
    """A person's week whose facts changed. Person 0 stands for everybody.

    The same week may be marked several times: marks are only added, so a merge never waits for the
    refresh that takes them, and a refresh takes no mark whose change it does not see.
    """

    week = models.DateField()
    person_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.week} {self.person_id}"


class DirtySpan(TenantModel):
    """A range of weeks of one person (0: everybody) that changed with a link, a move or a leave."""

    person_id = models.BigIntegerField()
    from_week = models.DateField(null=True, help_text="null: from the beginning")
    to_week = models.DateField(null=True, help_text="null: until now; inclusive")
    groups = models.BooleanField(help_text="department or job role changed as well")

    def __str__(self) -> str:
        return f"{self.person_id} {self.from_week}..{self.to_week}"


class Counter(TenantModel):
    """Numbers that people read aloud (#418), gapless per organization."""

    pk = models.CompositePrimaryKey("organization_id", "name")
    name = models.CharField(max_length=20)
    value = models.PositiveBigIntegerField(default=0)
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
