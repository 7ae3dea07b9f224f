"""The register of initiatives as a list: who owns what, at which stage, at which budget."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet

from portfolio.calculations.similarity import Similar, similar
from portfolio.calculations.stages import DEPLOYED, Stage
from portfolio.models import Initiative
from ui.formats import integer

INITIATIVES_PER_PAGE = 50
# Stages in the order in which people speak of them, and how a sentence counts them.
_COUNTED = (
    (Stage.LIVE, "live"),
    (Stage.PILOT, "in pilot"),
    (Stage.PROPOSED, "proposed"),
    (Stage.PAUSED, "paused"),
    (Stage.STOPPED, "stopped"),
)


class Sort(StrEnum):
    """Columns of the register that sort; a leading minus turns the order round."""

    NAME = "name"
    STAGE = "stage"
    DEPARTMENT = "department"
    BUDGET = "budget"
    TARGET = "target"


_COLUMN = {
    Sort.NAME: "name",
    Sort.STAGE: "stage",
    Sort.DEPARTMENT: "department__key",
    Sort.BUDGET: "monthly_budget",
    Sort.TARGET: "target_date",
}


@dataclass(frozen=True, kw_only=True)
class RegisterFilter:
    """What of the register is asked for; empty fields ask for all."""

    text: str = ""
    stage: Stage | None = None
    sort: str = Sort.NAME

    @property
    def narrows(self) -> bool:
        return bool(self.text) or self.stage is not None


@dataclass(frozen=True, kw_only=True)
class InitiativeLine:
    """One initiative. Money per month in `currency`; owner None: nobody is named."""

    key: str
    name: str
    stage: Stage
    owner: str | None
    department: str | None
    outcome: str
    metric: str
    baseline: str
    target: str
    target_date: date
    monthly_budget: Decimal | None
    currency: str
    rules_open: int

    @property
    def closed(self) -> bool:
        """Whether rules are missing where people should be working with it."""
        return self.stage in DEPLOYED and self.rules_open == 0


@dataclass(frozen=True, kw_only=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class RegisterSummary:
    """Counts over all initiatives, whatever the filter leaves.

    budgets: monthly budgets of deployed initiatives, a sum per currency and never across them;
    without_budget: deployed initiatives that state none, which no sum holds.
    """

    total: int
    stages: dict[Stage, int]
    without_owner: int
    closed: int
    budgets: tuple[Money, ...]
    without_budget: int

    @property
    def deployed(self) -> int:
        return sum(self.stages.get(stage, 0) for stage in DEPLOYED)

    @property
    def title(self) -> str:
        """The finding: how many initiatives there are, and where they stand."""
        if not self.total:
            return "No initiative is registered yet"
        parts = [
            f"{integer(self.stages[stage])} {words}"
            for stage, words in _COUNTED
            if self.stages.get(stage)
        ]
        noun = "initiative" if self.total == 1 else "initiatives"
        return f"{integer(self.total)} {noun}: {_listed(parts)}"


@dataclass(frozen=True, kw_only=True)
class RegisterReport:
    summary: RegisterSummary
    page: Page[InitiativeLine]


def register_report(*, wanted: RegisterFilter, today: date, page: str | None) -> RegisterReport:
    """A page of the register of the organization in force."""
    paginator = Paginator(_sorted(_matching(wanted, today), wanted.sort), INITIATIVES_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    shown.object_list = [_line(initiative) for initiative in shown.object_list]
    return RegisterReport(summary=_summary(today), page=shown)


def register_lines(*, wanted: RegisterFilter, today: date) -> Iterator[InitiativeLine]:
    """Every initiative that the filter leaves, for a file."""
    for initiative in _sorted(_matching(wanted, today), wanted.sort):
        yield _line(initiative)


def similar_initiatives(*, name: str) -> list[Similar]:
    """Registered initiatives with a name like this one, most alike first, at most five."""
    return similar(name=name, initiatives=Initiative.objects.values_list("key", "name"))


def key_taken(*, key: str) -> bool:
    return Initiative.objects.filter(key=key).exists()


def _open_rules(today: date) -> Count:
    return Count("rules", filter=Q(rules__span__contains=today))


def _matching(wanted: RegisterFilter, today: date) -> QuerySet[Initiative]:
    initiatives = Initiative.objects.select_related("owner", "department").annotate(
        rules_open=_open_rules(today)
    )
    if wanted.text:
        initiatives = initiatives.filter(
            Q(name__icontains=wanted.text) | Q(key__icontains=wanted.text)
        )
    if wanted.stage is not None:
        initiatives = initiatives.filter(stage=wanted.stage)
    return initiatives


def _sorted(initiatives: QuerySet[Initiative], sort: str) -> QuerySet[Initiative]:
    column = F(_COLUMN[Sort(sort.removeprefix("-"))])
    first = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return initiatives.order_by(first, "name", "pk")


def _line(initiative: Any) -> InitiativeLine:
    return InitiativeLine(
        key=initiative.key,
        name=initiative.name,
        stage=Stage(initiative.stage),
        owner=initiative.owner.name if initiative.owner else None,
        department=initiative.department.key if initiative.department else None,
        outcome=initiative.outcome,
        metric=initiative.metric,
        baseline=initiative.baseline,
        target=initiative.target,
        target_date=initiative.target_date,
        monthly_budget=initiative.monthly_budget,
        currency=initiative.currency,
        rules_open=initiative.rules_open,
    )


def _summary(today: date) -> RegisterSummary:
    rows = list(
        Initiative.objects.annotate(rules_open=_open_rules(today)).values_list(
            "stage", "owner_id", "monthly_budget", "currency", "rules_open"
        )
    )
    stages: dict[Stage, int] = {}
    sums: dict[str, Decimal] = {}
    for stage, _owner, budget, currency, _rules in rows:
        stages[Stage(stage)] = stages.get(Stage(stage), 0) + 1
        if stage in DEPLOYED and budget is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + budget
    return RegisterSummary(
        total=len(rows),
        stages=stages,
        without_owner=sum(owner is None for _, owner, _, _, _ in rows),
        closed=sum(stage in DEPLOYED and not rules for stage, _, _, _, rules in rows),
        budgets=tuple(Money(amount=sums[name], currency=name) for name in sorted(sums)),
        without_budget=sum(stage in DEPLOYED and money is None for stage, _, money, _, _ in rows),
    )


def _listed(parts: list[str]) -> str:
    """ "a, b and c" """
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def initiatives_by_id(*, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Key and name of each of these initiatives that is still there."""
    rows = Initiative.objects.filter(pk__in=set(ids)).values_list("pk", "key", "name")
    return {pk: (key, name) for pk, key, name in rows}
