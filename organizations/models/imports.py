"""Import batches: durable before the answer, counted to the last row."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from organizations.calculations.choices import ChangeKind
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.models.directory import Person
from organizations.models.keys import ApiKey
from organizations.models.tenant import Noun, TenantModel, User
from organizations.querysets import TenantForeignKey


class ImportBatch(Noun):
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in BatchKind])
    source = models.CharField(max_length=60)
    source_version = models.PositiveSmallIntegerField(default=1)
    content_type = models.CharField(max_length=80)
    initiative = models.CharField(max_length=80, blank=True, help_text="key named by the request")
    strict = models.BooleanField(default=False)
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, db_constraint=False)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    filename = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    body_bytes = models.BigIntegerField(default=0)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - null: none sent
    as_of = models.DateTimeField(help_text="when the source stated these rows")
    as_of_stated = models.BooleanField(help_text="false: as_of is the time of receipt")
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=12,
        choices=[(s.value, s.value) for s in BatchState],
        default=BatchState.RECEIVED.value,
    )
    problem = models.CharField(max_length=400, blank=True, help_text="why it was refused")
    problem_code = models.CharField(max_length=40, blank=True)
    lines = models.PositiveIntegerField(default=0)
    lines_rejected = models.PositiveIntegerField(default=0)
    lines_empty = models.PositiveIntegerField(default=0)
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    revised = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    unmatched = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(
        default=0, help_text="earlier facts that a full slice left out"
    )
    first_day = models.DateField(
        null=True, help_text="first day on which a period of its rows begins"
    )
    last_day = models.DateField(
        null=True, help_text="last day on which a period of its rows begins"
    )
    slice_id = models.CharField(
        max_length=120, blank=True, help_text="parts of one slice are worked off together"
    )
    part = models.PositiveSmallIntegerField(null=True, help_text="from 1; null: not a part")
    warnings = ArrayField(models.CharField(max_length=400), default=list)
    options = models.JSONField(default=dict, help_text="what was chosen in the preview")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "number"], name="batch_number_once"),
            UniqueConstraint(
                fields=["organization", "kind", "idempotency_key"], name="batch_idempotency_once"
            ),
            UniqueConstraint(
                fields=["organization", "kind", "source", "initiative", "slice_id", "part"],
                condition=Q(part__isnull=False) & ~Q(state__in=["refused", "undone", "discarded"]),
                name="batch_part_once",
            ),
            CheckConstraint(
                condition=Q(received=F("accepted") + F("revised") + F("duplicate") + F("rejected")),
                name="batch_adds_up",
            ),
            TenantForeignKey(field="api_key", to="organizations.ApiKey"),
        ]
        indexes = [
            models.Index(fields=["organization", "kind", "-number"], name="batch_newest"),
            models.Index(
                fields=["state", "received_at"],
                name="batch_open",
                condition=Q(state__in=["received", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"


class BatchChange(TenantModel):
    """What a previewed batch would change, or has changed, of one person; the undo reads it."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="+", db_constraint=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in ChangeKind])
    line = models.PositiveIntegerField(null=True, help_text="null: not in the file")
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, related_name="+", db_constraint=False
    )
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    problem = models.CharField(max_length=40, blank=True)
    choice = models.JSONField(null=True, help_text="how a conflict was settled")
    left_out = models.BooleanField(default=False)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["organization", "batch", "number"], name="batch_change_number_once"
            ),
            TenantForeignKey(field="batch", to="organizations.ImportBatch"),
            TenantForeignKey(field="person", to="organizations.Person"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number} {self.kind}"


class BatchChunk(TenantModel):
    """The body as it came, compressed, in pieces of at most 1 MiB before compression."""

    pk = models.CompositePrimaryKey("organization_id", "batch_id", "number")
    batch = models.ForeignKey(
        ImportBatch, models.CASCADE, related_name="chunks", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField()
    body = models.BinaryField()
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        constraints = [TenantForeignKey(field="batch", to="organizations.ImportBatch")]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number}"


class RowError(TenantModel):
    pk = models.CompositePrimaryKey("organization_id", "batch_id", "number")
    batch = models.ForeignKey(
        ImportBatch, models.CASCADE, related_name="row_errors", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    field = models.CharField(max_length=80)
    code = models.CharField(max_length=40)
    message = models.CharField(max_length=400)
    value = models.CharField(max_length=60, blank=True)
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        constraints = [TenantForeignKey(field="batch", to="organizations.ImportBatch")]

    def __str__(self) -> str:
        return f"{self.batch_id} line {self.line}"
