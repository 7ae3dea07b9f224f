"""Acts of this app in the words of the audit trail."""

from typing import Final

ADOPTION: Final[dict[str, str]] = {
    "adoption.exported": "downloaded figures of adoption",
    "profile.archived": "archived a profile of columns",
    "profile.brought_back": "brought a profile of columns back",
    "profile.changed": "changed a profile of columns",
    "profile.deleted": "deleted a profile of columns",
    "profile.saved": "saved a profile of columns",
    "sources.exported": "downloaded how the sources are",
    "usage.imported": "imported usage",
    "usage.preview_applied": "imported a file of usage after looking at it",
    "usage.preview_discarded": "discarded a file of usage",
    "usage.refused": "sent usage that was refused",
    "usage.undone": "took a usage import back",
}
