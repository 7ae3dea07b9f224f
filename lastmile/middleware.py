"""The request log, without what people search for."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class PathOnlyRequestMiddleware(RequestMiddleware):
    """Tells of a request by method and path: names and keys may stand in the query."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"
