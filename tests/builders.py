"""Plain functions that make one valid row; what a test does not say is filled in.

Rows of a tenant are made inside `scope.organization(organization.pk)`.
"""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange

from organizations.actions.batches import NewBatch, receive, work_off
from organizations.actions.keys import NewKey, create_key
from organizations.actions.people import Change, store_people
from organizations.actions.places import get_departments, get_job_roles
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.jobs import BatchKind
from organizations.calculations.people import Known, aliases_of
from organizations.calculations.roles import Role, Scope
from organizations.calculations.spans import ALWAYS, through
from organizations.models import (
    Department,
    ImportBatch,
    JobRole,
    Membership,
    Organization,
    Person,
    User,
)
from portfolio.calculations.stages import Rule, Stage
from portfolio.models import EligibilityRule, Initiative

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
PASSWORD = "correct horse battery"


def make_organization(
    *, name: str = "Acme", time_zone: str = "UTC", currency: str = "EUR", active: bool = True
) -> Organization:
    return Organization.objects.create(
        name=name,
        slug=f"{name.lower().replace(' ', '-')}-{uuid.uuid4().hex[:6]}",
        time_zone=time_zone,
        currency=currency,
        working_days=[1, 2, 3, 4, 5],
        active=active,
    )


def make_user(*, email: str = "lena@acme.test", name: str = "Lena Marsh") -> User:
    return User.objects.create_user(email=email, name=name, password=PASSWORD)


def make_membership(*, user: User, role: Role = Role.PROGRAM_LEAD) -> Membership:
    """In the organization in force."""
    return Membership.objects.create(user=user, role=role.value)


def make_department(*, path: str = "Operations") -> Department:
    """The department of a path "A / B", with those above it."""
    names = tuple(path.split(" / "))
    return Department.objects.get(pk=get_departments(paths=[names])[names])


def make_job_role(*, name: str = "Service agent") -> JobRole:
    return JobRole.objects.get(pk=get_job_roles(names={name})[name])


def make_person(
    *,
    email: str = "bo.chen@acme.test",
    name: str = "Bo Chen",
    external_id: str = "",
    department: str = "",
    job_role: str = "",
    start: date | None = None,
    end: date | None = None,
    aliases: Iterable[str] = (),
    user: User | None = None,
) -> Person:
    """Somebody employed from `start` to `end` inclusive; department and role since always."""
    known = Known(
        external_id=external_id or email,
        name=name,
        email=email,
        aliases=aliases_of(email=email, written=tuple(aliases)),
        employed=(through(start, end),),
        departments=((ALWAYS, make_department(path=department).pk),) if department else (),
        roles=((ALWAYS, make_job_role(name=job_role).pk),) if job_role else (),
    )
    [(pk, _)] = store_people(changes=[Change(person_id=None, old=None, new=known)])
    if user is not None:
        Person.objects.filter(pk=pk).update(user=user)
    return Person.objects.get(pk=pk)


def make_initiative(
    *, key: str = "copilot", name: str = "Copilot", stage: Stage = Stage.LIVE
) -> Initiative:
    return Initiative.objects.create(
        key=key,
        name=name,
        stage=stage.value,
        outcome="Developers merge a reviewed change in 2 days instead of 4",
        metric="Median days from first commit to merge",
        baseline="4",
        target="2",
        target_date=date(2027, 3, 31),
        monthly_budget=Decimal("12000.00"),
        currency="EUR",
        started_on=date(2026, 1, 5),
    )


def make_rule(
    *,
    initiative: Initiative,
    rule: Rule = Rule.ALL,
    department: Department | None = None,
    job_role: JobRole | None = None,
    person: Person | None = None,
    first: date | None = None,
    last: date | None = None,
) -> EligibilityRule:
    """A stored rule; access is not rebuilt."""
    span = through(first, last)
    return EligibilityRule.objects.create(
        initiative=initiative,
        rule=rule.value,
        department=department,
        job_role=job_role,
        person=person,
        span=DateRange(span.lower, span.upper),
    )


def make_key(
    *,
    organization: Organization,
    scopes: Iterable[Scope] = tuple(Scope),
    name: str = "Nightly export",
    now: datetime = NOW,
    pinned_source: str = "",
    pinned_initiative: str = "",
) -> NewKey:
    return create_key(
        organization_id=organization.pk,
        name=name,
        scopes=list(scopes),
        actor=SYSTEM,
        now=now,
        pinned_source=pinned_source,
        pinned_initiative=pinned_initiative,
    )


def make_batch(
    body: str | bytes,
    *,
    organization: Organization,
    kind: BatchKind,
    source: str = "canonical",
    content_type: str = "text/csv",
    now: datetime = NOW,
    as_of: datetime | None = None,
    strict: bool = False,
    initiative: str = "",
    actor: Actor = SYSTEM,
    with_key: bool = True,
) -> ImportBatch:
    """A kept batch that nobody has worked off yet; with a key the same body is another batch."""
    received = receive(
        new=NewBatch(
            organization_id=organization.pk,
            kind=kind,
            source=source,
            source_version=1,
            content_type=content_type,
            actor=actor,
            as_of=as_of,
            strict=strict,
            initiative=initiative,
            idempotency_key=uuid.uuid4().hex if with_key else None,
        ),
        blocks=[body.encode() if isinstance(body, str) else body],
        now=now,
    )
    return received.batch


def imported(batch: ImportBatch, *, now: datetime = NOW) -> ImportBatch:
    """Work a batch off and read it again."""
    assert work_off(batch=batch, clock=lambda: now)
    batch.refresh_from_db()
    return batch
