"""`manage.py pull NAME`: fetch a vendor's report and import it. Run it every night by cron.

Tokens come from the environment, are never stored and never printed.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from adoption.actions.pulling import take_body
from adoption.management.telling import organization_named, tell
from adoption.sources.pulls import github_copilot, m365_copilot
from adoption.sources.pulls.fetching import Fetcher, PullError
from organizations import scope
from organizations.errors import LastMileError

NAMES = ("github_copilot", "m365_copilot")
# GitHub's figures of a day change for three days: each night asks for the last four.
DAYS_AGAIN = 4


@dataclass(frozen=True, kw_only=True)
class Report:
    """One fetched body."""

    name: str
    content_type: str
    body: bytes


class Command(BaseCommand):
    help = "Fetch a vendor's usage report and import it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=NAMES)
        parser.add_argument("--initiative", required=True, help="key the usage belongs to")
        parser.add_argument("--organization", default="", help="short name; needed with several")
        parser.add_argument("--account", default="", help="github_copilot: orgs/NAME")
        parser.add_argument("--day", type=date.fromisoformat, help="one UTC day, YYYY-MM-DD")
        parser.add_argument("--days", type=int, default=DAYS_AGAIN, help="so many days up to now")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_named(options["organization"])
        try:
            with scope.opened(), scope.organization(organization.pk):
                for report in self._reports(options):
                    batch = take_body(
                        organization=organization,
                        source_name=options["name"],
                        initiative=options["initiative"],
                        content_type=report.content_type,
                        blocks=[report.body],
                        filename=report.name,
                        clock=lambda: datetime.now(UTC),
                    )
                    tell(batch, self.stdout)
        except PullError as fault:
            raise CommandError(str(fault)) from None
        except LastMileError as refusal:
            raise CommandError(f"{refusal.message} {refusal.remedy}".strip()) from None

    def _reports(self, options: dict[str, Any]) -> Iterator[Report]:
        if options["name"] == "m365_copilot":
            yield self._m365_copilot()
            return
        for day in _days(options["day"], options["days"]):
            body = github_copilot.fetch(
                fetcher=Fetcher(hosts=github_copilot.HOSTS),
                token=_need("LASTMILE_PULL_GITHUB_TOKEN"),
                account=options["account"],
                day=day,
            )
            if body is None:
                self.stdout.write(f"GitHub has no report for {day} yet.")
            else:
                yield Report(
                    name=f"users-1-day-{day}.ndjson", content_type="application/x-ndjson", body=body
                )

    def _m365_copilot(self) -> Report:
        body = m365_copilot.fetch(
            fetcher=Fetcher(hosts=m365_copilot.HOSTS),
            tenant=_need("LASTMILE_PULL_GRAPH_TENANT"),
            client_id=_need("LASTMILE_PULL_GRAPH_CLIENT_ID"),
            client_secret=_need("LASTMILE_PULL_GRAPH_CLIENT_SECRET"),
        )
        return Report(name="m365-copilot-d7.csv", content_type="text/csv", body=body)


def _days(day: date | None, days: int) -> list[date]:
    """The day asked for, or the last complete ones, oldest first."""
    if day is not None:
        return [day]
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return [yesterday - timedelta(days=n) for n in reversed(range(max(days, 1)))]


def _need(name: str) -> str:
    """The setting of an environment variable. Raises CommandError while it is empty."""
    value: str = getattr(settings, name.removeprefix("LASTMILE_"))
    if not value:
        raise CommandError(f"Set {name} in the environment of this command.")
    return value
