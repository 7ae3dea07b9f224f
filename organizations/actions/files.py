"""Where files of an organization lie: below the data folder, outside of what the web serves."""

from pathlib import Path
from uuid import UUID

from django.conf import settings

FOLDER = "exports"


def folder_of(*, public_id: UUID) -> Path:
    """The folder of one organization's files; it may not exist yet."""
    return Path(settings.DATA_DIR) / FOLDER / str(public_id)
