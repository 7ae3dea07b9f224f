"""Lists of the API: pages with a cursor as JSON, and the whole list as CSV where Accept asks."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.api.problems import ProblemSerializer
from ui.tables import Cell, write_csv

JSON, CSV = "application/json", "text/csv"


class Pages(CursorPagination):
    """`{"next": address or null, "results": [...]}`; a cursor stays right while rows arrive."""

    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The view says what its list is ordered by; it has to be unique within the list."""
        return (view.ordering,)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "results": data})

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": link, "results": schema},
        }


class CsvRenderer(BaseRenderer):
    """Lets a caller ask for CSV. The table is written by `csv_answer`; refusals stay JSON."""

    media_type = CSV
    format = "csv"
    charset = None

    def render(self, data: Any, media_type: Any = None, context: Any = None) -> bytes:
        return json.dumps(data).encode()


def wants_csv(request: Request) -> bool:
    return getattr(request.accepted_renderer, "media_type", "") == CSV


def csv_answer(*, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> FileResponse:
    """The whole list as a file, complete before the organization's scope is closed."""
    return FileResponse(
        write_csv(rows, header), as_attachment=True, filename=f"{name}.csv", content_type=CSV
    )


def listed(serializer: Any, *refusals: int) -> dict[Any, Any]:
    """The OpenAPI answers of a list: JSON pages, CSV, and the usual refusals."""
    return {
        (200, JSON): serializer,
        (200, CSV): OpenApiTypes.STR,
        **{status: OpenApiResponse(ProblemSerializer) for status in (401, 403, 429, *refusals)},
    }
