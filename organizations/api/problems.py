"""Every refusal of the API as an RFC 9457 problem document with code, field and remedy."""

from typing import Any

from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from organizations.errors import LastMileError

PROBLEM = "application/problem+json"
_TITLES = {
    400: "The request cannot be read",
    401: "No valid key",
    403: "Not allowed",
    404: "Not found",
    405: "Method not offered",
    406: "Form not offered",
    409: "Conflict",
    413: "Too large",
    415: "Form not taken",
    422: "Refused",
    429: "Too many requests",
    503: "Not available",
}


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    field = serializers.CharField(required=False)
    remedy = serializers.CharField(required=False)


def problem(
    *, status: int, code: str, detail: str, field: str = "", remedy: str = "", **more: Any
) -> Response:
    """A problem document as an answer of the API."""
    body = document(status=status, code=code, detail=detail, field=field, remedy=remedy)
    return Response(body | more, status=status, content_type=PROBLEM)


def document(
    *, status: int, code: str, detail: str, field: str = "", remedy: str = ""
) -> dict[str, Any]:
    """A problem document."""
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": _TITLES.get(status, "Refused"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return body | {name: text for name, text in (("field", field), ("remedy", remedy)) if text}


def handle(raised: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of the whole API; None lets an unknown fault become a 500."""
    answer = _known(raised, context)
    if answer is not None:
        set_rollback()
    return answer


def _known(raised: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(raised, LastMileError) and raised.status < 500:
        answer = problem(
            status=raised.status,
            code=raised.code,
            detail=raised.message,
            field=raised.field,
            remedy=raised.remedy,
        )
        if raised.status == 401:
            answer["WWW-Authenticate"] = 'Bearer realm="Last Mile"'
        if raised.status == 429:
            answer["Retry-After"] = "60"
        return answer
    if isinstance(raised, Http404):
        return problem(status=404, code="not_found", detail="There is no such thing here.")
    if isinstance(raised, exceptions.APIException):
        return problem(
            status=raised.status_code,
            code=str(raised.default_code),
            detail=str(raised.detail) if isinstance(raised.detail, str) else "The input is wrong.",
        )
    return None
