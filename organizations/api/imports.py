"""The door of every import: read the body within limits, keep it, work it off, answer."""

import zlib
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.actions.batches import NewBatch, receive, work_off
from organizations.actions.people_preview import ask_preview
from organizations.api.problems import ProblemSerializer, problem
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.calculations.parts import Part
from organizations.calculations.roles import Scope
from organizations.errors import LastMileError, TooLarge
from organizations.models import ApiKey, ImportBatch
from organizations.reports.parts import waits_for
from organizations.reports.people_preview import counts_for_api
from organizations.sources.fields import AHEAD, FIRST_YEAR, read_instant
from organizations.sources.reading import BodyCode, EnvelopeError, ReadError, excerpt
from organizations.sources.records import TEXTS, Media, media_of

View = TypeVar("View", bound=Callable[..., Any])
BLOCK = 1024 * 1024
UNFINISHED = (BatchState.RECEIVED, BatchState.RUNNING, BatchState.DEAD)
ERRORS_IN_ANSWER = 1000
SLICES = frozenset({"slice_from", "slice_to", "slice_id", "full", "part", "parts", "last"})
RATIO, RATIO_FROM = 100, 1024 * 1024
LONGEST_KEY = 80


class BadEnvelope(LastMileError):
    code = "bad_envelope"
    status = 400


class LengthRequired(LastMileError):
    code = "length_required"
    status = 411


class UnsupportedForm(LastMileError):
    code = "unsupported_media_type"
    status = 415


class RawParser(BaseParser):
    """Leaves the body alone: the view reads it as a stream."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return None


class RowErrorSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ConflictSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    code = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What applying a previewed batch would do, in people; conflict: rows to choose about."""

    unchanged = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    gone = serializers.IntegerField(help_text="here and not in the body; they stay")
    conflict = serializers.IntegerField()
    conflicts = ConflictSerializer(many=True)


class BatchAnswerSerializer(serializers.Serializer[Any]):
    """received = accepted + revised + duplicate + rejected, always."""

    batch = serializers.IntegerField()
    address = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in BatchState])
    received = serializers.IntegerField()
    accepted = serializers.IntegerField()
    revised = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = serializers.IntegerField()
    unmatched = serializers.IntegerField()
    lines = serializers.IntegerField()
    lines_rejected = serializers.IntegerField()
    lines_empty = serializers.IntegerField()
    withdrawn = serializers.IntegerField(help_text="earlier facts that a full slice left out")
    waits_for = serializers.CharField(
        allow_null=True, help_text="what a part of a slice waits for; null: for nothing"
    )
    warnings = serializers.ListField(child=serializers.CharField())
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]  # a field of that name
    preview = PreviewSerializer(
        allow_null=True, help_text="null: it is no preview, or it is still being made"
    )


_PARAMETERS = [
    OpenApiParameter("strict", OpenApiTypes.BOOL, description="Refuse the batch on one bad row."),
    OpenApiParameter(
        "as_of", OpenApiTypes.DATETIME, description="When the source stated these rows."
    ),
    OpenApiParameter(
        "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description="≤ 255 characters"
    ),
    OpenApiParameter(
        "Prefer", OpenApiTypes.STR, OpenApiParameter.HEADER, description="respond-async"
    ),
]


def import_schema(
    *, summary: str, more: list[OpenApiParameter] | None = None, sheets: bool = False
) -> Callable[[View], View]:
    """The OpenAPI description all imports share."""
    body = dict.fromkeys(TEXTS, OpenApiTypes.STR)
    if sheets:
        body[Media.XLSX] = OpenApiTypes.BINARY
    decorate: Callable[[View], View] = extend_schema(
        summary=summary,
        parameters=[*_PARAMETERS, *(more or [])],
        request={media.value: form for media, form in body.items()},
        responses={
            200: BatchAnswerSerializer,
            202: BatchAnswerSerializer,
            **{
                status: OpenApiResponse(ProblemSerializer)
                for status in (400, 401, 403, 409, 413, 415, 422, 429)
            },
        },
    )
    return decorate


class BatchView(GenericAPIView[Any]):
    """POST a body of one kind. Subclasses name kind, scope and, where several, the sources."""

    kind: BatchKind
    required_scope: Scope
    source = "canonical"
    accepted: Collection[Media] = TEXTS
    may_preview = False
    parser_classes = [RawParser]
    serializer_class = BatchAnswerSerializer

    def source_of(self, request: Request) -> tuple[str, int]:
        """Name and version of the source that reads this body."""
        return self.source, 1

    def post(self, request: Request) -> Response:
        now = datetime.now(UTC)
        received = receive(new=self._described(request), blocks=self.blocks_of(request), now=now)
        batch = received.batch
        if batch.state == BatchState.PREVIEW:
            ask_preview(batch=batch, clock=lambda: datetime.now(UTC))
            return answer_of(batch, replayed=received.replayed)
        wait = received.small and "respond-async" not in request.headers.get("Prefer", "")
        if wait and not received.replayed:
            work_off(batch=batch, clock=lambda: datetime.now(UTC))
            batch.refresh_from_db()
        return answer_of(batch, replayed=received.replayed)

    def _described(self, request: Request) -> NewBatch:
        key = request.auth
        if not isinstance(key, ApiKey):
            raise BadEnvelope("This address wants an API key.")
        source, version = self.source_of(request)
        return NewBatch(
            organization_id=key.organization_id,
            kind=self.kind,
            source=source,
            source_version=version,
            content_type=self.kept_as(request),
            initiative=initiative_of(request),
            strict=flag_of(request, "strict"),
            idempotency_key=_idempotency_key(request),
            as_of=stated_at(request),
            api_key=key,
            actor=Actor(kind="key", id=key.pk),
            preview=self.may_preview and flag_of(request, "preview"),
            options=self.options_of(request),
            part=self.part_of(request),
        )

    def options_of(self, request: Request) -> dict[str, str]:
        """What else the address says that reading the body needs."""
        return {}

    def part_of(self, request: Request) -> Part | None:
        """Which part of a slice the body is. Raises BadEnvelope where a kind knows no slices.

        A sender who believes that rows are withdrawn must not be left in that belief.
        """
        asked = sorted(SLICES & set(request.query_params))
        if asked:
            raise BadEnvelope(
                "Only usage is sent in full slices and parts; here rows only replace rows.",
                field=asked[0],
                remedy=f"Leave {', '.join(asked)} out.",
            )
        return None

    def kept_as(self, request: Request) -> str:
        """The form in which the body is stored: as it comes, unless a kind says otherwise."""
        return content_type_of(request, self.accepted)

    def blocks_of(self, request: Request) -> Iterator[bytes]:
        return inflated(
            raw_blocks(request._request),
            encoding=request.headers.get("Content-Encoding", "identity"),
        )


def raw_blocks(request: Any) -> Iterator[bytes]:
    """The body as it comes over the wire, at most MAX_BODY_BYTES. Raises TooLarge."""
    stream = request
    if not request.META.get("CONTENT_LENGTH"):
        if not request.META.get("wsgi.input_terminated"):
            raise LengthRequired("Send the length of the body (Content-Length).")
        stream = request.META["wsgi.input"]
    total = 0
    while block := stream.read(BLOCK):
        total += len(block)
        if total > settings.MAX_BODY_BYTES:
            raise TooLarge("A body may have 64 MB.", remedy="Split the file.")
        yield block


def inflated(blocks: Iterator[bytes], *, encoding: str) -> Iterator[bytes]:
    """Undo gzip as a stream with a running total. Raises UnsupportedForm, BadEnvelope, TooLarge."""
    if encoding.strip().lower() in ("", "identity"):
        yield from blocks
        return
    if encoding.strip().lower() != "gzip":
        raise UnsupportedForm("Content-Encoding may be gzip or identity.")
    inflater = zlib.decompressobj(wbits=31)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        while block:
            piece = _inflate(inflater, block)
            block = inflater.unconsumed_tail
            given += len(piece)
            _within_limits(taken, given)
            if piece:
                yield piece
        if inflater.unused_data:
            raise BadEnvelope("There is something after the end of the gzip body.")
    if not inflater.eof:
        raise BadEnvelope("The gzip body ends too early.")


def _inflate(inflater: Any, block: bytes) -> bytes:
    try:
        return bytes(inflater.decompress(block, BLOCK))
    except zlib.error as fault:
        raise BadEnvelope("The body is not gzip, though its header says so.") from fault


def _within_limits(taken: int, given: int) -> None:
    if given > settings.MAX_INFLATED_BYTES:
        raise TooLarge("A body may have 256 MB after decompression.", remedy="Split the file.")
    if given > RATIO_FROM and given > taken * RATIO:
        raise TooLarge("The body is compressed more than 100 to 1.", remedy="Send it plain.")


def content_type_of(request: Request, accepted: Collection[Media] = TEXTS) -> str:
    """The form of the body without parameters. Raises UnsupportedForm for what is not accepted."""
    stated = (request.content_type or "").strip()
    try:
        return media_of(stated, accepted).value
    except EnvelopeError as refused:
        *others, last = (one.value for one in accepted)
        raise UnsupportedForm(
            f"Content-Type {excerpt(stated) or 'is missing'}.",
            field="Content-Type",
            remedy=f"Send {', '.join(others)} or {last}, in UTF-8.",
        ) from refused


def flag_of(request: Request, name: str) -> bool:
    """true or false in the address; false where it says nothing. Raises BadEnvelope."""
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadEnvelope(f"{name} is true or false.", field=name)
    return text == "true"


def initiative_of(request: Request) -> str:
    """The key in the address, empty without one. Raises BadEnvelope for what cannot be one."""
    key = request.query_params.get("initiative", "")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise BadEnvelope(
            f"A key of an initiative has at most {LONGEST_KEY} printable characters.",
            field="initiative",
        )
    return key


def stated_at(request: Request) -> datetime | None:
    """`as_of` of the address. Raises BadEnvelope for what would win over all that is sent later."""
    instant = instant_of(request, "as_of")
    if instant is None:
        return None
    if instant.year < FIRST_YEAR or instant > datetime.now(UTC) + AHEAD:
        raise BadEnvelope(
            "as_of lies before 2015 or more than 36 hours ahead.",
            field="as_of",
            remedy="Check the sender's clock.",
        )
    return instant


def instant_of(request: Request, name: str) -> datetime | None:
    """An instant with its offset in the address. Raises BadEnvelope."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return read_instant(name, text)
    except ReadError as fault:
        raise BadEnvelope(
            f"{name} is not an instant with an offset.",
            field=name,
            remedy="Write it as 2026-10-06T03:00:00Z.",
        ) from fault


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not all(33 <= ord(letter) <= 126 for letter in key):
        raise BadEnvelope(
            "An Idempotency-Key has 1 to 255 visible ASCII characters.", field="Idempotency-Key"
        )
    return key


def _being_made(batch: ImportBatch) -> bool:
    return batch.state == BatchState.PREVIEW and "shown" not in batch.options


def answer_of(batch: ImportBatch, *, replayed: bool = False) -> Response:
    body = batch_body(batch)
    if batch.state == BatchState.REFUSED:
        status = _refused_status(batch.problem_code)
        answer = problem(
            status=status, code=batch.problem_code, detail=batch.problem, **_without_code(body)
        )
    else:
        done = batch.state not in UNFINISHED and not _being_made(batch)
        answer = Response(body, status=200 if done else 202)
        if not done:
            answer["Location"] = body["address"]
    if replayed:
        answer["Idempotent-Replayed"] = "true"
    return answer


def _refused_status(code: str) -> int:
    """400, 413 or 415 for a body that cannot be read as a whole; 422 for what its rows say."""
    if code in set(BodyCode):
        return EnvelopeError(BodyCode(code), "").status
    return 422


def _without_code(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "state"}


def batch_body(batch: ImportBatch, *, errors: int = ERRORS_IN_ANSWER) -> dict[str, Any]:
    """A batch as the API tells it, with its first row errors."""
    rows = batch.row_errors(manager="objects").order_by("number")[:errors]
    return {
        "batch": batch.number,
        "address": f"/api/v1/batches/{batch.number}",
        "state": batch.state,
        "received": batch.received,
        "accepted": batch.accepted,
        "revised": batch.revised,
        "duplicate": batch.duplicate,
        "rejected": batch.rejected,
        "unmatched": batch.unmatched,
        "lines": batch.lines,
        "lines_rejected": batch.lines_rejected,
        "lines_empty": batch.lines_empty,
        "withdrawn": batch.withdrawn,
        "waits_for": waits_for(batch=batch),
        "warnings": batch.warnings,
        "preview": counts_for_api(batch=batch),
        "errors": [
            {"line": row.line, "field": row.field, "code": row.code, "message": row.message}
            for row in rows
        ],
    }
