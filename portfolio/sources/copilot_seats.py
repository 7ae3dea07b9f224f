"""Source `github_copilot_seats`: the list of Copilot seats, as GitHub's billing API answers it.

One seat opens an initiative to one person from the day it was created, by the organization's
calendar, through the day on which it ends, where GitHub names one. A page does not say who has lost
a seat since: what is absent stays as it was. Accounts are named by GitHub's number and login; there
is no address in a seat. Teams, plans, and when somebody was last active are dropped.

Source: GitHub REST API, "List all Copilot seat assignments for an organization".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from organizations.sources.collecting import Parsed, parse_records
from organizations.sources.fields import LONGEST_EMAIL, Fields, clean, identity
from organizations.sources.reading import BodyCode, Code, EnvelopeError, ReadError
from organizations.sources.records import Columns, Media, media_of

NAME = "github_copilot_seats"
VERSION = 1
# The source of usage whose accounts these are: a link made there holds here.
ACCOUNTS = "github_copilot"
ACCEPTED = (Media.JSON, Media.NDJSON)

COLUMNS = Columns(
    rows_in="seats",
    known=frozenset(
        {
            *("assignee", "created_at", "pending_cancellation_date"),
            # documented and dropped
            *("organization", "assigning_team", "updated_at", "plan_type"),
            *("last_activity_at", "last_activity_editor", "last_authenticated_at"),
        }
    ),
)
_OTHER_SHAPES = {
    "user_id": "These are rows of usage. Send them to /api/v1/usage?source=github_copilot.",
    "download_links": "These are links to a report of usage. Download the files they name and"
    " send those to /api/v1/usage?source=github_copilot.",
    "seat_breakdown": "This is the billing summary. Send the answer of /copilot/billing/seats.",
}


@dataclass(frozen=True, slots=True)
class SeatRow:
    """One seat: the account's number and login, its first day and its last (None: open)."""

    line: int
    uid: str
    login: str
    start: date
    end: date | None


def parse_seats(
    blocks: Iterable[bytes], *, content_type: str, time_zone: str
) -> Iterator[Parsed[SeatRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`: unsupported_shape for other reports."""
    zone = ZoneInfo(time_zone)

    def read(line: int, fields: Fields) -> list[SeatRow]:
        _check_shape(fields)
        return [_seat(line, fields, zone)]

    media = media_of(content_type, ACCEPTED)
    yield from parse_records(blocks, media=media, columns=COLUMNS, read=read)


def _check_shape(fields: Fields) -> None:
    for name, sentence in _OTHER_SHAPES.items():
        if name in fields:
            raise EnvelopeError(BodyCode.UNSUPPORTED_SHAPE, sentence)
    if "seats" in fields or "total_seats" in fields:
        raise EnvelopeError(
            BodyCode.UNSUPPORTED_SHAPE,
            "A page of seats is one JSON document; send it as application/json.",
        )


def _seat(line: int, fields: Fields, zone: ZoneInfo) -> SeatRow:
    account = fields.need("assignee", fields.nested("assignee"))
    created = fields.need("created_at", fields.instant("created_at"))
    start, end = created.astimezone(zone).date(), fields.day("pending_cancellation_date")
    if end is not None and end < start:
        raise ReadError(
            Code.BAD_PERIOD,
            "It lies before the day on which the seat was created.",
            field="pending_cancellation_date",
            value=end.isoformat(),
        )
    return SeatRow(
        line=line,
        uid=str(account.need("assignee.id", account.whole("id"))),
        login=_login(account.need("assignee.login", account.text("login"))),
        start=start,
        end=end,
    )


def _login(text: str) -> str:
    return clean("assignee.login", identity(text), longest=LONGEST_EMAIL)
