"""The sprint home of one day, computed from rollups and batches."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection
from django.db.models import Count, Q, Sum

from adoption.calculations.suppression import Dimension
from adoption.calculations.weeks import DEFINITION_VERSION, complete_week
from adoption.models import AdoptionState, GroupWeek, SourceWeek
from organizations.calculations.jobs import BatchState
from organizations.models import ImportBatch, Organization, Subject
from sprints.calculations.home import (
    KIND,
    SCHEMA,
    HomeBody,
    ImportHealth,
    Share,
    SilentWeek,
    SprintDates,
    Waiting,
    tell,
)
from sprints.reports import sprint_at

IMPORTS_WITHIN: Final = timedelta(days=7)
SERIES_WEEKS: Final = 13
# A source that has been silent for longer is either retired or known to be broken.
SILENCE_WITHIN: Final = timedelta(weeks=4)

# Nobody can be found behind these: a concealed id, a shared key, no id at all.
_FACELESS: Final = ("concealed", "apikey", "none")
_ANY: Final = 0
_SUMS: Final = ("received", "accepted", "revised", "duplicate", "rejected")

# The newest statement about a day wins, but a night that is made up for later must not replace what
# was known on its own day.
_PUT = """
INSERT INTO sprints_snapshot AS s (organization_id, kind, day, schema, body, computed_at, nightly)
VALUES (%(org)s, %(kind)s, %(day)s, %(schema)s, %(body)s, %(now)s, %(nightly)s)
    ON CONFLICT (organization_id, kind, day) DO UPDATE
   SET schema = CASE WHEN %(late)s THEN s.schema ELSE excluded.schema END,
       body = CASE WHEN %(late)s THEN s.body ELSE excluded.body END,
       computed_at = CASE WHEN %(late)s THEN s.computed_at ELSE excluded.computed_at END,
       nightly = s.nightly OR excluded.nightly
"""


def write_home(*, organization_id: int, day: date, now: datetime, nightly: bool) -> int:
    """Write the snapshot of a day. Returns 1."""
    organization = Organization.objects.get(pk=organization_id)
    zone = ZoneInfo(organization.time_zone)
    until = min(now, datetime.combine(day + timedelta(days=1), time(), tzinfo=zone))
    body = home_of(organization=organization, day=day, until=until)
    with connection.cursor() as cursor:
        cursor.execute(
            _PUT,
            {
                "org": organization_id,
                "kind": KIND,
                "day": day,
                "schema": SCHEMA,
                "body": msgspec.json.encode(body).decode(),
                "now": now,
                "nightly": nightly,
                "late": now.astimezone(zone).date() != day,
            },
        )
    return 1


def home_of(*, organization: Organization, day: date, until: datetime) -> HomeBody:
    """What the sprint home says on a day; batches are counted up to ``until``."""
    last = complete_week(today=day)
    state = AdoptionState.objects.filter(pk=organization.pk).first()
    sprint = sprint_at(organization_id=organization.pk, today=day)
    figures = _Figures(organization=organization)
    at_start = None if sprint is None else complete_week(today=min(sprint.span.lower, day))
    return HomeBody(
        last_complete_week=last,
        sprint=None
        if sprint is None
        else SprintDates(sprint_id=sprint.pk, name=sprint.name, starts_on=sprint.span.lower),
        active=figures.active(until=last),
        active_at_start=None if at_start is None else figures.active(until=at_start),
        habitual=figures.habitual(until=last),
        series=figures.series(until=last),
        data_through=None if state is None else state.data_through,
        batch_number=None if state is None else state.batch_number,
        figures_version=0 if state is None else state.version,
        definition_version=DEFINITION_VERSION if state is None else state.definition_version,
        imports=_imports(organization.pk, until=until),
        waiting=_waiting(organization.pk, last=last, until=until),
        figures_computed_at=None if state is None else state.computed_at,
    )


class _Figures:
    """Shares of everybody over any initiative, by week."""

    def __init__(self, *, organization: Organization) -> None:
        self._organization = organization

    def active(self, *, until: date) -> Share | None:
        week = self._newest_week(until)
        return None if week is None else self._shares([week], k="active", n="eligible")[0]

    def habitual(self, *, until: date) -> Share | None:
        week = self._newest_week(until)
        return None if week is None else self._shares([week], k="habitual", n="elig4")[0]

    def series(self, *, until: date) -> tuple[Share, ...]:
        """The newest weeks with data, oldest first; silent weeks are left out."""
        weeks = self._weeks(until).values_list("week", flat=True)[:SERIES_WEEKS]
        return tuple(self._shares(sorted(weeks), k="active", n="eligible"))

    def _weeks(self, until: date) -> Any:
        spoken = SourceWeek.objects.for_organization(self._organization.pk).filter(
            initiative_id=_ANY, week__lte=until
        )
        return spoken.exclude(state="no_data").order_by("-week")

    def _newest_week(self, until: date) -> date | None:
        newest = self._weeks(until).first()
        return None if newest is None else newest.week

    def _shares(self, weeks: list[date], *, k: str, n: str) -> list[Share]:
        counts = {
            row["week"]: row
            for row in GroupWeek.objects.for_organization(self._organization.pk)
            .filter(week__in=weeks, dimension=Dimension.ALL, group_id=0, initiative_id=_ANY)
            .values("week", k, n)
        }
        partial = set(
            self._weeks(max(weeks)).filter(state="partial").values_list("week", flat=True)
            if weeks
            else ()
        )
        nobody = {k: 0, n: 0}
        return [
            tell(
                week=week,
                k=counts.get(week, nobody)[k],
                n=counts.get(week, nobody)[n],
                smallest_group=self._organization.k_min,
                at_least=week in partial,
            )
            for week in weeks
        ]


def _imports(organization_id: int, *, until: datetime) -> ImportHealth:
    recent = ImportBatch.objects.for_organization(organization_id).filter(
        received_at__gt=until - IMPORTS_WITHIN, received_at__lte=until
    )
    found = recent.aggregate(
        batches=Count("pk"),
        waiting=_count_states((BatchState.RECEIVED, BatchState.RUNNING)),
        failed=_count_states((BatchState.REFUSED, BatchState.DEAD)),
        **{name: Sum(name, default=0) for name in _SUMS},
    )
    return ImportHealth(**found)


def _count_states(states: Iterable[BatchState]) -> Count:
    return Count("pk", filter=Q(state__in=[state.value for state in states]))


def _waiting(organization_id: int, *, last: date, until: datetime) -> Waiting:
    """Dead batches wait until somebody revives them, refused ones as long as they are news."""
    batches = ImportBatch.objects.for_organization(organization_id).filter(
        Q(state=BatchState.DEAD)
        | Q(state=BatchState.REFUSED, received_at__gt=until - IMPORTS_WITHIN),
        received_at__lte=until,
    )
    subjects = Subject.objects.for_organization(organization_id).filter(links__isnull=True)
    silent = (
        SourceWeek.objects.for_organization(organization_id)
        .filter(state="no_data", week__gt=last - SILENCE_WITHIN, week__lte=last)
        .exclude(initiative_id=_ANY)
        .order_by("week", "initiative_id")
    )
    return Waiting(
        unmatched_subjects=subjects.exclude(kind__in=_FACELESS).count(),
        failed_batches=batches.count(),
        silent_weeks=tuple(
            SilentWeek(initiative_id=row.initiative_id, week=row.week) for row in silent
        ),
    )
