"""Acts of this app in the words of the audit trail."""

from typing import Final

ADOPTION: Final[dict[str, str]] = {
    "adoption.exported": "downloaded figures of adoption",
    "usage.imported": "imported usage",
    "usage.refused": "sent usage that was refused",
}
