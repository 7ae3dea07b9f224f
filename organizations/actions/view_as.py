"""Begin and end looking at the example organization as another role; nothing else is written."""

from datetime import datetime

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.roles import Role
from organizations.errors import NotAllowed
from organizations.models import Organization, User


@transaction.atomic
def start(*, organization: Organization, user: User, role: Role, now: datetime) -> None:
    """Note it in the trail. Raises NotAllowed outside the example organization."""
    if not organization.example:
        raise NotAllowed("Only the example organization is seen as another role.")
    _record(organization, user, "view_as.started", now, role=role.value)


@transaction.atomic
def stop(*, organization: Organization, user: User, now: datetime) -> None:
    _record(organization, user, "view_as.stopped", now)


def _record(
    organization: Organization, user: User, action: str, now: datetime, **changes: str
) -> None:
    record(
        organization_id=organization.pk,
        actor=Actor(kind="user", id=user.pk),
        action=action,
        object_kind="user",
        object_id=user.public_id,
        changes=changes,
        now=now,
    )
