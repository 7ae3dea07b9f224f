"""Register a new initiative from the page: never over one that exists, and with a reason kept."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from organizations.actions.rows import hold_directory
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import Conflict
from portfolio.actions.initiatives import InitiativeValues, save_initiative
from portfolio.models import Initiative


@transaction.atomic
def register_initiative(
    *,
    organization_id: int,
    values: InitiativeValues,
    similar_keys: Sequence[str] = (),
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Initiative:
    """Register an initiative that is not there yet. Raises Conflict, VagueOutcome, BadKey.

    similar_keys were shown to the person, reason is why a new one is needed all the same; the
    audit trail keeps both.
    """
    # Held so that of two people who register the same key at once the second one is told.
    hold_directory(organization_id=organization_id)
    if Initiative.objects.filter(key=values.key).exists():
        raise Conflict(
            "Another initiative has this key.",
            field="key",
            remedy="Join that one, or choose another key.",
        )
    initiative = save_initiative(values=values, actor=actor, now=now)
    if similar_keys:
        record(
            organization_id=organization_id,
            actor=actor,
            action="initiative.registered_beside_similar",
            object_kind="initiative",
            object_id=initiative.public_id,
            changes={"similar": list(similar_keys), "reason": reason},
            now=now,
        )
    return initiative
