"""Open an initiative to people and close it again; access follows in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeAlias

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations.actions.batches import body_of
from organizations.actions.jobs import Lease
from organizations.actions.rows import Clock, Outcome, Tally, hold_directory, settle
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.spans import SpanError, through
from organizations.dirty import ask_refresh
from organizations.errors import Conflict, LastMileError
from organizations.models import Department, ImportBatch, JobRole, Noun, Person
from organizations.sources.reading import Code, RowError, excerpt
from portfolio.actions.copilot_seats import read_seats
from portfolio.actions.initiatives import (
    contradicting,
    contradictions,
    outside_pin,
    people_by_address,
    pin_of,
)
from portfolio.calculations.stages import Rule
from portfolio.models import EligibilityRule, Initiative
from portfolio.querysets import rewrite_access
from portfolio.sources.copilot_seats import NAME as COPILOT_SEATS
from portfolio.sources.register import EligibilityRow, parse_eligibility

RULES_PER_INSERT = 5_000


class BadRule(LastMileError):
    code = "bad_rule"


class BadSpan(LastMileError):
    code = "bad_period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom a rule opens an initiative to: all, or exactly one of the three."""

    rule: Rule
    department_id: int | None = None
    job_role_id: int | None = None
    person_id: int | None = None


# What makes a rule the same rule: the initiative, whom it is for, and its first day.
Identity: TypeAlias = tuple[int, Target, date | None]

_UNKNOWN = {
    Rule.DEPARTMENT: (
        Code.UNKNOWN_DEPARTMENT,
        "No department has this path; write it as in people: A / B.",
    ),
    Rule.JOB_ROLE: (Code.UNKNOWN_JOB_ROLE, "Nobody in the directory has this job role."),
    Rule.PERSON: (
        Code.UNKNOWN_PERSON,
        "Nobody in the directory has this address; import people first.",
    ),
}


@transaction.atomic
def add_rule(
    *,
    initiative: Initiative,
    rule: Rule,
    actor: Actor,
    now: datetime,
    first: date | None,
    last: date | None = None,
    department: Department | None = None,
    job_role: JobRole | None = None,
    person: Person | None = None,
    seat: bool | None = None,
) -> EligibilityRule:
    """Open an initiative from the first to the last day (inclusive; None: open).

    Raises BadRule where the rule does not fit whom it names, BadSpan for an end before the start,
    Conflict where the same rule begins on that day already.
    """
    hold_directory(organization_id=initiative.organization_id)
    target = Target(
        rule=rule,
        department_id=_pk(department),
        job_role_id=_pk(job_role),
        person_id=_pk(person),
    )
    _check_target(target)
    span = _range(first, last)
    columns = _columns(target)
    if EligibilityRule.objects.filter(
        initiative=initiative, span__startswith=span.lower, **columns
    ).exists():
        raise Conflict(
            "The same rule begins on that day already.", field="first", remedy="Change that one."
        )
    made = EligibilityRule.objects.create(initiative=initiative, span=span, seat=seat, **columns)
    _tell(made, "eligibility.added", {"rule": rule.value, "span": _text(span)}, actor, now)
    return made


@transaction.atomic
def end_rule(*, rule: EligibilityRule, last_day: date, actor: Actor, now: datetime) -> bool:
    """Close access with the end of that day. False when it ends then already. Raises BadSpan."""
    hold_directory(organization_id=rule.organization_id)
    span = _range(rule.span.lower, last_day)
    if span == rule.span:
        return False
    before, rule.span = rule.span, span
    rule.save(update_fields=["span"])
    _tell(rule, "eligibility.ended", {"span": [_text(before), _text(span)]}, actor, now)
    return True


def _pk(noun: Noun | None) -> int | None:
    return None if noun is None else noun.pk


def _check_target(target: Target) -> None:
    named = {
        Rule.DEPARTMENT: target.department_id,
        Rule.JOB_ROLE: target.job_role_id,
        Rule.PERSON: target.person_id,
    }
    right = {rule for rule, value in named.items() if value is not None}
    if right != ({target.rule} if target.rule is not Rule.ALL else set()):
        raise BadRule(
            "The rule has to name exactly whom it is for.",
            field=target.rule.value,
            remedy="Choose a department, a job role or a person; none for everybody.",
        )


def _range(first: date | None, last: date | None) -> DateRange:
    try:
        span = through(first, last)
    except SpanError as problem:
        raise BadSpan("The last day lies before the first.", field="last") from problem
    return DateRange(span.lower, span.upper)


def _columns(target: Target) -> dict[str, Any]:
    return {
        "rule": target.rule.value,
        "department_id": target.department_id,
        "job_role_id": target.job_role_id,
        "person_id": target.person_id,
    }


def _text(span: DateRange) -> str:
    return f"[{span.lower or ''},{span.upper or ''})"


def _tell(
    rule: EligibilityRule, action: str, changes: dict[str, Any], actor: Actor, now: datetime
) -> None:
    record(
        organization_id=rule.organization_id,
        actor=actor,
        action=action,
        object_kind="eligibility_rule",
        object_id=rule.public_id,
        changes={"initiative": rule.initiative.key} | changes,
        now=now,
    )
    rewrite_access(organization_id=rule.organization_id, initiative_ids=[rule.initiative_id])
    ask_refresh(organization_id=rule.organization_id, now=now)


def process_eligibility(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
    """Apply the rules of a batch; absent ones stay. Raises LeaseLost."""
    settle(batch=batch, lease=lease, clock=clock, work=lambda: _import(batch, clock()))


def _import(batch: ImportBatch, now: datetime) -> Outcome:
    hold_directory(organization_id=batch.organization_id)
    tally = Tally()
    rows, people = _read(batch, tally)
    known = _Known(rows, people, pin=pin_of(batch))
    rules = _Rules(set(known.initiatives.values()))
    contradicted = contradictions([(_name(row), replace(row, line=0)) for row in rows])
    for row in rows:
        error = known.doubt(row)
        if error is None and _name(row) in contradicted:
            error = contradicting(row.line, "rule", row.value or row.initiative)
        if error is None:
            rules.state(known.identity(row), row, tally)
        else:
            tally.refuse(error)
    touched = rules.store()
    if touched:
        rewrite_access(organization_id=batch.organization_id, initiative_ids=sorted(touched))
        ask_refresh(organization_id=batch.organization_id, now=now)
    return tally.outcome()


def _read(batch: ImportBatch, tally: Tally) -> tuple[list[EligibilityRow], dict[str, int]]:
    """The rules of a batch, and the person of each value that rules of persons name."""
    if batch.source == COPILOT_SEATS:
        return read_seats(batch=batch, tally=tally)
    rows: list[EligibilityRow] = []
    for piece in parse_eligibility(body_of(batch=batch), content_type=batch.content_type):
        rows += tally.read(piece)
    addresses = {row.value for row in rows if row.rule is Rule.PERSON}
    return rows, people_by_address(addresses=addresses)


def _name(row: EligibilityRow) -> tuple[str, Rule, str, date]:
    return row.initiative, row.rule, row.value, row.start


class _Known:
    """What the rows of a batch point at, each kind read once."""

    def __init__(
        self, rows: Sequence[EligibilityRow], people: Mapping[str, int], *, pin: str
    ) -> None:
        def values(rule: Rule) -> set[str]:
            return {row.value for row in rows if row.rule is rule}

        initiatives = Initiative.objects.filter(key__in={row.initiative for row in rows})
        departments = Department.objects.filter(key__in=values(Rule.DEPARTMENT))
        roles = JobRole.objects.filter(name__in=values(Rule.JOB_ROLE))
        self.initiatives = dict(initiatives.values_list("key", "pk"))
        self._pin = pin
        self._targets: dict[Rule, Mapping[str, int]] = {
            Rule.ALL: {"": 0},
            Rule.DEPARTMENT: dict(departments.values_list("key", "pk")),
            Rule.JOB_ROLE: dict(roles.values_list("name", "pk")),
            Rule.PERSON: people,
        }

    def doubt(self, row: EligibilityRow) -> RowError | None:
        """Why a row cannot be applied; None when it can."""
        if self._pin and row.initiative != self._pin:
            return outside_pin(row.line, "initiative", row.initiative)
        if row.initiative not in self.initiatives:
            message = "No initiative has this key; register it first."
            return RowError(
                row.line, "initiative", Code.UNKNOWN_INITIATIVE, message, excerpt(row.initiative)
            )
        if row.value not in self._targets[row.rule]:
            code, message = _UNKNOWN[row.rule]
            return RowError(row.line, "value", code, message, excerpt(row.value))
        return None

    def identity(self, row: EligibilityRow) -> Identity:
        value = self._targets[row.rule][row.value]
        target = Target(
            rule=row.rule,
            department_id=value if row.rule is Rule.DEPARTMENT else None,
            job_role_id=value if row.rule is Rule.JOB_ROLE else None,
            person_id=value if row.rule is Rule.PERSON else None,
        )
        return self.initiatives[row.initiative], target, row.start


class _Rules:
    """The stored rules of some initiatives, and what rows change in them."""

    def __init__(self, initiative_ids: set[int]) -> None:
        stored = EligibilityRule.objects.filter(initiative_id__in=initiative_ids).order_by("pk")
        self._rules = {_identity(rule): rule for rule in stored}
        self._added: dict[Identity, EligibilityRule] = {}
        self._revised: dict[Identity, EligibilityRule] = {}

    def state(self, identity: Identity, row: EligibilityRow, tally: Tally) -> None:
        """Take over a row and count it. A seat that is not mentioned stays as it was."""
        span = _range(row.start, row.end)
        rule = self._rules.get(identity)
        if rule is None:
            initiative_id, target, _ = identity
            rule = EligibilityRule(
                initiative_id=initiative_id, span=span, seat=row.seat, **_columns(target)
            )
            self._rules[identity] = self._added[identity] = rule
            tally.accepted += 1
            return
        seat = rule.seat if row.seat is None else row.seat
        if (rule.span, rule.seat) == (span, seat):
            tally.duplicate += 1
            return
        rule.span, rule.seat = span, seat
        tally.revised += 1
        if identity not in self._added:
            self._revised[identity] = rule

    def store(self) -> set[int]:
        """Write what changed. Returns the initiatives it concerns."""
        EligibilityRule.objects.bulk_update(
            self._revised.values(), ["span", "seat"], batch_size=1_000
        )
        EligibilityRule.objects.bulk_create(self._added.values(), batch_size=RULES_PER_INSERT)
        return {initiative_id for initiative_id, _, _ in (*self._added, *self._revised)}


def _identity(rule: EligibilityRule) -> Identity:
    target = Target(
        rule=Rule(rule.rule),
        department_id=rule.department_id,
        job_role_id=rule.job_role_id,
        person_id=rule.person_id,
    )
    return rule.initiative_id, target, rule.span.lower
