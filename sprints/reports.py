"""The sprint as pages, the frame and the API tell it. Figures come from the day's snapshot only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from organizations.models import Organization
from organizations.permissions import Member
from organizations.registry import Deliverable, Evidence, deliverables
from organizations.reports.exports import SPAN, plain_table
from sprints.calculations.calendar import SprintDay, sprint_day
from sprints.calculations.home import KIND, SCHEMA, HomeBody, SprintDates
from sprints.models import Snapshot, Sprint
from ui.formats import long_date


@dataclass(frozen=True, kw_only=True)
class SprintHome:
    """The sprint home of one day.

    ``day`` is the day asked for, ``snapshot_day`` the newest day up to it that has a snapshot: a
    night that was missed leaves the figures of the day before. ``computed_at`` says when.
    """

    day: date
    snapshot_day: date
    computed_at: datetime
    is_nightly: bool
    sprint_day: SprintDay | None
    body: HomeBody


def sprint_at(*, organization_id: int, today: date) -> Sprint | None:
    """The sprint that runs on a day; else the next one; else the last one."""
    sprints = Sprint.objects.for_organization(organization_id)
    running = sprints.filter(span__contains=today).first()
    coming = sprints.filter(span__startswith__gt=today).order_by("span", "pk").first()
    return running or coming or sprints.order_by("-span", "-pk").first()


def started_on(*, organization_id: int, today: date) -> date | None:
    """The first day of the sprint that runs on ``today``; None while none runs."""
    running = Sprint.objects.for_organization(organization_id).filter(span__contains=today).first()
    return None if running is None else running.span.lower


def ends_on(*, organization_id: int, today: date) -> date | None:
    """The last day of the sprint that runs on ``today``, else of the next or the last one."""
    sprint = sprint_at(organization_id=organization_id, today=today)
    return None if sprint is None else sprint.span.upper - timedelta(days=1)


def day_counter(*, organization_id: int, today: date) -> SprintDay | None:
    """The day of the running sprint; None while none runs."""
    starts_on = started_on(organization_id=organization_id, today=today)
    return None if starts_on is None else sprint_day(starts_on=starts_on, today=today)


def sprint_home(*, organization_id: int, today: date) -> SprintHome | None:
    """The sprint home as of ``today``, or as it was on that past day; None before any snapshot."""
    snapshot = (
        Snapshot.objects.for_organization(organization_id)
        .filter(kind=KIND, schema=SCHEMA, day__lte=today)
        .order_by("-day")
        .first()
    )
    if snapshot is None:
        return None
    body = msgspec.convert(snapshot.body, HomeBody)
    return SprintHome(
        day=today,
        snapshot_day=snapshot.day,
        computed_at=snapshot.computed_at,
        is_nightly=snapshot.nightly,
        sprint_day=_day_of(body.sprint, today=today),
        body=body,
    )


def _day_of(sprint: SprintDates | None, *, today: date) -> SprintDay | None:
    return None if sprint is None else sprint_day(starts_on=sprint.starts_on, today=today)


def planned(organization: Organization) -> str:
    """The dates of the sprint for the first set-up; "" while none is planned."""
    sprint = Sprint.objects.for_organization(organization.pk).order_by("-span", "-pk").first()
    if sprint is None:
        return ""
    last = sprint.span.upper - timedelta(days=1)
    return f"{long_date(sprint.span.lower)} to {long_date(last)}"


TABLES = (
    plain_table(
        name="sprints",
        order=500,
        about="Sprints of ninety days.",
        columns={"id": ("public_id", "random id"), "name": ("name", "its name"), **SPAN},
        rows=lambda: Sprint.objects.order_by("span", "pk"),
    ),
    plain_table(
        name="snapshots",
        order=510,
        about="Pages of one day as they were kept: figures and ids, no names of people.",
        columns={
            "kind": ("kind", "which page"),
            "day": ("day", "its day"),
            "computed_at": ("computed_at", "when it was computed"),
            "nightly": ("nightly", "written by a complete night"),
            "body": ("body", "the figures"),
        },
        rows=lambda: Snapshot.objects.order_by("kind", "day"),
    ),
)


def show_home(
    *, member: Member, query: Mapping[str, str], now: datetime
) -> tuple[str, Mapping[str, Any]]:
    """The stored picture of the day for whoever has a link: shares of everybody, no names."""
    today = now.astimezone(ZoneInfo(member.organization.time_zone)).date()
    home = sprint_home(organization_id=member.organization.pk, today=today)
    return "sprints/shared.html", {"home": home}


@dataclass(frozen=True, kw_only=True)
class DeliverableState:
    """One deliverable of a sprint and what the stored rows say of it."""

    deliverable: Deliverable
    evidence: Evidence


def deliverables_of(*, organization_id: int, today: date) -> tuple[DeliverableState, ...]:
    """What every registered deliverable can prove, by phase and order. In the organization."""
    known = sorted(deliverables.values(), key=lambda one: (one.phase, one.order, one.key))
    return tuple(
        DeliverableState(
            deliverable=one, evidence=one.prove(organization_id=organization_id, today=today)
        )
        for one in known
    )
