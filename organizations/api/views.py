"""People in by REST, and what became of every batch. People are never given out."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.actions.batches import is_small, work_off
from organizations.actions.people_preview import (
    CHANGED_MEANWHILE,
    PreviewClosed,
    apply_preview,
    discard,
)
from organizations.api.imports import (
    BatchAnswerSerializer,
    BatchView,
    PreviewSerializer,
    RawParser,
    answer_of,
    import_schema,
)
from organizations.api.pages import CsvRenderer, Pages, csv_answer, listed, wants_csv
from organizations.api.problems import ProblemSerializer
from organizations.api.serializers import (
    BATCH_FIELDS,
    ERROR_FIELDS,
    BatchErrorSerializer,
    BatchSerializer,
    cells,
)
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.calculations.roles import Scope
from organizations.errors import NotAllowed, NotFound
from organizations.models import ApiKey, ImportBatch, RowError
from organizations.reports.batches import error_lines
from organizations.reports.people_preview import counts_for_api
from organizations.sources.records import WITH_SHEETS

INGEST = frozenset(scope for scope in Scope if scope.value.startswith("ingest:"))
_NUMBER = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)


class PeopleView(BatchView):
    """Post the directory: departments, job roles, starts, ends, leaves and aliases."""

    kind = BatchKind.PEOPLE
    required_scope = Scope.INGEST_PEOPLE
    source = "people"
    accepted = WITH_SHEETS
    may_preview = True

    @import_schema(
        summary="Post people",
        sheets=True,
        more=[
            OpenApiParameter(
                "preview",
                OpenApiTypes.BOOL,
                description="Only say what it would change; apply or discard the batch later.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class ReadsBatches(BasePermission):
    """A key that posts may see what became of its own batches; read:batches shows all."""

    def has_permission(self, request: Request, view: Any) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey) or not {*INGEST, Scope.READ_BATCHES} & set(key.scopes):
            raise NotAllowed(
                f"This key may not do that; it needs the scope {Scope.READ_BATCHES}.",
                remedy="Create a key with that scope under Data & import.",
            )
        return True


class BatchesView(GenericAPIView[Any]):
    """Batches, newest first."""

    required_scope = Scope.READ_BATCHES
    permission_classes = [ReadsBatches]
    renderer_classes = [JSONRenderer, CsvRenderer]
    serializer_class = BatchSerializer
    pagination_class = Pages
    ordering = "-number"

    def get_queryset(self) -> QuerySet[ImportBatch]:
        return _visible(self.request)

    @extend_schema(
        summary="List batches",
        parameters=[
            OpenApiParameter("kind", OpenApiTypes.STR, enum=[kind.value for kind in BatchKind]),
            OpenApiParameter("state", OpenApiTypes.STR, enum=[state.value for state in BatchState]),
        ],
        responses=listed(BatchSerializer(many=True)),
    )
    def get(self, request: Request) -> Any:
        batches = self.get_queryset()
        for name in ("kind", "state"):
            if name in request.query_params:
                batches = batches.filter(**{name: request.query_params[name]})
        if wants_csv(request):
            rows = (BatchSerializer(batch).data for batch in batches.order_by("-number").iterator())
            return csv_answer(
                name="batches", header=BATCH_FIELDS, rows=(cells(dict(row)) for row in rows)
            )
        page = self.paginate_queryset(batches)
        return self.get_paginated_response(BatchSerializer(page, many=True).data)


class OneBatchSerializer(BatchSerializer):
    """A batch; of an open preview what it would do, null while that is being made."""

    preview = serializers.SerializerMethodField()

    class Meta(BatchSerializer.Meta):
        fields = [*BATCH_FIELDS, "preview"]
        read_only_fields = fields

    @extend_schema_field(PreviewSerializer(allow_null=True))
    def get_preview(self, batch: ImportBatch) -> dict[str, Any] | None:
        return counts_for_api(batch=batch)


class OneBatchView(GenericAPIView[Any]):
    """What became of one batch."""

    required_scope = Scope.READ_BATCHES
    permission_classes = [ReadsBatches]
    serializer_class = OneBatchSerializer

    @extend_schema(
        summary="Read a batch",
        parameters=[_NUMBER],
        responses={
            200: OneBatchSerializer,
            **{status: OpenApiResponse(ProblemSerializer) for status in (401, 403, 404, 429)},
        },
    )
    def get(self, request: Request, number: str) -> Response:
        return Response(OneBatchSerializer(_one(request, number)).data)


class OwnPreviewView(GenericAPIView[Any]):
    """Decide about a preview that this very key has sent."""

    required_scope = Scope.INGEST_PEOPLE
    serializer_class = BatchAnswerSerializer
    parser_classes = [RawParser]

    def preview_of(self, request: Request, number: str) -> tuple[ImportBatch, Actor]:
        """The batch and the key as an actor. Raises NotFound."""
        key = request.auth
        own = _visible(request).filter(api_key=key if isinstance(key, ApiKey) else None)
        found = own.filter(number=number).first() if len(number) < 10 else None
        if found is None or found.kind != BatchKind.PEOPLE or not isinstance(key, ApiKey):
            raise NotFound("This key has sent no preview of this number.")
        return found, Actor(kind="key", id=key.pk)


_DECIDED = {
    200: BatchAnswerSerializer,
    202: BatchAnswerSerializer,
    **{status: OpenApiResponse(ProblemSerializer) for status in (401, 403, 404, 409, 422, 429)},
}


class ApplyPreviewView(OwnPreviewView):
    """Apply what a preview has shown. Conflicts stay as they are, and nobody ends by it."""

    @extend_schema(
        summary="Apply a preview", request=None, parameters=[_NUMBER], responses=_DECIDED
    )
    def post(self, request: Request, number: str) -> Response:
        batch, actor = self.preview_of(request, number)
        apply_preview(batch=batch, by=None, actor=actor, now=datetime.now(UTC))
        if is_small(batch=batch):
            work_off(batch=batch, clock=lambda: datetime.now(UTC))
        batch.refresh_from_db()
        if batch.state == BatchState.PREVIEW:
            raise PreviewClosed(CHANGED_MEANWHILE)
        return answer_of(batch)


class DiscardPreviewView(OwnPreviewView):
    """Drop a preview: nothing of it is ever applied."""

    @extend_schema(
        summary="Discard a preview", request=None, parameters=[_NUMBER], responses=_DECIDED
    )
    def post(self, request: Request, number: str) -> Response:
        batch, actor = self.preview_of(request, number)
        discard(batch=batch, actor=actor, now=datetime.now(UTC))
        batch.refresh_from_db()
        return answer_of(batch)


class BatchErrorsView(GenericAPIView[Any]):
    """Every refused row of a batch, in the order of the file."""

    required_scope = Scope.READ_BATCHES
    permission_classes = [ReadsBatches]
    renderer_classes = [JSONRenderer, CsvRenderer]
    pagination_class = Pages
    serializer_class = BatchErrorSerializer
    ordering = "number"

    @extend_schema(
        summary="List the refused rows of a batch",
        parameters=[_NUMBER],
        responses=listed(BatchErrorSerializer(many=True), 404),
    )
    def get(self, request: Request, number: str) -> Any:
        batch = _one(request, number)
        if wants_csv(request):
            rows = (
                (line, field, code, message, value)
                for line, field, value, code, message in error_lines(batch=batch)
            )
            return csv_answer(name=f"batch-{batch.number}-errors", header=ERROR_FIELDS, rows=rows)
        page = self.paginate_queryset(RowError.objects.filter(batch=batch))
        return self.get_paginated_response(BatchErrorSerializer(page, many=True).data)


def _visible(request: Request) -> QuerySet[ImportBatch]:
    batches = ImportBatch.objects.all()
    key = request.auth
    if not isinstance(key, ApiKey):
        return batches.none()
    return batches if Scope.READ_BATCHES in key.scopes else batches.filter(api_key=key)


def _one(request: Request, number: str) -> ImportBatch:
    # A number beyond the column is no batch; the database would call it an error.
    found = _visible(request).filter(number=number).first() if len(number) < 10 else None
    if found is None:
        raise NotFound("There is no batch of this number here.")
    return found
