"""What of the first set-up is done, read off the data itself."""

from dataclasses import dataclass

from organizations.calculations.jobs import BatchKind, BatchState
from organizations.models import ApiKey, Department, ImportBatch, Organization, Person
from organizations.reports import offers
from organizations.reports.offers import SetupStep
from ui.formats import integer

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True, kw_only=True)
class StepState:
    """One step as a page shows it. state: done, now (the first open one) or empty."""

    number: int
    step: SetupStep
    said: str
    state: str


@dataclass(frozen=True, kw_only=True)
class SetupReport:
    steps: tuple[StepState, ...]

    @property
    def left(self) -> int:
        return sum(step.state != "done" for step in self.steps)

    @property
    def complete(self) -> bool:
        return self.left == 0

    @property
    def left_in_words(self) -> str:
        """ "Three steps left", the start of a sentence."""
        number = NUMBERS[self.left] if self.left < len(NUMBERS) else integer(self.left)
        return f"{number} {'step' if self.left == 1 else 'steps'} left"


def setup_report(*, organization: Organization) -> SetupReport:
    """The state of every step, for the organization in force."""
    steps = sorted((*GROUND, *offers.setup_steps()), key=lambda step: (step.order, step.key))
    said = [step.said(organization) for step in steps]
    now = next((number for number, words in enumerate(said) if not words), None)
    return SetupReport(
        steps=tuple(
            StepState(
                number=number + 1,
                step=step,
                said=words,
                state="done" if words else ("now" if number == now else ""),
            )
            for number, (step, words) in enumerate(zip(steps, said, strict=True))
        )
    )


def _organization(organization: Organization) -> str:
    return f"{organization.name}, {organization.currency}, days of {organization.time_zone}"


def _people(organization: Organization) -> str:
    people = Person.objects.count()
    if not people:
        return ""
    return f"{counted(people, 'person', 'people')}, {_departments(Department.objects.count())}"


def _departments(number: int) -> str:
    return counted(number, "department", "departments") if number else "no departments yet"


def _usage(organization: Organization) -> str:
    taken = ImportBatch.objects.filter(kind=BatchKind.USAGE, state=BatchState.DONE)
    batches = taken.exclude(accepted=0, revised=0, duplicate=0).count()
    if not batches:
        return ""
    keys = ApiKey.objects.filter(revoked_at=None).count()
    return f"{counted(batches, 'batch', 'batches')} of usage, {counted(keys, 'key', 'keys')}"


def counted(number: int, one: str, many: str) -> str:
    """ "1 key", "1,240 people" """
    return f"{integer(number)} {one if number == 1 else many}"


GROUND = (
    SetupStep(
        key="organization",
        order=10,
        title="Name the organization",
        hint="Its name, its time zone and its currency.",
        button="",
        url_name="",
        said=_organization,
    ),
    SetupStep(
        key="people",
        order=20,
        title="Add people and departments",
        hint="A CSV from your directory: who works where, since when.",
        button="Add people",
        url_name="people_import",
        said=_people,
    ),
    SetupStep(
        key="usage",
        order=60,
        title="Connect usage data",
        hint="Make a key, copy the line it comes with, and the first rows arrive.",
        button="Make a key",
        url_name="keys",
        said=_usage,
    ),
)
