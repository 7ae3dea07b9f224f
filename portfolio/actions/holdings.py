"""What members hold of the portfolio: initiatives that they own, sponsor or champion."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.models import Person, User
from organizations.registry import Holding
from portfolio.calculations.stages import Stage
from portfolio.models import Initiative

KIND = "initiatives"
# Parts that somebody may have in an initiative, as its fields are named.
PARTS = ("owner", "sponsor", "champion")


class NoPerson(LastMileError):
    code = "no_person"


def _held(user_id: int) -> QuerySet[Initiative]:
    """Stopped ones keep their names: nobody has to do anything for them."""
    parts = Q(owner__user_id=user_id) | Q(sponsor__user_id=user_id) | Q(champion__user_id=user_id)
    kept = Initiative.objects.filter(parts).exclude(stage=Stage.STOPPED.value)
    return kept.select_related("owner", "sponsor", "champion").order_by("name", "pk")


def _parts(initiative: Initiative, user_id: int) -> list[str]:
    return [
        part for part in PARTS if getattr(getattr(initiative, part), "user_id", None) == user_id
    ]


def _titles(*, user_id: int) -> Sequence[str]:
    return [f"{one.name} ({', '.join(_parts(one, user_id))})" for one in _held(user_id)]


def _hand_over(*, user_id: int, to_id: int, actor: Actor, now: datetime) -> int:
    """Raises NoPerson for a successor who is not in the directory."""
    held = list(_held(user_id))
    successor = Person.objects.filter(user_id=to_id).order_by("pk").first()
    if held and successor is None:
        name = User.objects.get(pk=to_id).name
        raise NoPerson(
            f"{name} is not in the directory, so no initiative can name them.",
            field=f"to_{KIND}",
            remedy="Choose somebody else, or import the person first.",
        )
    for initiative in held:
        parts = _parts(initiative, user_id)
        Initiative.objects.filter(pk=initiative.pk).update(**dict.fromkeys(parts, successor))
        record(
            organization_id=initiative.organization_id,
            actor=actor,
            action="initiative.handed_over",
            object_kind="initiative",
            object_id=initiative.public_id,
            changes={"parts": parts, "to": str(successor.public_id) if successor else None},
            now=now,
        )
    return len(held)


INITIATIVES = Holding(
    kind=KIND,
    label="Initiatives owned, sponsored or championed",
    order=20,
    titles=_titles,
    hand_over=_hand_over,
)
