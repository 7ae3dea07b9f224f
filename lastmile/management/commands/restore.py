"""`manage.py restore FILE`: a backup into an empty installation, proved whole."""

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lastmile.backups import BackupError, restore
from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.services import database_at_hand


class Command(BaseCommand):
    help = "Restore a backup into an empty database and check every count and sum of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--erasures",
            type=Path,
            help="a journal of erasures (erasures.jsonl) that lies somewhere else",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        embedded = not os.environ.get("DATABASE_URL")
        try:
            with database_at_hand(settings.DATA_DIR, embedded=embedded):
                manifest = restore(
                    source=options["file"], now=datetime.now(UTC), journal=options["erasures"]
                )
        except (BackupError, EmbeddedError, OSError, BadZipFile) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"Restored and checked: {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} "
            f"tables, {len(manifest.sha256)} parts, {len(manifest.audit_heads)} audit chains, "
            f"as of {manifest.made_at}. All sessions ended; who was erased since is erased "
            "again. Start with `python3 dev.py up`."
        )
