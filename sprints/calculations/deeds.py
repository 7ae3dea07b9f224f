"""Acts of this app in the words of the audit trail."""

from typing import Final

SPRINT: Final[dict[str, str]] = {"sprint.started": "started a sprint"}
