"""Seats of GitHub Copilot as rules of eligibility: whose account it is, and what refuses a seat."""

from collections.abc import Iterable, Sequence

from organizations.actions.batches import body_of
from organizations.actions.erasure import suppressed_of
from organizations.actions.rows import Tally
from organizations.models import ImportBatch, PersonAlias, SubjectLink
from organizations.sources.reading import BodyCode, Code, EnvelopeError, RowError, excerpt
from portfolio.calculations.stages import Rule
from portfolio.sources.copilot_seats import ACCOUNTS, SeatRow, parse_seats
from portfolio.sources.register import EligibilityRow

UID, LOGIN = "uid", "login"


def read_seats(*, batch: ImportBatch, tally: Tally) -> tuple[list[EligibilityRow], dict[str, int]]:
    """The seats of a batch as rules, and the person of each rule's value.

    A seat of an account that the directory does not know is refused in the tally, saying how to
    mend it. Raises `EnvelopeError`.
    """
    if not batch.initiative:
        raise EnvelopeError(
            BodyCode.INITIATIVE_MISSING,
            "Seats do not say which initiative they open; add ?initiative=<key>.",
            field="initiative",
        )
    zone = batch.organization.time_zone
    seats: list[SeatRow] = []
    for piece in parse_seats(body_of(batch=batch), content_type=batch.content_type, time_zone=zone):
        seats += tally.read(piece)
    people = _people_of(seats)
    gone = suppressed_of(names={name for seat in seats for name in _names(seat)})
    rows = []
    for seat in seats:
        if not gone.isdisjoint(_names(seat)):
            message = "This person was erased; leave the seat out."
            tally.refuse(RowError(seat.line, "assignee", Code.ERASED, message))
        elif seat.uid not in people:
            tally.refuse(_stranger(seat))
        else:
            rows.append(_rule(seat, batch.initiative))
    return rows, people


def _names(seat: SeatRow) -> tuple[tuple[str, str], tuple[str, str]]:
    return (UID, seat.uid), (LOGIN, seat.login)


def _stranger(seat: SeatRow) -> RowError:
    return RowError(
        seat.line,
        "assignee",
        Code.UNKNOWN_PERSON,
        "Nobody in the directory has this account. Give the person the alias login:… or uid:… of"
        " it, or link it under Data, Unmatched; then send the seats again.",
        excerpt(f"{seat.login} ({seat.uid})"),
    )


def _rule(seat: SeatRow, initiative: str) -> EligibilityRow:
    return EligibilityRow(
        line=seat.line,
        initiative=initiative,
        rule=Rule.PERSON,
        value=seat.uid,
        start=seat.start,
        end=seat.end,
        seat=True,
    )


def _people_of(seats: Sequence[SeatRow]) -> dict[str, int]:
    """The person of each account by its number.

    The number outlives a renamed login: a person's own alias of it comes first, then whom its
    usage is linked to (the newest link), then the login.
    """
    numbers = {seat.uid for seat in seats}
    logins = _by_alias(LOGIN, {seat.login for seat in seats})
    by_login = {seat.uid: logins[seat.login] for seat in seats if seat.login in logins}
    linked = SubjectLink.objects.filter(
        subject__source=ACCOUNTS, subject__kind=UID, subject__external_id__in=numbers
    ).order_by("span", "pk")
    by_link = dict(linked.values_list("subject__external_id", "person_id"))
    return by_login | by_link | _by_alias(UID, numbers)


def _by_alias(kind: str, values: Iterable[str]) -> dict[str, int]:
    known = PersonAlias.objects.filter(kind=kind, value__in=set(values))
    return dict(known.values_list("value", "person_id"))
