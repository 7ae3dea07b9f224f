"""What is told to a person, to those who keep the rules, and to those who watch them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from organizations.calculations.choices import ChampionSees, RequestState
from organizations.calculations.roles import LABELS, Role
from organizations.models import (
    Agreement,
    AuditEvent,
    Consent,
    DataRequest,
    MembershipDepartment,
    Organization,
    PersonDepartment,
    PersonView,
)
from organizations.registry import expiries
from organizations.reports.agreement import in_force

VIEWS_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The newest answer about the name, None where none was given, and who is asking."""

    sees: ChampionSees
    given: bool | None
    at: datetime | None
    champions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    """Somebody who looked."""

    who: str
    role: str
    what: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnRights:
    """What a person may see and ask for besides the figures."""

    choice: Choice
    looks: tuple[Look, ...]
    more_looks: int
    requests: tuple[DataRequest, ...]
    open_kinds: frozenset[str]
    agreement: Agreement | None


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """One kind of thing and how many of it the last night deleted; None: not yet run."""

    label: str
    count: int | None


@dataclass(frozen=True, kw_only=True)
class LastNight:
    at: datetime | None
    rows: tuple[Forgotten, ...]


def consented(*, person_ids: Iterable[int]) -> set[int]:
    """Those among these people whose newest answer is yes."""
    asked = Consent.objects.filter(person_id__in=list(person_ids))
    newest = asked.order_by("person_id", "-at", "-pk").distinct("person_id")
    return {person_id for person_id, given in newest.values_list("person_id", "given") if given}


def own_rights(*, organization: Organization, person_id: int, today: date) -> OwnRights:
    """The choice, the looks, the requests of one person, and the agreement in force."""
    looks = PersonView.objects.filter(person_id=person_id).select_related("viewer")
    shown = looks.order_by("-at", "-pk")[:VIEWS_SHOWN]
    requests = tuple(DataRequest.objects.filter(person_id=person_id).order_by("-asked_at", "-pk"))
    waiting = {RequestState.ASKED.value, RequestState.APPROVING.value}
    return OwnRights(
        choice=_choice(organization, person_id, today),
        looks=tuple(
            Look(
                who=row.viewer.name if row.viewer else "A former member",
                role=LABELS[Role(row.viewer_role)],
                what=row.what,
                at=row.at,
            )
            for row in shown
        ),
        more_looks=max(0, looks.count() - VIEWS_SHOWN),
        requests=requests,
        open_kinds=frozenset(row.kind for row in requests if row.state in waiting),
        agreement=in_force(),
    )


def last_night() -> LastNight:
    """What the newest run of the nightly deletion came to."""
    entry = AuditEvent.objects.filter(action="retention.done").order_by("-sequence").first()
    counts = entry.changes if entry else {}
    known = sorted(expiries.values(), key=lambda expiry: (expiry.order, expiry.name))
    return LastNight(
        at=entry.at if entry else None,
        rows=tuple(
            Forgotten(label=expiry.label, count=counts.get(expiry.name)) for expiry in known
        ),
    )


def _choice(organization: Organization, person_id: int, today: date) -> Choice:
    newest = Consent.objects.filter(person_id=person_id).order_by("-at", "-pk").first()
    return Choice(
        sees=ChampionSees(organization.champion_sees),
        given=newest.given if newest else None,
        at=newest.at if newest else None,
        champions=_champions(person_id, today),
    )


def _champions(person_id: int, today: date) -> tuple[str, ...]:
    """Champions who own the person's department of today, or one above it."""
    place = PersonDepartment.objects.filter(person_id=person_id, span__contains=today)
    key = place.values_list("department__key", flat=True).first()
    if key is None:
        return ()
    path = key.split(" / ")
    above = [" / ".join(path[:depth]) for depth in range(1, len(path) + 1)]
    owners = MembershipDepartment.objects.filter(department__key__in=above)
    return tuple(sorted(set(owners.values_list("membership__user__name", flat=True))))
