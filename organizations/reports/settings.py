"""What the pages of the settings show: prices of hours, who signs what, who may close."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from organizations.calculations.choices import ApprovalState
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.prices import Price, Priced, average_price
from organizations.calculations.roles import LABELS, Role
from organizations.models import (
    Approval,
    JobRole,
    Membership,
    Organization,
    PersonRole,
    Signer,
    User,
)
from organizations.registry import ApprovalKind, approval_kinds
from ui.tables import Cell

ROLES_PER_PAGE = 50
SIGNED_ALONE_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class RoleLine:
    """A job role, how many hold it today, and its price."""

    role: JobRole
    people: int


@dataclass(frozen=True, kw_only=True)
class PricesReport:
    """A page of job roles. average: money per hour over people whose role is priced."""

    page: Page[RoleLine]
    total: int
    priced: int
    people: int
    people_priced: int
    average: Decimal | None


def prices_report(*, page: str | int | None, today: date) -> PricesReport:
    """Job roles of the organization in force, by name."""
    everything = list(_roles(today))
    priced = [role for role in everything if role.hour_price is not None]
    shown: Page = Paginator(
        [RoleLine(role=role, people=role.people) for role in everything], ROLES_PER_PAGE
    ).get_page(page)
    return PricesReport(
        page=shown,
        total=len(everything),
        priced=len(priced),
        people=sum(role.people for role in everything),
        people_priced=sum(role.people for role in priced),
        average=average_price(
            Priced(people=role.people, price=stored_price(role)) for role in everything
        ),
    )


def stored_price(role: JobRole) -> Price:
    return Price(
        week_hours=role.week_hours,
        hour_price=role.hour_price,
        price_source=role.price_source,
        priced_on=role.priced_on,
    )


def price_rows() -> Iterator[Sequence[Cell]]:
    """The file of prices, as it can be sent back; what is not known is empty."""
    for role in JobRole.objects.order_by("name", "pk").iterator(chunk_size=2000):
        yield (
            role.name,
            "" if role.week_hours is None else role.week_hours,
            "" if role.hour_price is None else role.hour_price,
            role.price_source,
            role.priced_on or "",
        )


def _roles(today: date) -> QuerySet:
    held = (
        PersonRole.objects.filter(job_role=OuterRef("pk"), span__contains=today)
        .order_by()
        .values("job_role")
        .annotate(people=Count("pk"))
        .values("people")
    )
    return JobRole.objects.annotate(people=Coalesce(Subquery(held), 0)).order_by("name", "pk")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Somebody whose role allows an act."""

    membership_id: int
    name: str
    role: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class ActLine:
    """An act of two people: who may sign it, and who of them was named."""

    kind: ApprovalKind
    choices: tuple[Choice, ...]
    roles: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(choice.name for choice in self.choices if choice.chosen)

    @property
    def signing(self) -> int:
        """How many different people sign it today."""
        some = [choice for choice in self.choices if choice.chosen] or self.choices
        return len({choice.name for choice in some})


@dataclass(frozen=True, kw_only=True)
class SignersReport:
    """alone_until: the last day on which a single signer may sign alone, None when it is over."""

    acts: tuple[ActLine, ...]
    alone_until: date | None
    signed_alone: tuple[Approval, ...]

    @property
    def short(self) -> int:
        """Acts for which there are not two people."""
        return sum(act.signing < 2 for act in self.acts)


def signers_report(*, organization: Organization, today: date) -> SignersReport:
    """Every registered act, its possible and its named signers."""
    live = (
        Membership.objects.filter(Q(until=None) | Q(until__gte=today), user__is_active=True)
        .select_related("user")
        .order_by("user__name", "role", "pk")
    )
    by_role: dict[str, list[Membership]] = defaultdict(list)
    for membership in live:
        by_role[membership.role].append(membership)
    named = set(Signer.objects.values_list("act", "membership_id"))
    alone = Approval.objects.filter(single_signature=True).select_related("decided_by")
    return SignersReport(
        acts=tuple(
            _act(kind, by_role, named)
            for kind in sorted(approval_kinds.values(), key=lambda kind: (kind.label, kind.act))
        ),
        alone_until=_alone_until(organization, today),
        signed_alone=tuple(alone.order_by("-decided_at", "-pk")[:SIGNED_ALONE_SHOWN]),
    )


def _act(
    kind: ApprovalKind, by_role: dict[str, list[Membership]], named: set[tuple[str, int]]
) -> ActLine:
    allowed = sorted(ALLOWED[kind.decide], key=list(Role).index)
    found = [membership for role in allowed for membership in by_role[role.value]]
    return ActLine(
        kind=kind,
        roles=tuple(LABELS[role].lower() for role in allowed),
        choices=tuple(
            Choice(
                membership_id=membership.pk,
                name=membership.user.name,
                role=LABELS[Role(membership.role)],
                chosen=(kind.act, membership.pk) in named,
            )
            for membership in found
        ),
    )


@dataclass(frozen=True, kw_only=True)
class LeaveReport:
    """What stands in the way of leaving and of closing.

    alone_until: the last day on which a single administrator may sign alone, None when it is over.
    """

    administrators: int
    alone_until: date | None
    closing: Approval | None


def leave_report(*, organization: Organization, today: date, act: str) -> LeaveReport:
    administrators = (
        User.objects.filter(
            Q(memberships__until=None) | Q(memberships__until__gte=today),
            memberships__organization=organization,
            memberships__role=Role.ADMINISTRATOR.value,
            is_active=True,
        )
        .distinct()
        .count()
    )
    waiting = Approval.objects.filter(act=act, state=ApprovalState.OPEN.value)
    return LeaveReport(
        administrators=administrators,
        alone_until=_alone_until(organization, today),
        closing=waiting.select_related("proposed_by").first(),
    )


def _alone_until(organization: Organization, today: date) -> date | None:
    until = organization.single_signature_until
    return until if until is not None and until >= today else None
