"""Tenant managers and the composite foreign key: isolation below every query."""

from typing import Any, Self, TypeVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Func, Value
from django.db.models.constraints import BaseConstraint

from organizations import scope
from organizations.scope import ScopeViolationError

T = TypeVar("T", bound=models.Model)


class TenantQuerySet(models.QuerySet[T]):
    """Reads and writes of one organization; a write that names another one raises."""

    def create(self, **kwargs: Any) -> T:
        return super().create(**_own(kwargs))

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        rows = list(objs)
        for row in rows:
            _claim(row)
        return super().bulk_create(rows, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        _own(kwargs, fill=False)
        return super().update(**kwargs)

    def for_organization(self, organization_id: int) -> Self:
        return self.filter(organization_id=organization_id)


def _own(values: dict[str, Any], *, fill: bool = True) -> dict[str, Any]:
    own = scope.current()
    named = values.get("organization_id", getattr(values.get("organization"), "pk", None))
    if named is None:
        return values | {"organization_id": own} if fill else values
    if named != own:
        raise ScopeViolationError("A row of another organization was about to be written.")
    return values


def _claim(row: Any) -> None:
    own = scope.current()
    if row.organization_id is None:
        row.organization_id = own
    elif row.organization_id != own:
        raise ScopeViolationError("A row of another organization was about to be written.")


_Base = models.Manager.from_queryset(TenantQuerySet)


class TenantManager(_Base[T]):
    """The default manager of every tenant table."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(organization_id=scope.current())


class TenantForeignKey(BaseConstraint):
    """FOREIGN KEY (organization, field) → (organization, id), so that no link can cross tenants.

    The Django field itself has `db_constraint=False`. Not deferrable: a deferred check would speak
    at COMMIT, long after the code that could have answered.
    """

    def __init__(self, *, field: str, to: str, name: str = "") -> None:
        super().__init__(name=name or f"%(class)s_{field}_tenant")
        self.field = field
        self.to = to

    def _sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        target = model._meta.apps.get_model(self.to)
        quote = schema_editor.quote_name
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
            f"FOREIGN KEY (organization_id, {quote(self.field + '_id')}) "
            f"REFERENCES {quote(target._meta.db_table)} (organization_id, id)"
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self._sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self._sql(model, schema_editor))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        quote = schema_editor.quote_name
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT IF EXISTS "
            f"{quote(self.name)}"
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Ids are looked up inside the organization before use; the database has the last word."""

    def deconstruct(self) -> Any:
        path = f"{self.__class__.__module__}.{self.__class__.__name__}"
        return path, (), {"name": self.name, "field": self.field, "to": self.to}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TenantForeignKey):
            return bool(self.deconstruct() == other.deconstruct())
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.field, self.to))


def no_overlap(owner: str, *more: str) -> ExclusionConstraint:
    """Spans of one owner never overlap. Core GiST suffices: an id is a range of one number."""
    return ExclusionConstraint(
        name="%(class)s_no_overlap",
        expressions=[
            *(
                (Func(F(name), F(name), Value("[]"), function="int8range"), "&&")
                for name in (owner, *more)
            ),
            ("span", "&&"),
        ],
    )
