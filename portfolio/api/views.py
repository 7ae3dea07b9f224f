"""The register and who may use what, in by REST; the register out."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.api.imports import BadEnvelope, BatchView, content_type_of, import_schema
from organizations.api.pages import CsvRenderer, Pages, csv_answer, listed, wants_csv
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Scope
from organizations.sources.records import WITH_SHEETS, Media
from portfolio.api.serializers import FIELDS, InitiativeSerializer
from portfolio.calculations.stages import Stage
from portfolio.models import Initiative
from portfolio.sources.copilot_seats import ACCEPTED as SEAT_FORMS
from portfolio.sources.copilot_seats import NAME as COPILOT_SEATS

# Forms of a body of eligibility, by the source that reads it.
ELIGIBILITY_SOURCES: dict[str, tuple[Media, ...]] = {
    "eligibility": WITH_SHEETS,
    COPILOT_SEATS: SEAT_FORMS,
}


class InitiativesView(BatchView):
    """Post initiatives, or read the register."""

    kind = BatchKind.INITIATIVES
    required_scope = Scope.INGEST_INITIATIVES
    required_scopes = {"GET": Scope.READ_PORTFOLIO, "POST": Scope.INGEST_INITIATIVES}
    source = "initiatives"
    accepted = WITH_SHEETS
    renderer_classes = [JSONRenderer, CsvRenderer]
    pagination_class = Pages
    ordering = "key"

    def get_queryset(self) -> QuerySet[Initiative]:
        return Initiative.objects.select_related("department").order_by("key")

    @extend_schema(
        summary="List initiatives",
        parameters=[
            OpenApiParameter("stage", OpenApiTypes.STR, enum=[stage.value for stage in Stage])
        ],
        responses=listed(InitiativeSerializer(many=True)),
    )
    def get(self, request: Request) -> Any:
        initiatives = self.get_queryset()
        if "stage" in request.query_params:
            initiatives = initiatives.filter(stage=request.query_params["stage"])
        if wants_csv(request):
            rows = (InitiativeSerializer(one).data.values() for one in initiatives)
            return csv_answer(name="initiatives", header=FIELDS, rows=map(list, rows))
        page = self.paginate_queryset(initiatives)
        return self.get_paginated_response(InitiativeSerializer(page, many=True).data)

    @import_schema(summary="Post initiatives", sheets=True)
    def post(self, request: Request) -> Response:
        return super().post(request)


class EligibilityView(BatchView):
    """Post the rules that open initiatives to people, or a vendor's list of seats."""

    kind = BatchKind.ELIGIBILITY
    required_scope = Scope.INGEST_ELIGIBILITY
    source = "eligibility"

    @import_schema(
        summary="Post eligibility",
        sheets=True,
        more=[
            OpenApiParameter(
                "source",
                str,
                enum=sorted(ELIGIBILITY_SOURCES),
                description="Form of the body.",
                default="eligibility",
            ),
            OpenApiParameter(
                "initiative", str, description="Key of the initiative that seats open."
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        return super().post(request)

    def source_of(self, request: Request) -> tuple[str, int]:
        name = request.query_params.get("source", self.source)
        if name not in ELIGIBILITY_SOURCES:
            raise BadEnvelope(
                f"There is no source {name[:40]} of eligibility.",
                field="source",
                remedy=f"Name one of {', '.join(sorted(ELIGIBILITY_SOURCES))}.",
            )
        return name, 1

    def kept_as(self, request: Request) -> str:
        source, _ = self.source_of(request)
        return content_type_of(request, ELIGIBILITY_SOURCES[source])
