"""The decision queue by REST: what waits and for which role, without titles and without names."""

from datetime import UTC, date, datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from organizations.api.pages import CsvRenderer, Pages, csv_answer, listed, wants_csv
from organizations.api.serializers import cells
from organizations.calculations.choices import ItemState
from organizations.calculations.roles import Scope
from organizations.models import ApiKey, QueueItem
from organizations.reports.queue import local_today

FIELDS = [
    *("id", "kind", "object_kind", "object_id", "role", "delegated", "state"),
    *("opened_at", "due_on", "age_days", "overdue", "done_at"),
]


class QueueItemSerializer(serializers.ModelSerializer[QueueItem]):
    """role is empty where one person is asked; age_days counts until it was done."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    delegated = serializers.SerializerMethodField()
    age_days = serializers.SerializerMethodField()
    overdue = serializers.SerializerMethodField()

    class Meta:
        model = QueueItem
        fields = FIELDS
        read_only_fields = FIELDS

    @property
    def _today(self) -> date:
        today: date = self.context["today"]
        return today

    def get_delegated(self, item: QueueItem) -> bool:
        return item.delegate_id is not None

    def get_age_days(self, item: QueueItem) -> int:
        until = item.done_at.date() if item.done_at else self._today
        return max(0, (until - item.opened_at.date()).days)

    def get_overdue(self, item: QueueItem) -> bool:
        is_open = item.state == ItemState.OPEN
        return is_open and item.due_on is not None and item.due_on < self._today


class QueueView(GenericAPIView[Any]):
    """What waits for somebody, newest first."""

    required_scope = Scope.READ_QUEUE
    renderer_classes = [JSONRenderer, CsvRenderer]
    serializer_class = QueueItemSerializer
    pagination_class = Pages
    ordering = "-pk"

    def get_queryset(self) -> QuerySet[QueueItem]:
        items = QueueItem.objects.all()
        for name in ("kind", "state"):
            if name in self.request.query_params:
                items = items.filter(**{name: self.request.query_params[name]})
        return items

    @extend_schema(
        summary="List decisions",
        parameters=[
            OpenApiParameter("kind", OpenApiTypes.STR),
            OpenApiParameter("state", OpenApiTypes.STR, enum=[state.value for state in ItemState]),
        ],
        responses=listed(QueueItemSerializer(many=True)),
    )
    def get(self, request: Request) -> Any:
        items, context = self.get_queryset(), {"today": _today(request)}
        if wants_csv(request):
            lines = items.order_by("-pk").iterator()
            rows = (QueueItemSerializer(item, context=context).data for item in lines)
            written = (cells(dict(row)) for row in rows)
            return csv_answer(name="decisions", header=FIELDS, rows=written)
        page = self.paginate_queryset(items)
        found = QueueItemSerializer(page, many=True, context=context).data
        return self.get_paginated_response(found)


def _today(request: Request) -> date:
    key = request.auth
    if not isinstance(key, ApiKey):
        raise TypeError("The queue is read with a key.")
    return local_today(time_zone=key.organization.time_zone, now=datetime.now(UTC))
