"""What the portfolio stores about somebody: access, own rules, proposals, names on work."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from organizations.registry import PersonData
from portfolio.models import Eligibility, EligibilityRule, Initiative, Proposal


def copy_access(*, person_id: int) -> Iterator[tuple[Any, ...]]:
    rows = Eligibility.objects.filter(person_id=person_id).select_related("initiative")
    for row in rows.order_by("initiative_id", "span"):
        yield row.initiative.name, row.span.lower, row.span.upper


def erase_access(*, person_id: int, now: datetime) -> int:
    """Access goes with the rules that named this person alone; nothing is computed again."""
    gone = Eligibility.objects.filter(person_id=person_id).delete()[0]
    return int(gone + EligibilityRule.objects.filter(person_id=person_id).delete()[0])


def copy_work(*, person_id: int) -> Iterator[tuple[Any, ...]]:
    """Initiatives that carry the person's name."""
    named = Q(owner=person_id) | Q(sponsor=person_id) | Q(champion=person_id)
    for row in Initiative.objects.filter(named).order_by("key"):
        held = ("owner", "sponsor", "champion")
        roles = [role for role in held if getattr(row, f"{role}_id") == person_id]
        yield row.key, row.name, " ".join(roles)


def keep_work(*, person_id: int, now: datetime) -> int:
    """Initiatives go on pointing at the tombstone, so that a gap shows and history adds up."""
    return 0


def copy_proposals(*, person_id: int) -> Iterator[tuple[Any, ...]]:
    rows = Proposal.objects.filter(proposed_by__people__pk=person_id)
    for row in rows.order_by("proposed_at"):
        yield row.title, row.problem, row.outcome, row.state, row.proposed_at, row.answer


def erase_proposals(*, person_id: int, now: datetime) -> int:
    """A proposal belongs to the organization; who made it is forgotten."""
    rows = Proposal.objects.filter(proposed_by__people__pk=person_id)
    return int(
        Proposal.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(
            proposed_by=None
        )
    )


PERSON_DATA: Final = (
    PersonData(
        name="access",
        header=("initiative", "from", "to (exclusive)"),
        copy=copy_access,
        erase=erase_access,
    ),
    PersonData(
        name="work", header=("initiative", "name", "roles"), copy=copy_work, erase=keep_work
    ),
    PersonData(
        name="proposals",
        header=("title", "problem", "outcome", "state", "proposed at", "answer"),
        copy=copy_proposals,
        erase=erase_proposals,
    ),
)
