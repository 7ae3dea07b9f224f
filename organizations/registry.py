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
    is no longer held.
    """

    kind: str
    process: Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a refresh: run(organization_id=…, now=…) returns the number of rows it wrote."""

    name: str
    order: int
    run: Callable[..., int]


@dataclass(frozen=True, kw_only=True)
class QueueKind:
    """A kind of item of the decision queue: the words of its group and where it stands in it."""

    kind: str
    label: str
    order: int
    icon: str = "check"


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
class TableExport:
    """One CSV of the whole-organization file; rows() runs inside it and streams.

    Nobody's usage is in it: figures about people go through the suppression first.
    """

    name: str
    header: tuple[str, ...]
    rows: Callable[[], Iterable[Sequence[Any]]]


@dataclass(frozen=True, kw_only=True)
class Shareable:
    """A page that may be shown to whoever has a link: its URL name, its action, how it is drawn.

    show(organization=…, query=…, now=…) returns (template, context) with groups only, suppressed,
    and no address to click but its own.
    """

    page: str
    label: str
    action: str
    show: Callable[..., tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Notable:
    """A kind of object that carries notes: title(object_id=…) names one of this organization.

    It returns None where there is none, so that nothing is written on what does not exist.
    """

    kind: str
    title: Callable[..., str | None]
    url: Callable[..., str]


batch_work: dict[str, BatchWork] = {}
refresh_steps: list[Step] = []
night_steps: list[Step] = []
queue_kinds: dict[str, QueueKind] = {}
approval_kinds: dict[str, ApprovalKind] = {}
deliverables: dict[str, Deliverable] = {}
holdings: dict[str, Holding] = {}
person_data: dict[str, PersonData] = {}
table_exports: dict[str, TableExport] = {}
shareables: dict[str, Shareable] = {}
notables: dict[str, Notable] = {}
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


def register_table_export(export: TableExport) -> None:
    table_exports[export.name] = export


def register_shareable(page: Shareable) -> None:
    shareables[page.page] = page


def register_notable(notable: Notable) -> None:
    notables[notable.kind] = notable


def on_directory_change(callback: Callable[..., Any]) -> None:
    if callback not in directory_changed:
        directory_changed.append(callback)
