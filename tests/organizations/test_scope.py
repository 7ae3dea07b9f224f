"""Isolation below every query (SECURITY R1 to R3)."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from organizations import scope
from organizations.models import Department, Organization, Person, PersonAlias, User
from organizations.querysets import TenantForeignKey, TenantManager
from organizations.scope import ScopeMissingError, ScopeViolationError
from portfolio.models import EligibilityRule, Initiative
from tests.builders import make_initiative
from tests.cast import Company

OUR_APPS = ("organizations", "portfolio", "handoffs", "adoption", "attribution", "sprints")
# The tenant itself, logins (global by design), the chain head and the per-organization state row.
WITHOUT_SCOPE = {"Organization", "User", "AuditHead", "AdoptionState"}


def our_models() -> list[type[models.Model]]:
    return [model for app in OUR_APPS for model in apps.get_app_config(app).get_models()]


def test_every_model_is_scoped_or_listed() -> None:
    loose = {
        model.__name__
        for model in our_models()
        if not isinstance(model._default_manager, TenantManager)
    }
    assert loose == WITHOUT_SCOPE


def test_every_tenant_table_has_an_organization_that_is_never_null() -> None:
    for model in our_models():
        # A mail between the installation and a login of several organizations belongs to none.
        if model.__name__ not in {*WITHOUT_SCOPE, "Mail"}:
            assert not model._meta.get_field("organization_id").null


@pytest.mark.django_db
def test_a_query_without_an_organization_raises() -> None:
    with pytest.raises(ScopeMissingError):
        Person.objects.count()


def test_a_query_sees_its_own_organization_only(acme: Company, twin: Company) -> None:
    with scope.organization(acme.organization.pk):
        assert list(Person.objects.all()) == [acme.person]
        assert not Initiative.objects.filter(pk=twin.initiative.pk).exists()


def test_a_write_that_names_another_organization_raises(acme: Company, twin: Company) -> None:
    with scope.organization(acme.organization.pk):
        with pytest.raises(ScopeViolationError):
            Department.objects.create(organization=twin.organization, key="X", name="X")
        with pytest.raises(ScopeViolationError):
            Department.objects.bulk_create(
                [Department(organization=twin.organization, key="X", name="X")]
            )
        with pytest.raises(ScopeViolationError):
            Person.objects.update(organization=twin.organization)


def test_a_created_row_takes_the_organization_in_force(acme: Company) -> None:
    with scope.organization(acme.organization.pk):
        assert make_initiative(key="other").organization_id == acme.organization.pk


def tenant_keys() -> list[tuple[type[models.Model], TenantForeignKey]]:
    return [
        (model, constraint)
        for model in our_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, TenantForeignKey)
    ]


def test_every_link_between_nouns_is_composite() -> None:
    """A foreign key to a tenant's noun has its (organization, id) twin in the database."""
    covered = {(model, key.field) for model, key in tenant_keys()}
    for model in our_models():
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey):
                continue
            if field.related_model in (Organization, User):
                continue
            assert (model, field.name) in covered, f"{model.__name__}.{field.name}"


@pytest.mark.django_db
def test_the_composite_keys_stand_in_the_database_and_are_not_deferrable() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, condeferrable FROM pg_constraint"
            " WHERE contype = 'f' AND conparentid = 0"
        )
        stored = dict(cursor.fetchall())
    for _, key in tenant_keys():
        assert stored.get(key.name) is False, key.name


def test_a_link_to_another_organization_is_refused_by_the_database(
    acme: Company, twin: Company
) -> None:
    with scope.organization(acme.organization.pk):
        with pytest.raises(IntegrityError), transaction.atomic():
            PersonAlias.objects.create(person=twin.person, kind="login", value="bo")
        with pytest.raises(IntegrityError), transaction.atomic():
            EligibilityRule.objects.create(
                initiative=twin.initiative, rule="all", span="[2026-01-01,)"
            )


def test_no_migration_needs_an_extension() -> None:
    """The embedded server has none."""
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    for file in root.glob("*/migrations/*.py"):
        assert "CREATE EXTENSION" not in file.read_text().upper()
