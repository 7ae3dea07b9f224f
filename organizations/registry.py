"""What upper floors tell the ground floor, filled in their AppConfig.ready.

The ground floor keeps batches, runs nights, hands work out and forgets people; what a batch means,
what a night does, what waits for whom and where somebody is stored is known above.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BatchWork:
    """How batches of one kind are worked off.

    process(batch=…, lease=…, clock=…) merges in one transaction and raises LeaseLost when the lease
    is no longer held. action: who may send such a file, and take it back. undo(batch=…, actor=…,
    now=…) takes a batch that is done back, or raises a refusal that says why not. preview: URL name
    of the page on which a kept file is looked at, by its number. about(batch) tells what else its
    page should say of how it was read, as (term, words); it runs inside the organization.
    """

    kind: str
    process: Callable[..., None]
    action: str = ""
    undo: Callable[..., Any] | None = None
    preview: str = ""
    about: Callable[[Any], Sequence[tuple[str, str]]] = lambda batch: ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a refresh: run(organization_id=…, now=…) returns the number of rows it wrote."""

    name: str
    order: int
    run: Callable[..., int]


@dataclass(frozen=True, kw_only=True)
class QueueKind:
    """A kind of item of the decision queue: the words of its group and where it stands in it.

    delegable: somebody else may do it; a signature is nobody's to give away. by_hand: it may be
    closed with a reason although the act was not done.
    """

    kind: str
    label: str
    order: int
    icon: str = "check"
    delegable: bool = True
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class ApprovalKind:
    """An act of two people. `decide` is the action of the permission table that the second needs.

    apply(approval=…, actor=…, now=…) does it, in the transaction of the signature.
    """

    act: str
    label: str
    decide: str
    apply: Callable[..., None]


class Proof(StrEnum):
    """What the data says of a deliverable."""

    DONE = "done"
    PARTLY = "partly"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The state of a deliverable, a sentence that says why, and the page that shows it."""

    proof: Proof
    sentence: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Deliverable:
    """One of the deliverables of a sprint: prove(organization_id=…, today=…) reads stored rows."""

    key: str
    phase: int
    order: int
    title: str
    prove: Callable[..., Evidence]


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a member holds and somebody else must take over when the member leaves.

    titles(user_id=…) names them; hand_over(user_id=…, to_id=…, actor=…, now=…) moves them all and
    returns how many. Both run inside the organization.
    """

    kind: str
    label: str
    order: int
    titles: Callable[..., Sequence[str]]
    hand_over: Callable[..., int]


@dataclass(frozen=True, kw_only=True)
class PersonData:
    """Where an app stores somebody.

    copy(person_id=…) yields rows for the person's own copy; erase(person_id=…, now=…) deletes or
    replaces them and returns how many. Both run inside the organization.
    """

    name: str
    header: tuple[str, ...]
    copy: Callable[..., Iterable[Sequence[Any]]]
    erase: Callable[..., int]


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Something that is kept for a time: forget(organization_id=…, now=…) deletes what is older.

    It returns how many rows there were; the label says in words what they are.
    """

    name: str
    label: str
    order: int
    forget: Callable[..., int]


@dataclass(frozen=True, kw_only=True)
class TableExport:
    """One CSV of the whole-organization file; rows() runs inside it and streams.

    about says what one row is, columns what stands under each name, in order. Nobody's usage is in
    it: figures about people go through the suppression first.
    """

    name: str
    order: int
    about: str
    columns: Mapping[str, str]
    rows: Callable[[], Iterable[Sequence[Any]]]


@dataclass(frozen=True, kw_only=True)
class Shareable:
    """A page that may be shown to whoever has a link: its URL name, its action, how it is drawn.

    show(member=…, query=…, now=…) returns (template, context) with groups only, suppressed, and no
    address to click; member is who made the link, with the roles of today. It raises LastMileError
    for what that member may not see.
    """

    page: str
    label: str
    action: str
    show: Callable[..., tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Notable:
    """A kind of object that carries notes: title(object_id=…) names one of this organization.

    It returns None where there is none, so that nothing is written on what does not exist.
    url(object_id=…) is the page that shows the notes. may_see(member=…, object_id=…) says whether a
    member finds the object there.
    """

    kind: str
    title: Callable[..., str | None]
    url: Callable[..., str]
    may_see: Callable[..., bool]


@dataclass(frozen=True, kw_only=True)
class Saveable:
    """A list page whose filters members may keep under a name: its URL name and its word."""

    page: str
    label: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Deed:
    """An action of the audit trail in words, such as "revoked an API key", and its group."""

    action: str
    words: str
    group: str


batch_work: dict[str, BatchWork] = {}
refresh_steps: list[Step] = []
night_steps: list[Step] = []
queue_kinds: dict[str, QueueKind] = {}
approval_kinds: dict[str, ApprovalKind] = {}
deliverables: dict[str, Deliverable] = {}
holdings: dict[str, Holding] = {}
person_data: dict[str, PersonData] = {}
expiries: dict[str, Expiry] = {}
table_exports: dict[str, TableExport] = {}
shareables: dict[str, Shareable] = {}
notables: dict[str, Notable] = {}
deeds: dict[str, Deed] = {}
saveables: dict[str, Saveable] = {}
# Which of these people an app names by hand, so that taking an import back must not delete them:
# (person_ids=…) returns ids. Runs inside the organization.
people_named: list[Callable[..., set[int]]] = []
# Called in the transaction that changed the directory: (organization_id=…, person_ids=…).
directory_changed: list[Callable[..., Any]] = []


def register_batch_work(work: BatchWork) -> None:
    batch_work[work.kind] = work


def register_step(step: Step) -> None:
    if step.name not in {known.name for known in refresh_steps}:
        refresh_steps.append(step)
        refresh_steps.sort(key=lambda known: (known.order, known.name))


def register_night_step(step: Step) -> None:
    """A step that only nights run, after all steps of a refresh."""
    if step.name not in {known.name for known in night_steps}:
        night_steps.append(step)
        night_steps.sort(key=lambda known: (known.order, known.name))


def register_queue_kind(kind: QueueKind) -> None:
    queue_kinds[kind.kind] = kind


def register_approval(kind: ApprovalKind) -> None:
    approval_kinds[kind.act] = kind


def register_deliverable(deliverable: Deliverable) -> None:
    deliverables[deliverable.key] = deliverable


def register_holding(holding: Holding) -> None:
    holdings[holding.kind] = holding


def register_person_data(data: PersonData) -> None:
    person_data[data.name] = data


def register_expiry(expiry: Expiry) -> None:
    expiries[expiry.name] = expiry


def register_table_export(export: TableExport) -> None:
    table_exports[export.name] = export


def register_shareable(page: Shareable) -> None:
    shareables[page.page] = page


def register_notable(notable: Notable) -> None:
    notables[notable.kind] = notable


def register_saveable(page: Saveable) -> None:
    saveables[page.page] = page


def register_deeds(group: str, words: Mapping[str, str]) -> None:
    for action, said in words.items():
        deeds[action] = Deed(action=action, words=said, group=group)


def on_directory_change(callback: Callable[..., Any]) -> None:
    if callback not in directory_changed:
        directory_changed.append(callback)


def on_people_named(find: Callable[..., set[int]]) -> None:
    if find not in people_named:
        people_named.append(find)
