"""The overview of data and import: how far the data reaches, and what needs a person."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Max

from organizations.calculations.roles import Scope
from organizations.models import ApiKey, ImportBatch, Organization, Subject
from organizations.reports import offers
from organizations.reports.batches import BatchLine, needing_a_look, recent_batches
from organizations.reports.examples import KEY_VARIABLE, Example, Sender, examples_for
from organizations.reports.keys import KeyLine, KeyState, key_lines
from organizations.reports.setup import NUMBERS
from organizations.reports.subjects import open_subjects
from ui.formats import integer, short_date

PEOPLE = offers.Upload(
    key="people", order=10, label="people", url_name="people_import", action="import_people"
)
BATCHES_SHOWN = 8
KEYS_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class DataTabs:
    """Counts beside the tabs of every page about data."""

    batches: int
    keys: int
    unmatched: int


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """through: the newest day any source has told of; None before the first usage."""

    tabs: DataTabs
    through: date | None
    to_look_at: int
    batches: tuple[BatchLine, ...]
    keys: tuple[KeyLine, ...]
    examples: tuple[Example, ...]
    has_initiative: bool

    @property
    def title(self) -> str:
        """How far the data reaches, and whether anything waits for a person."""
        if not self.tabs.batches:
            return "No data has arrived yet"
        reach = f"Data through {short_date(self.through)}" if self.through else "No usage yet"
        return f"{reach}. {_waiting(self.to_look_at)}"

    @property
    def quiet(self) -> tuple[str, ...]:
        """Names of keys that have sent nothing for 30 days."""
        return tuple(key.name for key in self.keys if key.state is KeyState.QUIET)


def data_report(*, organization: Organization, site: str, now: datetime) -> DataReport:
    """The overview for the organization in force. site: "https://lastmile.example"."""
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    keys = tuple(key for key in key_lines(today=today) if key.live)
    initiative = example_initiative()
    sender = Sender(site=site, key=KEY_VARIABLE, scopes={Scope.INGEST_USAGE}, initiative=initiative)
    return DataReport(
        tabs=data_tabs(today=today),
        through=Subject.objects.aggregate(last=Max("last_seen"))["last"],
        to_look_at=needing_a_look(now=now),
        batches=recent_batches(most=BATCHES_SHOWN),
        keys=keys[:KEYS_SHOWN],
        examples=examples_for(sender=sender, today=today),
        has_initiative=bool(initiative),
    )


def uploads() -> tuple[offers.Upload, ...]:
    """Pages that take a file, people first."""
    return (PEOPLE, *offers.uploads())


def data_tabs(*, today: date) -> DataTabs:
    """Counts of the organization in force."""
    return DataTabs(
        batches=ImportBatch.objects.count(),
        keys=ApiKey.objects.filter(revoked_at=None, expires_on__gte=today).count(),
        unmatched=open_subjects().count(),
    )


def example_initiative() -> str:
    """The key of an initiative that takes usage; "" where none is registered."""
    return next((key for key, _ in offers.initiatives()), "")


def _waiting(batches: int) -> str:
    if not batches:
        return "All batches are complete."
    number = NUMBERS[batches] if batches < len(NUMBERS) else integer(batches)
    return f"{number} {'batch needs' if batches == 1 else 'batches need'} a look."
