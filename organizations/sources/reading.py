"""What may be wrong with a row or with a whole body, in words a sender can act on.

The two lists of codes are closed and public: `docs/formats/codes.md`, compared by a test.
Limits are those of the security rules ("Limits and input rules").
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from organizations.errors import LastMileError

MAX_LINE_BYTES = 64 * 1024
MAX_CELL_CHARACTERS = 8 * 1024
MAX_FIELDS = 200
MAX_DEPTH = 32
MAX_NUMBER_CHARACTERS = 40
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_ROWS = 1_000_000
ECHOED_CHARACTERS = 40


class Code(StrEnum):
    """Why a row is refused."""

    # its form
    NOT_UTF8 = "not_utf8"
    BAD_JSON = "bad_json"
    BAD_CSV = "bad_csv"
    DUPLICATE_KEY = "duplicate_key"
    TOO_DEEP = "too_deep"
    TOO_LONG = "too_long"
    TOO_MANY_FIELDS = "too_many_fields"
    SURPLUS_CELLS = "surplus_cells"
    MISSING_CELLS = "missing_cells"
    WRONG_SHAPE = "wrong_shape"
    # a value
    MISSING_FIELD = "missing_field"
    BAD_TYPE = "bad_type"
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    OUT_OF_RANGE = "out_of_range"
    CONTROL_CHARACTER = "control_character"
    BAD_DATE = "bad_date"
    BAD_PERIOD = "bad_period"
    OFFSET_MISSING = "offset_missing"
    TIME_IN_FUTURE = "time_in_future"
    BEFORE_2015 = "before_2015"
    BAD_SUBJECT = "bad_subject"
    BAD_ALIAS = "bad_alias"
    BAD_EMAIL = "bad_email"
    BAD_KEY = "bad_key"
    BAD_CURRENCY = "bad_currency"
    UNKNOWN_SURFACE = "unknown_surface"
    UNKNOWN_GRAIN = "unknown_grain"
    UNKNOWN_WORD = "unknown_word"
    VAGUE_OUTCOME = "vague_outcome"
    # what it points at
    UNKNOWN_INITIATIVE = "unknown_initiative"
    UNKNOWN_DEPARTMENT = "unknown_department"
    UNKNOWN_JOB_ROLE = "unknown_job_role"
    UNKNOWN_PERSON = "unknown_person"
    OTHER_ORGANIZATION = "other_organization"
    OUTSIDE_PIN = "outside_pin"
    # its neighbours
    CONFLICTING_ROWS = "conflicting_rows"
    ALIAS_TAKEN = "alias_taken"
    MIXED_STATEMENT = "mixed_statement"
    TOO_OLD = "too_old"
    OUTSIDE_SLICE = "outside_slice"
    LEFT_OUT = "left_out"
    ERASED = "erased"


class BodyCode(StrEnum):
    """Why a whole body is refused."""

    BAD_JSON = "bad_json"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    BODY_TOO_LARGE = "body_too_large"
    TOO_MANY_ROWS = "too_many_rows"
    NO_HEADER = "no_header"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNKNOWN_SOURCE = "unknown_source"
    INITIATIVE_MISSING = "initiative_missing"
    DAY_MISSING = "day_missing"
    UNSUPPORTED_SHAPE = "unsupported_shape"
    PROMPT_TEXT_REFUSED = "prompt_text_refused"
    BAD_WORKBOOK = "bad_workbook"
    PROFILE_MISSING = "profile_missing"


_STATUS = {
    BodyCode.BAD_WORKBOOK: 422,
    BodyCode.BODY_TOO_LARGE: 413,
    BodyCode.TOO_MANY_ROWS: 413,
    BodyCode.UNSUPPORTED_MEDIA_TYPE: 415,
    BodyCode.WRONG_CONTENT_TYPE: 415,
}


class EnvelopeError(LastMileError):
    """The body as a whole is refused: HTTP 400, 413 (too much) or 415 (another form)."""

    def __init__(self, code: BodyCode, message: str, *, field: str = "") -> None:
        super().__init__(message, field=field)
        self.code = code.value
        self.status = _STATUS.get(code, 400)


@dataclass(frozen=True, slots=True)
class RowError:
    """One refused line. `line` is the physical line, in a JSON document the row's place (from 1).

    `value` is what was sent, cut to 40 characters and without anything that looks like a secret;
    None where nothing can be shown.
    """

    line: int
    field: str
    code: Code
    message: str
    value: str | None = None


class ReadError(Exception):
    """Raised while one row is read; becomes its `RowError`. `facts`: how many it would have given.

    Field and value are cut here, so that nothing a sender wrote can be echoed at length.
    """

    def __init__(
        self, code: Code, message: str, *, field: str = "", value: object = None, facts: int = 1
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = excerpt(field) or ""
        self.value = excerpt(value)
        self.facts = facts

    def at(self, line: int) -> RowError:
        return RowError(line, self.field, self.code, self.message, self.value)


_SECRET = re.compile(
    r"lm_[0-9A-Za-z]+_?[0-9A-Za-z_-]*|sk-[\w-]{6,}|gh[a-z]_\w{6,}|github_pat_\w+|xox[a-z]-\S+"
    r"|AKIA[0-9A-Z]{8,}|eyJ[\w-]{8,}\S*|(?i:bearer)\s+\S+"
)


def excerpt(value: object) -> str | None:
    """At most 40 printable characters of a value, secrets hidden; None for nothing or a structure.

    >>> excerpt("2026-13-24")
    '2026-13-24'
    >>> excerpt("Bearer abc")
    '(hidden)'
    """
    if value is None or isinstance(value, (dict, list, bytes)):
        return None
    head = _SECRET.sub("(hidden)", str(value)[: 20 * ECHOED_CHARACTERS])
    if len(head) > ECHOED_CHARACTERS:
        head = head[: ECHOED_CHARACTERS - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in head)
