"""The audit trail as its readers find it: newest first, every entry a sentence."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from organizations.calculations.entries import Change, TrailFilter, changes_of
from organizations.models import ApiKey, AuditEvent, AuditHead, Membership, User
from organizations.registry import deeds
from ui.formats import integer

ENTRIES_PER_PAGE = 50
MOST_EXPORTED = 100_000
SHORT_HASH = 12
# Whose name is gone, or who never had one.
NAMELESS = {"user": "A former login", "key": "A former key", "link": "Somebody with a link"}
HEADER = (
    *("sequence", "at", "actor_kind", "actor", "action", "words", "object_kind", "object_id"),
    *("changes", "request_id", "hash"),
)


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """One entry: who did what, on which object, and where it stands in the chain."""

    sequence: int
    at: datetime
    who: str
    words: str
    action: str
    about: str
    object_id: str
    changes: tuple[Change, ...]
    request_id: str
    hash: str

    @property
    def short_hash(self) -> str:
        return self.hash[:SHORT_HASH]


@dataclass(frozen=True, kw_only=True)
class TrailReport:
    """A page of entries. older and newer: the sequence to go on from, None at an end."""

    lines: tuple[EntryLine, ...]
    older: int | None
    newer: int | None
    total: int
    expired: int
    checked_at: datetime | None
    broken_at: int | None

    @property
    def title(self) -> str:
        """The finding: whether the chain holds, and how much it holds."""
        if self.broken_at is not None:
            return f"Entry {integer(self.broken_at)} was altered or is missing"
        if not self.total:
            return "Nothing has been recorded yet"
        entries = f"{integer(self.total)} {'entry' if self.total == 1 else 'entries'}"
        return f"{entries}, and the chain holds" if self.checked_at else f"{entries} recorded"


def trail_report(
    *, organization_id: int, wanted: TrailFilter, before: int | None, after: int | None
) -> TrailReport:
    """A page of the trail of the organization in force: entries before a sequence, or after one.

    Pages are found by the key of the table, so that the last one costs what the first one does.
    """
    found = entries(wanted=wanted)
    events = _after(found, after) if after is not None else _before(found, before)
    head = AuditHead.objects.filter(organization_id=organization_id).first()
    return TrailReport(
        lines=tuple(lines_of(events)),
        older=events[-1].sequence if events and _exists(found, lt=events[-1].sequence) else None,
        newer=events[0].sequence if events and _exists(found, gt=events[0].sequence) else None,
        total=head.sequence - head.cut_sequence if head else 0,
        expired=head.cut_sequence if head else 0,
        checked_at=head.checked_at if head else None,
        broken_at=head.broken_at if head else None,
    )


def _before(found: QuerySet[AuditEvent], before: int | None) -> list[AuditEvent]:
    older = found if before is None else found.filter(sequence__lt=before)
    return list(older.order_by("-sequence")[:ENTRIES_PER_PAGE])


def _after(found: QuerySet[AuditEvent], after: int) -> list[AuditEvent]:
    nearest = found.filter(sequence__gt=after).order_by("sequence")[:ENTRIES_PER_PAGE]
    return list(nearest)[::-1]


def _exists(found: QuerySet[AuditEvent], *, lt: int | None = None, gt: int | None = None) -> bool:
    beyond = found.filter(sequence__lt=lt) if lt is not None else found.filter(sequence__gt=gt)
    return beyond.exists()


def entries(*, wanted: TrailFilter) -> QuerySet[AuditEvent]:
    """The entries of the organization in force that are asked for, in no order."""
    found: QuerySet[AuditEvent] = AuditEvent.objects.all()
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    if wanted.actor:
        kind, actor_id = wanted.actor
        found = found.filter(actor_kind=kind)
        found = found if actor_id is None else found.filter(actor_id=actor_id)
    if wanted.group:
        found = found.filter(action__in=actions_of(wanted.group))
    return found.filter(object_id=wanted.about) if wanted.about else found


def groups() -> list[str]:
    """The groups of acts, by name."""
    return sorted({deed.group for deed in deeds.values()})


def actions_of(group: str) -> list[str]:
    return [deed.action for deed in deeds.values() if deed.group == group]


def words_of(action: str) -> str:
    """What was done, in words; an action of a version that is no more says its own name."""
    deed = deeds.get(action)
    return deed.words if deed else f"did {action}"


def lines_of(events: Sequence[AuditEvent]) -> Iterator[EntryLine]:
    """Entries in words. Two queries, for the names of users and keys."""
    names = _names(events)
    for event in events:
        yield EntryLine(
            sequence=event.sequence,
            at=event.at,
            who=names.get((event.actor_kind, event.actor_id), _nameless(event)),
            words=words_of(event.action),
            action=event.action,
            about=event.object_kind.replace("_", " "),
            object_id=event.object_id,
            changes=changes_of(event.changes),
            request_id=event.request_id,
            hash=event.hash,
        )


def _names(events: Iterable[AuditEvent]) -> dict[tuple[str, int | None], str]:
    told = {(event.actor_kind, event.actor_id) for event in events}
    users = User.objects.filter(pk__in=[pk for kind, pk in told if kind == "user"])
    keys = ApiKey.objects.filter(pk__in=[pk for kind, pk in told if kind == "key"])
    names: dict[tuple[str, int | None], str] = {("system", None): "Last Mile"}
    names |= {("user", pk): name for pk, name in users.values_list("pk", "name")}
    names |= {("key", pk): f"Key {name}" for pk, name in keys.values_list("pk", "name")}
    return names


def _nameless(event: AuditEvent) -> str:
    return NAMELESS.get(event.actor_kind, "Last Mile")


def actors() -> list[tuple[str, str]]:
    """Who may be asked for: (value of the address, name). Members of now, keys, the system."""
    members = User.objects.filter(pk__in=Membership.objects.values("user_id"))
    users = [(f"user:{one}", name) for one, name in members.values_list("public_id", "name")]
    keys = ApiKey.objects.values_list("public_id", "name")
    named = sorted(users, key=lambda one: one[1].casefold())
    return [
        *named,
        ("user", "Any person"),
        *sorted(((f"key:{one}", f"Key {name}") for one, name in keys), key=lambda one: one[1]),
        ("key", "Any key"),
        ("link", NAMELESS["link"]),
        ("system", "Last Mile itself"),
    ]


def actor_id_of(*, kind: str, public_id: str) -> int | None:
    """The number of a member or key of the organization in force, or None."""
    if kind == "user":
        members = User.objects.filter(pk__in=Membership.objects.values("user_id"))
        return members.filter(public_id=public_id).values_list("pk", flat=True).first()
    return ApiKey.objects.filter(public_id=public_id).values_list("pk", flat=True).first()


def rows(*, wanted: TrailFilter) -> Iterator[tuple[Any, ...]]:
    """Rows under HEADER, newest first, at most MOST_EXPORTED of them, read in pieces."""
    found = entries(wanted=wanted).order_by("-sequence")[:MOST_EXPORTED]
    for piece in _pieces(found.iterator(chunk_size=2000)):
        for event, line in zip(piece, lines_of(piece), strict=True):
            yield (
                *(line.sequence, line.at, event.actor_kind, line.who, line.action, line.words),
                *(line.about, line.object_id, _changes(line), line.request_id, line.hash),
            )


def _pieces(events: Iterator[AuditEvent]) -> Iterator[tuple[AuditEvent, ...]]:
    while piece := tuple(islice(events, 2000)):
        yield piece


def _changes(line: EntryLine) -> str:
    return "; ".join(f"{change.name}: {change.value}" for change in line.changes)
