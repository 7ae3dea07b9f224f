"""What upper floors offer to the pages of the ground floor, filled in their AppConfig.ready.

The first set-up, the form of a key and the request to copy speak of sprints, initiatives and
sources, which are known above:

    offers.add_setup_step(SetupStep(key="sprint", order=30, title=…, hint=…, url_name=…, said=…))
    offers.name_initiatives(lambda: [("claims-triage", "Claims triage"), …])
    offers.name_sources(lambda: [("github_copilot", "GitHub Copilot"), …])
    offers.add_upload(Upload(key="usage", order=20, label="usage", url_name=…, action=…))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

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


_steps: dict[str, SetupStep] = {}
_uploads: dict[str, Upload] = {}
_choosers: dict[str, Chooser] = {}
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
