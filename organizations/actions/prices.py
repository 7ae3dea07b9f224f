"""State what an hour of a job role costs, and from where that is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.prices import Price, faults
from organizations.errors import LastMileError
from organizations.models import JobRole
from organizations.sources.prices import PriceRow, read_prices
from organizations.sources.reading import Code, RowError

FIELDS = tuple(field.name for field in fields(Price))


class BadPrice(LastMileError):
    code = "bad_price"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a file of prices did. errors: every line that was not taken, in the order of lines."""

    changed: int
    same: int
    errors: tuple[RowError, ...]


def price_of(role: JobRole) -> Price:
    return Price(**{name: getattr(role, name) for name in FIELDS})


@transaction.atomic
def set_prices(
    *,
    organization_id: int,
    wanted: Mapping[int, Price],
    actor: Actor,
    now: datetime,
    today: date,
) -> int:
    """Price job roles, by id; how many changed. Raises BadPrice, and then none is changed."""
    roles = JobRole.objects.select_for_update().order_by("pk").in_bulk(list(wanted))
    changed: dict[JobRole, list[str]] = {}
    for pk, role in roles.items():
        price = wanted[pk]
        for name, sentence in faults(price=price, today=today):
            raise BadPrice(sentence, field=name)
        before = price_of(role)
        names = [name for name in FIELDS if getattr(before, name) != getattr(price, name)]
        for name in names:
            setattr(role, name, getattr(price, name))
        if names:
            changed[role] = names
    JobRole.objects.bulk_update(changed, FIELDS, batch_size=500)
    _record(organization_id, changed, actor, now)
    return len(changed)


@transaction.atomic
def load_prices(
    *,
    organization_id: int,
    blocks: Iterable[bytes],
    actor: Actor,
    now: datetime,
    today: date,
) -> Loaded:
    """Take the good rows of a file; each bad one says why. Raises EnvelopeError for the file."""
    rows, errors = read_prices(blocks)
    roles = {role.name: role for role in JobRole.objects.order_by("pk")}
    wanted: dict[int, Price] = {}
    for row in rows:
        found = _found(row, roles, wanted, today)
        if isinstance(found, RowError):
            errors.append(found)
        else:
            wanted[roles[row.job_role].pk] = found
    changed = set_prices(
        organization_id=organization_id, wanted=wanted, actor=actor, now=now, today=today
    )
    return Loaded(
        changed=changed,
        same=len(wanted) - changed,
        errors=tuple(sorted(errors, key=lambda error: error.line)),
    )


def _found(
    row: PriceRow, roles: Mapping[str, JobRole], taken: Mapping[int, Price], today: date
) -> Price | RowError:
    role = roles.get(row.job_role)
    if role is None:
        return RowError(
            row.line,
            "job_role",
            Code.UNKNOWN_JOB_ROLE,
            "The directory knows no such job role.",
            row.job_role[:40],
        )
    if role.pk in taken:
        return RowError(
            row.line, "job_role", Code.CONFLICTING_ROWS, "The file names this role twice."
        )
    stated = {name: getattr(row, name) for name in FIELDS if name in row.stated}
    price = replace(price_of(role), **stated)
    for name, sentence in faults(price=price, today=today):
        return RowError(row.line, name, Code.OUT_OF_RANGE, sentence)
    return price


def _record(
    organization_id: int, changed: Mapping[JobRole, Sequence[str]], actor: Actor, now: datetime
) -> None:
    """Names of fields only: a role that one person holds makes its price personal."""
    if not changed:
        return
    record(
        organization_id=organization_id,
        actor=actor,
        action="prices.changed",
        object_kind="job_role",
        object_id="prices" if len(changed) > 1 else next(iter(changed)).public_id,
        changes={
            "roles": len(changed),
            "fields": sorted({name for names in changed.values() for name in names}),
        },
        now=now,
    )
