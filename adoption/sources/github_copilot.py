"""Source `github_copilot`: the users-1-day report of GitHub's Copilot usage metrics, version 1.

One line is one person on one UTC day and gives one fact for the editor surface and, where the
report has a command-line block, one for the surface `cli`. The user's number is the key; the login
may be renamed and is kept as an alias. Everything else in a line is dropped, text above all.

Source: GitHub docs, "Copilot usage metrics", example schema and reference.
"""

from collections.abc import Iterable, Iterator

from adoption.sources.periods import check_day
from adoption.sources.rows import (
    ParseContext,
    Parsed,
    SubjectKind,
    Surface,
    UsageRow,
)
from adoption.sources.stating import Statement, frame_of, need_initiative
from adoption.sources.subjects import normal_id
from organizations.sources.collecting import parse_records
from organizations.sources.fields import Fields
from organizations.sources.reading import BodyCode, Code, EnvelopeError, ReadError
from organizations.sources.records import Columns, Media, media_of

NAME = "github_copilot"
VERSION = 1
ACCEPTED = (Media.NDJSON, Media.JSON)
SETTLES_AFTER_DAYS = 3
"""GitHub: figures of a day may change for three full UTC days."""

COLUMNS = Columns(
    known=frozenset(
        {
            *("user_id", "user_login", "day", "organization_id", "enterprise_id"),
            *("user_initiated_interaction_count", "code_generation_activity_count"),
            *("code_acceptance_activity_count", "totals_by_cli"),
            # documented and dropped
            *("loc_suggested_to_add_sum", "loc_suggested_to_delete_sum", "loc_added_sum"),
            *(
                "loc_deleted_sum",
                "totals_by_ide",
                "totals_by_feature",
                "totals_by_language_feature",
            ),
            *("totals_by_language_model", "totals_by_model_feature", "used_agent", "used_chat"),
            *("used_cli", "used_copilot_code_review_active", "used_copilot_code_review_passive"),
            *("etl_id", "day_partition", "entity_id_partition"),
            *("report_start_day", "report_end_day"),
        }
    )
)

_PROMPT_TEXT = (
    "This is GitHub's usage-records export. It carries what people typed and is never taken;"
    " nothing of it was kept. Send the users-1-day report."
)
_OTHER_SHAPES = {
    "download_links": "These are links to a report. Download the files they name and send those.",
    "total_active_users": "This is the former aggregate of /copilot/metrics. It names no person"
    " and cannot feed adoption; send the users-1-day report.",
    "daily_active_users": "This is an aggregate without persons; send the users-1-day report.",
    "total_seats": "This is a seat list; seats are sent as eligibility. Usage is users-1-day.",
    "seats": "This is a seat list; seats are sent as eligibility. Usage is users-1-day.",
    "assignee": "This is a seat list; seats are sent as eligibility. Usage is users-1-day.",
    "seat_breakdown": "This is a billing summary; send the users-1-day report.",
    "team_id": "This is a report by teams. People may be in several, so it would count them"
    " twice; send the users-1-day report.",
}
_PROMPT_KEYS = frozenset({"github_request_id", "endpoint", "body", "messages", "prompt"})


def inspect(head: bytes) -> None:
    """Look at the start of a body before any of it is stored. Raises `EnvelopeError`.

    A usage-records export must not reach the disk: it carries prompt text.
    """
    if b'"github_request_id"' in head:
        raise EnvelopeError(BodyCode.PROMPT_TEXT_REFUSED, _PROMPT_TEXT)


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces of at most about 20,000 rows.

    Raises `EnvelopeError`: initiative_missing without `?initiative=`, unsupported_shape,
    prompt_text_refused.
    """
    media = media_of(content_type, ACCEPTED)
    need_initiative("Copilot", context)
    reader = _Reader(context)
    yield from parse_records(blocks, media=media, columns=COLUMNS, read=reader.read)


class _Reader:
    def __init__(self, context: ParseContext) -> None:
        self._context = context
        self._begun = False

    def read(self, line: int, fields: Fields) -> list[UsageRow]:
        """The facts of one line. Raises `ReadError`, and `EnvelopeError` for another export."""
        names = fields.names()
        if len(_PROMPT_KEYS.intersection(names)) > 1 or "github_request_id" in names:
            raise EnvelopeError(BodyCode.PROMPT_TEXT_REFUSED, _PROMPT_TEXT)
        self._check_shape(fields)
        self._begun = True
        facts = 1 + ("totals_by_cli" in fields)
        try:
            return _facts(line, fields, self._context)
        except ReadError as error:
            error.facts = facts
            raise

    def _check_shape(self, fields: Fields) -> None:
        sentence = next((_OTHER_SHAPES[n] for n in fields.names() if n in _OTHER_SHAPES), None)
        if sentence is None or ("user_id" in fields and "team_id" not in fields):
            return
        if not self._begun:
            raise EnvelopeError(BodyCode.UNSUPPORTED_SHAPE, sentence)
        raise ReadError(Code.WRONG_SHAPE, sentence)


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    about = _about(line, fields, context)
    facts = []
    interactions = fields.whole("user_initiated_interaction_count")
    suggestions = fields.whole("code_generation_activity_count")
    accepted = fields.whole("code_acceptance_activity_count")
    if (interactions, suggestions, accepted) != (None, None, None):
        facts.append(
            about.stated(
                Surface.EDITOR,
                interactions=interactions,
                suggestions=suggestions,
                accepted=accepted,
            )
        )
    cli = fields.nested("totals_by_cli")
    if cli is not None:
        tokens = cli.nested("token_usage")
        facts.append(
            about.stated(
                Surface.CLI,
                interactions=cli.whole("prompt_count"),
                sessions=cli.whole("session_count"),
                requests=cli.whole("request_count"),
                tokens_in=tokens.whole("prompt_tokens_sum") if tokens else None,
                tokens_out=tokens.whole("output_tokens_sum") if tokens else None,
            )
        )
    return facts


def _about(line: int, fields: Fields, context: ParseContext) -> Statement:
    """Whom, when and where a line is about: the same for all its facts."""
    frame = frame_of(NAME, context)
    user = fields.need("user_id", _number(fields, "user_id"))
    day = check_day("day", fields.need("day", fields.day("day")), context)
    scope = _number(fields, "organization_id") or _number(fields, "enterprise_id") or ""
    login = fields.text("user_login")
    aliases = (f"login:{normal_id('user_login', SubjectKind.LOGIN, login)}",) if login else ()
    return frame.on_day(
        line, day, kind=SubjectKind.UID, external_id=user, scope=scope, aliases=aliases
    )


def _number(fields: Fields, name: str) -> str | None:
    """A vendor's id: a whole number or text, as text."""
    value = fields.raw(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(fields.whole(name))
    return fields.text(name, longest=120)
