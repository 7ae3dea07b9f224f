"""What upper floors offer to the pages of the ground floor, filled in their AppConfig.ready.

The first set-up, the form of a key and the request to copy speak of sprints, initiatives and
sources, which are known above:

    offers.add_setup_step(SetupStep(key="sprint", order=30, title=…, hint=…, url_name=…, said=…))
    offers.name_initiatives(lambda: [("claims-triage", "Claims triage"), …])
    offers.name_sources(lambda: [("github_copilot", "GitHub Copilot"), …])
    offers.add_upload(Upload(key="usage", order=20, label="usage", url_name=…, action=…))
    offers.tell_sprint_end(sprint_end)
    offers.count_rows(rows_of_subjects)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from organizations.calculations.members import facilitation_end
from organizations.models import Organization

# (value, words) in the order in which a page shows them.
Choices: TypeAlias = Sequence[tuple[str, str]]
Chooser: TypeAlias = Callable[[], Choices]


@dataclass(frozen=True, kw_only=True)
class SetupStep:
    """One step of the first set-up.

    said(organization) tells in a few words what is there already, or "" while the step is open; it
    runs inside that organization. hint says what to do; url_name is the page to do it on, or "".
    """

    key: str
    order: int
    title: str
    hint: str
    button: str
    url_name: str
    said: Callable[[Organization], str]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A page that takes a file: "a file of <label>", for members who may do `action`."""

    key: str
    order: int
    label: str
    url_name: str
    action: str


@dataclass(frozen=True, kw_only=True)
class ImportTemplate:
    """A file to fill in. upload: the page that takes it, or "" where this version does not.

    action: who may open that page; scope: which keys may send it.
    """

    key: str
    order: int
    label: str
    words: str
    body: str
    upload: str = ""
    action: str = ""
    scope: str = ""

    @property
    def columns(self) -> list[str]:
        return self.body.partition("\n")[0].split(",")


_steps: dict[str, SetupStep] = {}
_templates: dict[str, ImportTemplate] = {}
_uploads: dict[str, Upload] = {}
_choosers: dict[str, Chooser] = {}
# (organization_id=…, today=…) → the last day of the sprint that runs or comes next, or None.
_sprint_ends: list[Callable[..., date | None]] = []
# (subject_ids=…) → stored rows of usage by subject, of the organization in force.
_row_counters: list[Callable[..., Mapping[int, int]]] = []
INITIATIVES = "initiatives"
SOURCES = "sources"


def add_setup_step(step: SetupStep) -> None:
    """Add a step, or replace the one of the same key."""
    _steps[step.key] = step


def setup_steps() -> list[SetupStep]:
    """Steps of every floor in their order."""
    return sorted(_steps.values(), key=lambda step: (step.order, step.key))


def add_upload(upload: Upload) -> None:
    """Add a page that takes files, or replace the one of the same key."""
    _uploads[upload.key] = upload


def uploads() -> list[Upload]:
    """Pages that take files, of every floor, in their order."""
    return sorted(_uploads.values(), key=lambda upload: (upload.order, upload.key))


def add_template(template: ImportTemplate) -> None:
    """Add the template of an import, or replace the one of the same key."""
    _templates[template.key] = template


def templates() -> list[ImportTemplate]:
    """Templates of every kind that is read, in no order."""
    return list(_templates.values())


def name_initiatives(chooser: Chooser) -> None:
    """Say how to list the initiatives that take usage, best known first: (key, name)."""
    _choosers[INITIATIVES] = chooser


def name_sources(chooser: Chooser) -> None:
    """Say how to list the sources of usage: (name, label)."""
    _choosers[SOURCES] = chooser


def initiatives() -> Choices:
    """Initiatives of the organization in force; empty where there is none or nobody tells."""
    return _chosen(INITIATIVES)


def sources() -> Choices:
    return _chosen(SOURCES)


def _chosen(name: str) -> Choices:
    chooser = _choosers.get(name)
    return chooser() if chooser else ()


def tell_sprint_end(teller: Callable[..., date | None]) -> None:
    """Say how to find the last day of the sprint that runs, or of the next one."""
    _sprint_ends[:] = [teller]


def longest_facilitation(*, organization_id: int, today: date) -> date:
    """The last day that a facilitator of the organization in force may have."""
    ends = [teller(organization_id=organization_id, today=today) for teller in _sprint_ends]
    return facilitation_end(sprint_ends_on=next(iter(ends), None), today=today)


def count_rows(counter: Callable[..., Mapping[int, int]]) -> None:
    """Say how to count the rows of usage that stand behind subjects."""
    _row_counters[:] = [counter]


def rows_of(*, subject_ids: Sequence[int]) -> Mapping[int, int]:
    """Rows of usage by subject; subjects without any are left out."""
    return next((counter(subject_ids=subject_ids) for counter in _row_counters), {})
