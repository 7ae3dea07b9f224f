"""Erase a closed organization: every row of every table, its files, logins that only it knew.

Rows go table by table, children first, each table in its own transaction under the lock of the
organization's row: a worker that dies leaves something the next one finishes, and two of them do
not meet. The trail, from which nobody may delete, goes last, by a function of the owner's, together
with that row: until then it is known that something is left to do.
"""

import logging
import shutil
from datetime import date, datetime, timedelta
from graphlib import TopologicalSorter
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import connection, models, transaction

from organizations.actions.files import folder_of
from organizations.models import Membership, Organization, User

log = logging.getLogger(__name__)

_FORGET_TRAIL = "SELECT lastmile_forget_organization(%s)"
# The earliest zone is 14 hours ahead of UTC: what is not due there is due nowhere.
_EARLIEST = timedelta(hours=14)


def due(*, now: datetime) -> list[int]:
    """Organizations whose 30 days are over on their own calendar, the oldest closing first."""
    closed = Organization.objects.filter(
        active=False, closing_on__lte=(now + _EARLIEST).date()
    ).order_by("closing_on", "pk")
    return [one.pk for one in closed if _is_due(one, now)]


def dissolve(*, organization_id: int, now: datetime) -> int:
    """Erase it; the number of rows. 0 when it is not due, open again, gone, or being erased."""
    erased = 0
    for model in _tables():
        with transaction.atomic():
            if _held(organization_id, now) is None:
                return erased
            erased += _erase(model, organization_id)
    with transaction.atomic():
        organization = _held(organization_id, now)
        if organization is None:
            return erased
        erased += _erase_the_rest(organization)
    shutil.rmtree(folder_of(public_id=organization.public_id), ignore_errors=True)
    log.warning("organization erased", extra={"organization": organization_id, "rows": erased})
    return erased


def _is_due(organization: Organization, now: datetime) -> bool:
    today: date = now.astimezone(ZoneInfo(organization.time_zone)).date()
    return organization.closing_on is not None and organization.closing_on <= today


def _held(organization_id: int, now: datetime) -> Organization | None:
    """The organization under lock, while it is still to be erased and nobody else is at it."""
    found = (
        Organization.objects.select_for_update(skip_locked=True)
        .filter(pk=organization_id, active=False)
        .first()
    )
    return found if found is not None and _is_due(found, now) else None


def _tables() -> list[type[models.Model]]:
    """Every table of a tenant but memberships, which tell whose logins end; children first."""
    owned = {model for model in apps.get_models(include_auto_created=True) if _is_owned(model)}
    points_at: dict[Any, set[Any]] = {
        model: {
            field.related_model
            for field in model._meta.concrete_fields
            if field.is_relation and field.related_model in owned - {model}
        }
        for model in owned
    }
    order = TopologicalSorter(points_at)
    return [model for model in reversed(list(order.static_order())) if model is not Membership]


def _is_owned(model: type[models.Model]) -> bool:
    return any(
        field.name == "organization" and field.related_model is Organization
        for field in model._meta.concrete_fields
    )


def _erase(model: type[models.Model], organization_id: int) -> int:
    """One statement: rows of one table may point at each other."""
    rows = model._base_manager.filter(organization_id=organization_id)
    return int(rows._raw_delete(rows.db))


def _erase_the_rest(organization: Organization) -> int:
    members = set(
        Membership.unscoped.filter(organization=organization).values_list("user_id", flat=True)
    )
    erased = _erase(Membership, organization.pk)
    User.objects.filter(pk__in=_known_nowhere_else(members)).delete()
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_TRAIL, [organization.pk])
        erased += int(cursor.fetchone()[0])
    rows = Organization.objects.filter(pk=organization.pk)
    return erased + int(rows._raw_delete(rows.db))


def _known_nowhere_else(users: set[int]) -> set[int]:
    """Those of whom no other organization holds a row; called when the own rows are gone."""
    for relation in User._meta.related_objects:
        model, name = relation.related_model, relation.field.attname
        if not _is_owned(model):
            continue
        held = model._base_manager.filter(**{f"{name}__in": users}, organization_id__isnull=False)
        users = users - set(held.values_list(name, flat=True))
    return users
