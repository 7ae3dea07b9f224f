"""`manage.py import_usage FILE --source NAME --initiative KEY`: a file of usage from the shell."""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from adoption.actions.pulling import take_body
from adoption.management.telling import organization_named, tell
from adoption.sources.catalogue import SOURCES
from organizations import scope
from organizations.errors import LastMileError
from organizations.sources.records import Media

BLOCK = 1024 * 1024
CONTENT_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xlsx": Media.XLSX.value,
}


class Command(BaseCommand):
    help = "Import a file of usage by the same road as the API, and print what became of its rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="canonical", choices=sorted(SOURCES))
        parser.add_argument("--initiative", default="", help="key; needed where rows name none")
        parser.add_argument("--organization", default="", help="short name; needed with several")
        parser.add_argument(
            "--day", type=date.fromisoformat, help="YYYY-MM-DD, for reports that do not say"
        )
        parser.add_argument(
            "--profile", default="", help="name of a saved profile, for --source mapper"
        )
        parser.add_argument("--strict", action="store_true", help="one bad row refuses the file")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        content_type = CONTENT_TYPES.get(file.suffix.lower())
        if content_type is None:
            raise CommandError(f"The name has to end in {', '.join(CONTENT_TYPES)}.")
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        organization = organization_named(options["organization"])
        with scope.opened(), scope.organization(organization.pk):
            try:
                batch = take_body(
                    organization=organization,
                    source_name=options["source"],
                    initiative=options["initiative"],
                    content_type=content_type,
                    blocks=_blocks(file),
                    filename=file.name,
                    strict=options["strict"],
                    day=options["day"],
                    profile=options["profile"],
                    clock=lambda: datetime.now(UTC),
                )
            except LastMileError as refusal:
                raise CommandError(f"{refusal.message} {refusal.remedy}".strip()) from None
            tell(batch, self.stdout)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as body:
        while block := body.read(BLOCK):
            yield block
