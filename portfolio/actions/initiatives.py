"""Register initiatives and move them through their stages, by page, API or file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from organizations import scope
from organizations.actions.batches import body_of
from organizations.actions.jobs import Lease
from organizations.actions.rows import (
    Clock,
    Outcome,
    Tally,
    actor_of,
    hold_directory,
    settle,
)
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.models import Department, ImportBatch, PersonAlias
from organizations.sources.reading import Code, ReadError, RowError, excerpt
from portfolio.calculations.stages import Origin, Stage
from portfolio.calculations.statement import GOOD_OUTCOME, vague_outcome
from portfolio.models import Initiative
from portfolio.sources.register import InitiativeRow, parse_initiatives, read_key

PATH = " / "
_PEOPLE = ("owner", "sponsor", "champion")


class VagueOutcome(LastMileError):
    code = "vague_outcome"


class BadKey(LastMileError):
    code = "bad_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeValues:
    """Everything an initiative says of itself. Ids were looked up inside the organization.

    Money per month in `currency`; None and "" are not known.
    """

    key: str
    name: str
    stage: Stage
    outcome: str
    metric: str
    baseline: str
    target: str
    target_date: date
    owner_id: int | None = None
    sponsor_id: int | None = None
    champion_id: int | None = None
    department_id: int | None = None
    monthly_budget: Decimal | None = None
    currency: str = ""
    fte: Decimal | None = None
    promised_hours_per_year: Decimal | None = None
    origin: Origin | None = None
    started_on: date | None = None


_COLUMNS = [field.name for field in fields(InitiativeValues)]


@transaction.atomic
def save_initiative(*, values: InitiativeValues, actor: Actor, now: datetime) -> Initiative:
    """Register an initiative, or change the one of this key. Raises VagueOutcome, BadKey.

    Saving what is stored already changes nothing and leaves no entry in the trail.
    """
    try:
        read_key("key", values.key)
    except ReadError as fault:
        raise BadKey(fault.message, field="key") from fault
    if vague_outcome(values.outcome):
        raise VagueOutcome(
            "Say what will be different, and by how much.",
            field="outcome",
            remedy=f"Write it like: {GOOD_OUTCOME}.",
        )
    hold_directory(organization_id=scope.current())
    stored = Initiative.objects.filter(key=values.key).first()
    return _write(stored, values, actor, now)


def _write(
    stored: Initiative | None, values: InitiativeValues, actor: Actor, now: datetime
) -> Initiative:
    columns = _columns(values)
    before = {} if stored is None else {name: getattr(stored, name) for name in columns}
    changed = {name: value for name, value in columns.items() if before.get(name, ...) != value}
    if stored is not None and not changed:
        return stored
    initiative = stored or Initiative(**columns)
    if stored is None:
        initiative = Initiative.objects.create(**columns)
    else:
        for name, value in changed.items():
            setattr(initiative, name, value)
        initiative.save(update_fields=list(changed))
    record(
        organization_id=initiative.organization_id,
        actor=actor,
        action="initiative.created" if stored is None else "initiative.changed",
        object_kind="initiative",
        object_id=initiative.public_id,
        changes={name: [_plain(before.get(name)), _plain(changed[name])] for name in changed},
        now=now,
    )
    return initiative


def _columns(values: InitiativeValues) -> dict[str, Any]:
    """Values as the columns hold them."""
    columns = asdict(values)
    columns["stage"] = values.stage.value
    columns["origin"] = values.origin.value if values.origin else ""
    return columns


def _plain(value: object) -> str | int | None:
    return value if value is None or isinstance(value, (str, int)) else str(value)


@transaction.atomic
def change_stage(*, initiative: Initiative, stage: Stage, actor: Actor, now: datetime) -> bool:
    """Move an initiative to another stage. False when it stood there already."""
    moved = (
        Initiative.objects.filter(pk=initiative.pk).exclude(stage=stage.value).update(stage=stage)
    )
    if not moved:
        return False
    record(
        organization_id=initiative.organization_id,
        actor=actor,
        action="initiative.stage_changed",
        object_kind="initiative",
        object_id=initiative.public_id,
        changes={"stage": [initiative.stage, stage.value]},
        now=now,
    )
    initiative.stage = stage.value
    return True


def process_initiatives(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
    """Register the initiatives of a batch; absent ones stay. Raises LeaseLost."""
    settle(batch=batch, lease=lease, clock=clock, work=lambda: _import(batch, clock()))


def _import(batch: ImportBatch, now: datetime) -> Outcome:
    organization = hold_directory(organization_id=batch.organization_id)
    tally = Tally()
    rows: list[InitiativeRow] = []
    for piece in parse_initiatives(body_of(batch=batch), content_type=batch.content_type):
        rows += tally.read(piece)
    register = _Register(rows, currency=organization.currency)
    contradicted = contradictions([(row.key, replace(row, line=0)) for row in rows])
    for row in rows:
        error = _doubt(row, row.key in contradicted, pin_of(batch)) or register.unknown(row)
        if error is None:
            _count(register.save(row, actor_of(batch=batch), now), tally)
        else:
            tally.refuse(error)
    return tally.outcome()


def _count(change: str, tally: Tally) -> None:
    tally.accepted += change == "accepted"
    tally.revised += change == "revised"
    tally.duplicate += change == "duplicate"


def contradictions(stated: Iterable[tuple[Any, Any]]) -> set[Any]:
    """Keys under which a file says different things."""
    first: dict[Any, Any] = {}
    return {key for key, content in stated if first.setdefault(key, content) != content}


def pin_of(batch: ImportBatch) -> str:
    """The one initiative that the key of a batch may write; "" for all."""
    return batch.api_key.pinned_initiative if batch.api_key is not None else ""


def _doubt(row: InitiativeRow, contradicted: bool, pin: str) -> RowError | None:
    if pin and row.key != pin:
        return outside_pin(row.line, "key", row.key)
    if contradicted:
        return contradicting(row.line, "key", row.key)
    return None


def outside_pin(line: int, field: str, value: str) -> RowError:
    message = "The key that sent this may write one other initiative only."
    return RowError(line, field, Code.OUTSIDE_PIN, message, excerpt(value))


def contradicting(line: int, field: str, value: str) -> RowError:
    message = "Rows of this file contradict each other about it; keep the right one."
    return RowError(line, field, Code.CONFLICTING_ROWS, message, excerpt(value))


def people_by_address(*, addresses: Iterable[str]) -> dict[str, int]:
    """Ids of people by any address they have or had."""
    rows = PersonAlias.objects.filter(kind="email", value__in=set(addresses))
    return dict(rows.values_list("value", "person_id"))


class _Register:
    """What the rows of a batch point at, read once, and the initiatives stored before it."""

    def __init__(self, rows: Sequence[InitiativeRow], *, currency: str) -> None:
        addresses = {address for row in rows for address in _addresses(row).values() if address}
        paths = {PATH.join(row.department) for row in rows if row.department}
        stored = Initiative.objects.filter(key__in={row.key for row in rows})
        self._people = people_by_address(addresses=addresses)
        self._departments = dict(Department.objects.filter(key__in=paths).values_list("key", "pk"))
        self._stored = {initiative.key: initiative for initiative in stored}
        self._currency = currency

    def unknown(self, row: InitiativeRow) -> RowError | None:
        """The first thing a row names that this organization does not have."""
        for name, address in _addresses(row).items():
            if address and address not in self._people:
                message = "Nobody in the directory has this address; import people first."
                return RowError(
                    row.line, f"{name}_email", Code.UNKNOWN_PERSON, message, excerpt(address)
                )
        path = PATH.join(row.department)
        if path and path not in self._departments:
            message = "No department has this path; write it as in people: A / B."
            return RowError(row.line, "department", Code.UNKNOWN_DEPARTMENT, message, excerpt(path))
        return None

    def save(self, row: InitiativeRow, actor: Actor, now: datetime) -> str:
        stored = self._stored.get(row.key)
        before = None if stored is None else _columns(_values_of(stored))
        values = self._values(row, stored)
        if before == _columns(values):
            return "duplicate"
        self._stored[row.key] = _write(stored, values, actor, now)
        return "accepted" if stored is None else "revised"

    def _values(self, row: InitiativeRow, stored: Initiative | None) -> InitiativeValues:
        """The row over what is stored: what it does not say stays."""
        said = {name: getattr(row, name) for name in _COLUMNS if hasattr(row, name)}
        said |= {
            f"{name}_id": self._people.get(address or "")
            for name, address in _addresses(row).items()
        }
        said["department_id"] = self._departments.get(PATH.join(row.department))
        if row.monthly_budget is not None and row.currency is None:
            said["currency"] = (stored.currency if stored else "") or self._currency
        said = {name: value for name, value in said.items() if value is not None}
        return replace(_values_of(stored), **said) if stored else InitiativeValues(**said)


def _addresses(row: InitiativeRow) -> Mapping[str, str | None]:
    return {name: getattr(row, f"{name}_email") for name in _PEOPLE}


def _values_of(stored: Initiative) -> InitiativeValues:
    values = {name: getattr(stored, name) for name in _COLUMNS}
    values["stage"] = Stage(stored.stage)
    values["origin"] = Origin(stored.origin) if stored.origin else None
    return InitiativeValues(**values)
