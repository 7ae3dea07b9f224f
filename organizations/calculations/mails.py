"""What mails are about, when one is tried again, and where its link stands in its words."""

from dataclasses import dataclass
from datetime import timedelta

# Stands in stored words for the link, so that emptying the link empties it everywhere.
LINK_PLACE = "[[link]]"
TRIES = 5
_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)


@dataclass(frozen=True, kw_only=True)
class MailKind:
    """Words for a kind of mail. `handed_over`: an administrator may read it and pass it on.

    Every other mail is for its reader alone: a digest names what the administrator's role may
    not see.
    """

    words: str
    button: str = "Open"
    handed_over: bool = False


KINDS = {
    "invitation": MailKind(words="Invitation", button="See the invitation", handed_over=True),
    "password_reset": MailKind(
        words="New password", button="Choose a new password", handed_over=True
    ),
    "mail_test": MailKind(words="Test", handed_over=True),
    "digest": MailKind(words="Digest of the queue", button="Open the queue"),
    "key_leaked": MailKind(words="API key revoked"),
    "organization_closed": MailKind(words="Organization closed"),
    "proposal_answered": MailKind(words="Answer to a proposal", button="Open the proposal"),
}


def kind_of(kind: str) -> MailKind:
    """The words of a kind; one that is not named above is written from its own name."""
    plain = kind.replace("_", " ").replace(".", " ").strip().capitalize() or "Mail"
    return KINDS.get(kind) or MailKind(words=plain)


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None when there will be no other one."""
    return _WAITS[attempts - 1] if attempts < TRIES else None


def without_link(text: str, link: str) -> str:
    """The words with a place in the stead of the link; a link they do not name comes last."""
    if not link:
        return text
    if link not in text:
        return f"{text.rstrip()}\n\n{LINK_PLACE}"
    return text.replace(link, LINK_PLACE)


def with_link(text: str, link: str) -> str:
    """The words as they are sent."""
    return text.replace(LINK_PLACE, link)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: what stands between empty lines."""
    return [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
