"""Source `bedrock`: the model invocation log of Amazon Bedrock, version 1.

One line is one call and adds to its day; the request's id tells a call that comes twice. Only a
session of AWS's single sign-on belongs to a person, every other role is a service and nobody's use.
The call may name its initiative in `requestMetadata.initiative`. Prompts and answers stand in the
same lines: they are dropped before anything is stored.

Source: AWS docs, "Monitor model invocation using CloudWatch Logs and Amazon S3".
"""

import re
from collections.abc import Iterable, Iterator

from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import added, frame_of, local_day, parse_report
from adoption.sources.subjects import normal_id
from organizations.sources.fields import Fields
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import Columns, Media

NAME = "bedrock"
VERSION = 1
ACCEPTED = (Media.NDJSON, Media.JSON)
SETTLES_AFTER_DAYS = 1
REMEMBERED_DAYS = 35
SHAPE = "ModelInvocationLog"
COLUMNS = Columns(
    known=frozenset(
        {
            *("schemaType", "timestamp", "accountId", "identity", "requestId", "errorCode"),
            *("input", "output", "requestMetadata"),
            # documented and dropped
            *("schemaVersion", "region", "inferenceRegion", "operation", "modelId"),
        }
    )
)
_SIGN_ON = re.compile(r"arn:[^:]+:sts::\d+:assumed-role/AWSReservedSSO_[^/]+/(?P<name>.+)")
_ROLE = re.compile(
    r"arn:[^:]+:(?:sts|iam)::(?P<account>\d+):(?:assumed-role|role|user)/(?P<role>[^/]+)"
)


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. A line that names no initiative takes the request's."""
    return parse_report(
        blocks,
        content_type=content_type,
        context=context,
        accepted=ACCEPTED,
        columns=COLUMNS,
        read=_facts,
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    if fields.text("schemaType") != SHAPE:
        raise ReadError(Code.WRONG_SHAPE, f"Lines of the log say schemaType {SHAPE}.")
    told = fields.nested("requestMetadata")
    instant = fields.need("timestamp", fields.instant("timestamp"))
    kind, external_id = _subject(fields.need("identity", fields.nested("identity")))
    about = frame_of(
        NAME, context, initiative=told.text("initiative", longest=80) if told else None
    ).on_day(
        line,
        local_day("timestamp", instant, context),
        kind=kind,
        external_id=external_id,
        scope=fields.text("accountId", longest=120) or "",
        event_id=fields.need("requestId", fields.text("requestId", longest=120)),
    )
    sent, answered = fields.nested("input"), fields.nested("output")
    failed = fields.text("errorCode") is not None
    return [
        about.fact(
            Surface.API,
            active=None if kind is SubjectKind.APIKEY else not failed,
            requests=1,
            tokens_in=added(
                *(
                    sent.whole(name) if sent else None
                    for name in (
                        "inputTokenCount",
                        "cacheReadInputTokenCount",
                        "cacheWriteInputTokenCount",
                    )
                )
            ),
            tokens_cached=sent.whole("cacheReadInputTokenCount") if sent else None,
            tokens_out=answered.whole("outputTokenCount") if answered else None,
        )
    ]


def _subject(identity: Fields) -> tuple[SubjectKind, str]:
    """The person of a single sign-on session, else the role that called."""
    arn = identity.need("arn", identity.text("arn"))
    person = _SIGN_ON.fullmatch(arn)
    if person:
        kind = SubjectKind.EMAIL if "@" in person["name"] else SubjectKind.LOGIN
        return kind, normal_id("arn", kind, person["name"])
    role = _ROLE.match(arn)
    if role is None:
        raise ReadError(Code.BAD_SUBJECT, "The identity names no role or session.", field="arn")
    return SubjectKind.APIKEY, normal_id(
        "arn", SubjectKind.APIKEY, f"{role['account']}/{role['role']}"
    )
