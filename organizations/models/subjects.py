"""Subjects: a vendor's own stable id for somebody, and whom the directory says it is."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import UniqueConstraint

from organizations.models.directory import Person
from organizations.models.tenant import Noun, TenantModel
from organizations.querysets import TenantForeignKey, no_overlap


class Subject(Noun):
    """Facts hang on a subject; only the link to a person is a matter of opinion and of time."""

    source = models.CharField(max_length=60)
    scope = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=12)
    external_id = models.CharField(max_length=254)
    first_seen = models.DateField()
    last_seen = models.DateField()

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "source", "scope", "kind", "external_id"],
                name="subject_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind}:{self.external_id}"


class SubjectAlias(TenantModel):
    """Another name the source has stated for a subject; logins get renamed, all are kept."""

    subject = models.ForeignKey(
        Subject, models.CASCADE, related_name="aliases", db_constraint=False
    )
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=254)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["organization", "subject", "kind", "value"], name="subject_alias_once"
            ),
            TenantForeignKey(field="subject", to="organizations.Subject"),
        ]
        indexes = [
            models.Index(fields=["organization", "kind", "value"], name="subject_alias_value")
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class SubjectLink(TenantModel):
    """This subject is that person, from a day to a day (end exclusive)."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="links", db_constraint=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="links", db_constraint=False)
    span = DateRangeField()
    how = models.CharField(max_length=20, help_text="address, login, id or hand")
    confirmed_by = models.ForeignKey(
        "organizations.User", models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            no_overlap("subject"),
            TenantForeignKey(field="subject", to="organizations.Subject"),
            TenantForeignKey(field="person", to="organizations.Person"),
        ]
        indexes = [models.Index(fields=["organization", "person"], name="subject_link_person")]

    def __str__(self) -> str:
        return f"{self.subject_id} is {self.person_id}"
