"""The directory: departments, job roles, people, and what was true of a person when."""

from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import UniqueConstraint

from organizations.models.tenant import Noun, TenantModel, User
from organizations.querysets import TenantForeignKey, no_overlap


class Department(Noun):
    """A node of the department tree. `key` is the whole path, "Operations / Warehouse"."""

    key = models.CharField(max_length=400)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children", db_constraint=False
    )

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "key"], name="department_key_once"),
            TenantForeignKey(field="parent", to="organizations.Department"),
        ]

    def __str__(self) -> str:
        return self.key


class JobRole(Noun):
    """What somebody does. The price of an hour turns hours returned into capacity."""

    name = models.CharField(max_length=120)
    week_hours = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    hour_price = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, help_text="in the organization's currency"
    )
    price_source = models.CharField(max_length=200, blank=True)
    priced_on = models.DateField(null=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "name"], name="job_role_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Person(Noun):
    """Somebody in the directory. People are never deleted by being absent from a file."""

    external_id = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=254)
    search_key = models.CharField(max_length=500, help_text="folded name and address, for order")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="people")
    erased_at = models.DateTimeField(null=True, help_text="a tombstone: name and address are gone")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "external_id"], name="person_external_once"),
        ]
        indexes = [models.Index(fields=["organization", "search_key"], name="person_search")]

    def __str__(self) -> str:
        return self.name


class PersonAlias(TenantModel):
    """A name by which sources may know a person: an address, a login, a vendor's id."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="aliases", db_constraint=False)
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=254)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "kind", "value"], name="alias_once"),
            TenantForeignKey(field="person", to="organizations.Person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class PersonSpan(TenantModel):
    """What was true of a person from a day to a day (end exclusive)."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_constraint=False)
    span = DateRangeField()

    class Meta:
        abstract = True
        constraints = [
            no_overlap("person"),
            TenantForeignKey(field="person", to="organizations.Person"),
        ]
        indexes = [GistIndex(fields=["span"], name="%(class)s_span")]


class Employment(PersonSpan):
    def __str__(self) -> str:
        return f"{self.person_id} {self.span}"


class Leave(PersonSpan):
    """Away for a while. Why is nobody's business and is not stored."""

    def __str__(self) -> str:
        return f"{self.person_id} {self.span}"


class PersonDepartment(PersonSpan):
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", db_constraint=False
    )

    class Meta:
        constraints = [
            *PersonSpan.Meta.constraints,
            TenantForeignKey(field="department", to="organizations.Department"),
        ]
        indexes = PersonSpan.Meta.indexes

    def __str__(self) -> str:
        return f"{self.person_id} {self.department_id} {self.span}"


class PersonRole(PersonSpan):
    job_role = models.ForeignKey(JobRole, models.PROTECT, related_name="+", db_constraint=False)

    class Meta:
        constraints = [
            *PersonSpan.Meta.constraints,
            TenantForeignKey(field="job_role", to="organizations.JobRole"),
        ]
        indexes = PersonSpan.Meta.indexes

    def __str__(self) -> str:
        return f"{self.person_id} {self.job_role_id} {self.span}"
