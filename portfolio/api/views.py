"""The register and who may use what, in by REST; the register out."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.api.imports import BatchView, import_schema
from organizations.api.pages import CsvRenderer, Pages, csv_answer, listed, wants_csv
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Scope
from organizations.sources.records import WITH_SHEETS
from portfolio.api.serializers import FIELDS, InitiativeSerializer
from portfolio.calculations.stages import Stage
from portfolio.models import Initiative


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
    """Post the rules that open initiatives to people."""

    kind = BatchKind.ELIGIBILITY
    required_scope = Scope.INGEST_ELIGIBILITY
    source = "eligibility"
    accepted = WITH_SHEETS

    @import_schema(summary="Post eligibility", sheets=True)
    def post(self, request: Request) -> Response:
        return super().post(request)
