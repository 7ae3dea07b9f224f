"""`manage.py backup FILE`: the whole installation in one file, taken while the site runs."""

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lastmile.backups import BackupError, write
from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.services import database_at_hand


class Command(BaseCommand):
    help = "Write database, stored files and their sums into one new file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["file"].resolve()
        embedded = not os.environ.get("DATABASE_URL")
        try:
            with database_at_hand(settings.DATA_DIR, embedded=embedded):
                manifest = write(target=target, now=datetime.now(UTC))
        except (BackupError, EmbeddedError) as refusal:
            raise CommandError(str(refusal)) from None
        total = sum(manifest.rows.values())
        self.stdout.write(f"{target}: {total:,} rows in {len(manifest.rows)} tables.")
        self.stdout.write(
            "It holds personal data: store it encrypted. The installation's key (SECRET_KEY, or "
            f"{settings.DATA_DIR / 'secret.key'}) is not in it; keep it too: API keys need it."
        )
