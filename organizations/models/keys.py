"""API keys: shown once, stored as a keyed hash."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import UniqueConstraint

from organizations.models.tenant import Noun, TenantModel, User
from organizations.querysets import TenantForeignKey


class ApiKey(Noun):
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True, help_text="public part, indexed")
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))
    pinned_source = models.CharField(max_length=60, blank=True)
    pinned_initiative = models.CharField(max_length=80, blank=True)
    expires_on = models.DateField()
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", help_text="told when an import fails"
    )
    follows = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    stale_after_days = models.PositiveSmallIntegerField(null=True)
    noticed_stale_on = models.DateField(null=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "name"],
                name="live_key_name_once",
                condition=models.Q(revoked_at__isnull=True),
            ),
            TenantForeignKey(field="follows", to="organizations.ApiKey"),
        ]

    def __str__(self) -> str:
        return self.name


class KeyMinute(TenantModel):
    """Requests of one key in one minute; the limiter counts in the database."""

    pk = models.CompositePrimaryKey("organization_id", "api_key_id", "minute")
    api_key = models.ForeignKey(
        ApiKey, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    minute = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        constraints = [TenantForeignKey(field="api_key", to="organizations.ApiKey")]

    def __str__(self) -> str:
        return f"{self.api_key_id} {self.minute}"


class KeyDay(TenantModel):
    """Requests of one key on one day, and from which network the last one came."""

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="days", db_constraint=False)
    day = models.DateField()
    requests = models.PositiveIntegerField(default=0)
    network = models.CharField(max_length=50, blank=True, help_text="cut to /24 or /48")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "api_key", "day"], name="key_day_once"),
            TenantForeignKey(field="api_key", to="organizations.ApiKey"),
        ]

    def __str__(self) -> str:
        return f"{self.api_key_id} {self.day}"
