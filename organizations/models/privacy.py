"""What people are told, what they agreed to, who looked, and what was erased."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import UniqueConstraint

from organizations.calculations.choices import RequestKind, RequestState
from organizations.models.directory import Person
from organizations.models.tenant import Noun, TenantModel, User
from organizations.querysets import TenantForeignKey


class Agreement(Noun):
    """What is collected, why, how long, who sees it: one version, a draft until published."""

    version = models.PositiveIntegerField()
    body = models.JSONField(help_text="texts of the sections, by key")
    settings = models.JSONField(default=dict, help_text="the rules in force when it was published")
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "version"], name="agreement_version_once"),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class Consent(TenantModel):
    """Whether the champion of the own department may see somebody's name. The newest row holds."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_constraint=False)
    given = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [TenantForeignKey(field="person", to="organizations.Person")]
        indexes = [models.Index(fields=["organization", "person", "-at"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.given}"


class PersonView(TenantModel):
    """Somebody looked at what is stored of a person; the person sees this list."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_constraint=False)
    viewer = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    viewer_role = models.CharField(max_length=20)
    what = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [TenantForeignKey(field="person", to="organizations.Person")]
        indexes = [models.Index(fields=["organization", "person", "-at"], name="view_newest")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.at}"


class DataRequest(Noun):
    """A person asks for a copy, a correction or erasure, or an administrator does for them."""

    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in RequestKind])
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in RequestState],
        default=RequestState.ASKED.value,
    )
    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_constraint=False)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    due_on = models.DateField()
    words = models.CharField(max_length=1000, blank=True)
    answer = models.CharField(max_length=1000, blank=True)
    done_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict, help_text="rows by table, when done")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            TenantForeignKey(field="person", to="organizations.Person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Erasure(TenantModel):
    """The journal of erasures: replayed after a restore, because the backup is older."""

    person_public_id = models.UUIDField()
    identities = ArrayField(models.CharField(max_length=64), help_text="keyed hashes")
    erased_at = models.DateTimeField()
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["organization", "person_public_id"], name="erasure_person_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.person_public_id)


class SuppressedIdentity(TenantModel):
    """A keyed hash of an erased identity: the next import does not bring it back."""

    identity = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "identity"], name="suppressed_identity_once"),
        ]

    def __str__(self) -> str:
        return self.identity[:8]
