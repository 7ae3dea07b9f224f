"""Usage in by REST, adoption out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from adoption.actions.admission import Door
from adoption.actions.profiles import profile_named
from adoption.api.serializers import FIELDS, WeeklySerializer, row_of
from adoption.api.slices import GRAINS, day_of, part_for, slice_for
from adoption.calculations.weeks import complete_week
from adoption.models import MappingProfile
from adoption.reports.weekly import MOST_ROWS, MOST_WEEKS, weekly_page, weeks_between
from adoption.sources import mapper
from adoption.sources.catalogue import SOURCES
from organizations.api.imports import (
    BadEnvelope,
    BatchView,
    content_type_of,
    import_schema,
    initiative_of,
    stated_at,
)
from organizations.api.pages import CsvRenderer, Pages, csv_answer, listed, wants_csv
from organizations.calculations.jobs import BatchKind
from organizations.calculations.parts import Part
from organizations.calculations.roles import Scope
from organizations.errors import NotAllowed
from organizations.models import ApiKey, Organization
from organizations.sources.reading import excerpt
from organizations.sources.records import WITH_SHEETS

SLICE_PARAMETERS = [
    OpenApiParameter(
        "full",
        OpenApiTypes.BOOL,
        description="These rows are all there is: earlier facts of the slice that are not among"
        " them are withdrawn. Needs slice_from, slice_to and initiative.",
    ),
    OpenApiParameter("slice_from", OpenApiTypes.DATE, description="First day of the full slice."),
    OpenApiParameter("slice_to", OpenApiTypes.DATE, description="The day after its last."),
    OpenApiParameter("scope", str, description="The vendor's organization the slice is of."),
    OpenApiParameter("grain", str, enum=GRAINS, description="Of the slice.", default=GRAINS[0]),
    OpenApiParameter(
        "slice_id",
        str,
        description="Parts with the same one are worked off together, once all are in.",
    ),
    OpenApiParameter("part", int, description="Number of the part, from 1."),
    OpenApiParameter("parts", int, description="How many parts there are."),
    OpenApiParameter("last", OpenApiTypes.BOOL, description="This part is the last one."),
]


class UsageView(BatchView):
    """Post what people did with AI, in the canonical form or as a vendor writes it."""

    kind = BatchKind.USAGE
    required_scope = Scope.INGEST_USAGE
    accepted = WITH_SHEETS
    _opened: Door | None = None

    @import_schema(
        summary="Post usage",
        sheets=True,
        more=[
            OpenApiParameter(
                "source",
                str,
                enum=sorted(SOURCES),
                description="Form of the body.",
                default="canonical",
            ),
            OpenApiParameter(
                "initiative", str, description="Key of the initiative a vendor's file belongs to."
            ),
            OpenApiParameter(
                "day",
                OpenApiTypes.DATE,
                description="The day a report is about, for vendors whose report does not say.",
            ),
            *SLICE_PARAMETERS,
            OpenApiParameter(
                "profile",
                str,
                description="Name of the saved profile that describes the columns, for the source"
                " `mapper`. It and usage rows may come as a workbook.",
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        return super().post(request)

    def options_of(self, request: Request) -> dict[str, str]:
        return self._door(request).options | slice_for(request, key=_reading_key(request))

    def part_of(self, request: Request) -> Part | None:
        return part_for(request, source=self._door(request).source)

    def kept_as(self, request: Request) -> str:
        return self._door(request).kept_as

    def blocks_of(self, request: Request) -> Iterator[bytes]:
        return self._door(request).admitted(super().blocks_of(request))

    def _door(self, request: Request) -> Door:
        # Once per request: a profile that changes meanwhile must not be half of each.
        if self._opened is None:
            self._opened = self._open(request)
        return self._opened

    def _open(self, request: Request) -> Door:
        source, _ = self.source_of(request)
        return Door(
            organization=_reading_key(request).organization,
            source=SOURCES[source],
            initiative=initiative_of(request),
            content_type=content_type_of(request, self.accepted),
            as_of=stated_at(request),
            api_key=_reading_key(request),
            now=datetime.now(UTC),
            day=day_of(request, "day"),
            profile=_profile(request, source),
        )

    def source_of(self, request: Request) -> tuple[str, int]:
        name = request.query_params.get("source", "canonical")
        if name not in SOURCES:
            raise BadEnvelope(
                f"There is no source {excerpt(name)}.",
                field="source",
                remedy=f"Name one of {', '.join(sorted(SOURCES))}.",
            )
        key = request.auth
        if isinstance(key, ApiKey) and key.pinned_source not in ("", name):
            raise NotAllowed(f"This key may post {key.pinned_source} only.", field="source")
        return name, SOURCES[name].version


class AdoptionWeeklyView(GenericAPIView[Any]):
    """Weekly figures of departments, suppressed as on the page."""

    required_scope = Scope.READ_ADOPTION
    renderer_classes = [JSONRenderer, CsvRenderer]
    serializer_class = WeeklySerializer
    pagination_class = Pages

    @extend_schema(
        summary="Read adoption by week",
        parameters=[
            OpenApiParameter(
                "department",
                str,
                description='The path "A / B" of a department; it comes with all below it.'
                " Without it: the whole organization.",
            ),
            OpenApiParameter("initiative", str, description="A key. Without it: any initiative."),
            OpenApiParameter(
                "from_week",
                OpenApiTypes.DATE,
                description="A Monday; by default the 13 weeks up to `to_week`.",
            ),
            OpenApiParameter(
                "to_week",
                OpenApiTypes.DATE,
                description="A Monday, inclusive; by default the last complete week.",
            ),
            OpenApiParameter("cursor", str, description="From `next`; pages hold whole weeks."),
            OpenApiParameter("limit", int, description="Rows a page aims at, at most 1000."),
        ],
        responses=listed(WeeklySerializer(many=True), 400, 404),
    )
    def get(self, request: Request) -> Any:
        key = _reading_key(request)
        organization = Organization.objects.get(pk=key.organization_id)
        page = weekly_page(
            organization=organization,
            department_key=request.query_params.get("department") or None,
            initiative_key=_initiative(request, key),
            weeks=_weeks(request, organization),
            limit=MOST_ROWS if wants_csv(request) else _page_size(request),
        )
        rows = [row_of(row) for row in page.rows]
        if wants_csv(request):
            _refuse_more(page.next_week)
            return csv_answer(name="adoption", header=FIELDS, rows=map(_cells, rows))
        return Response({"next": _next(request, page.next_week), "results": rows})


def _reading_key(request: Request) -> ApiKey:
    key = request.auth
    if not isinstance(key, ApiKey):
        raise BadEnvelope("This address wants an API key.")
    return key


def _initiative(request: Request, key: ApiKey) -> str | None:
    named = request.query_params.get("initiative") or None
    if key.pinned_initiative and named != key.pinned_initiative:
        raise NotAllowed(
            f"This key may read {key.pinned_initiative} only.",
            field="initiative",
            remedy=f"Ask with initiative={key.pinned_initiative}.",
        )
    return named


def _weeks(request: Request, organization: Organization) -> tuple[date, ...]:
    """The weeks asked for, from the cursor on. An open end is the last complete week."""
    today = datetime.now(UTC).astimezone(ZoneInfo(organization.time_zone)).date()
    weeks = weeks_between(
        first=_monday(request, "from_week"),
        last=_monday(request, "to_week"),
        until=complete_week(today=today),
    )
    if len(weeks) > MOST_WEEKS:
        raise BadEnvelope(f"One request may name {MOST_WEEKS} weeks.", field="from_week")
    start = _monday(request, "cursor")
    return tuple(week for week in weeks if start is None or week >= start)


def _profile(request: Request, source: str) -> MappingProfile | None:
    name = request.query_params.get("profile", "")
    if name and source != mapper.NAME:
        raise BadEnvelope(
            "Only the source mapper reads by a profile.",
            field="profile",
            remedy="Add source=mapper, or leave profile out.",
        )
    return profile_named(name) if name else None


def _monday(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.weekday() != 0:
        raise BadEnvelope(
            f"{name} is the Monday of a week.", field=name, remedy="Write it as 2026-11-16."
        )
    return day


def _page_size(request: Request) -> int:
    return Pages().get_page_size(request) or Pages.page_size


def _next(request: Request, week: date | None) -> str | None:
    if week is None:
        return None
    return replace_query_param(request.build_absolute_uri(), "cursor", week.isoformat())


def _refuse_more(week: date | None) -> None:
    if week is not None:
        raise BadEnvelope(
            f"A file may have {MOST_ROWS} rows.",
            field="from_week",
            remedy="Ask for fewer weeks, or for JSON in pages.",
        )


def _cells(row: dict[str, Any]) -> list[Any]:
    """Numbers that are not told are empty in a file for machines: `status` says why."""
    return ["" if row[name] is None else row[name] for name in FIELDS]
