"""The end of a login in one organization; and of the login itself where it had no other."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from organizations.actions.queue import Ask, ask
from organizations.calculations.choices import ItemState
from organizations.calculations.erasing import TOMBSTONE
from organizations.calculations.roles import Role
from organizations.models import (
    ApiKey,
    DigestSent,
    ExportRun,
    Mail,
    Membership,
    Note,
    QueueItem,
    SavedView,
    ShareLink,
    StandIn,
    User,
)


def forget_login(*, user: User, organization_id: int, now: datetime) -> None:
    """Take a login out of the organization in force; a login of no other one becomes nobody's.

    What waited for it waits for the administrators. Signatures keep pointing at the login.
    """
    _hand_queue_to_administrators(user, organization_id, now)
    for model in (SavedView, DigestSent):
        model.objects.filter(user=user).delete()
    StandIn.objects.filter(user=user).delete()
    StandIn.objects.filter(delegate=user).delete()
    ShareLink.objects.filter(created_by=user).delete()
    ExportRun.objects.filter(asked_by=user).delete()
    ApiKey.objects.filter(owner=user).update(owner=None)
    Note.objects.filter(author=user).update(author=None)
    Mail.objects.filter(user=user).delete()
    Mail.objects.filter(address__iexact=user.email).delete()
    Membership.objects.filter(user=user).delete()
    if not Membership.unscoped.filter(user=user).exists():
        _anonymise(user)


def is_last_administrator(*, user: User) -> bool:
    """Nobody else could look after the organization in force."""
    administrators = Membership.objects.filter(role=Role.ADMINISTRATOR.value)
    return (
        administrators.filter(user=user).exists()
        and not administrators.exclude(user=user).filter(user__is_active=True).exists()
    )


def _hand_queue_to_administrators(user: User, organization_id: int, now: datetime) -> None:
    waiting = QueueItem.objects.filter(state=ItemState.OPEN.value)
    waiting.filter(delegate=user).update(delegate=None)
    for item in waiting.filter(owner=user).order_by("pk"):
        ask(
            organization_id=organization_id,
            asked=Ask(
                kind=item.kind,
                object_kind=item.object_kind,
                object_id=item.object_id,
                title=item.title,
                detail=item.detail,
                url=item.url,
                role=Role.ADMINISTRATOR,
                due_on=item.due_on,
            ),
            now=now,
        )
    waiting.filter(owner=user).update(
        state=ItemState.WITHDRAWN.value, outcome="handed to the administrators", done_at=now
    )


def _anonymise(user: User) -> None:
    for model in (EmailAddress, SocialAccount, Authenticator):
        model.objects.filter(user=user).delete()
    Mail.unscoped.filter(user=user).delete()
    keys = UserSession.objects.filter(user=user).values("session_key")
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=user).delete()
    user.name = TOMBSTONE
    user.email = f"erased-{user.public_id}@erased.invalid"
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["name", "email", "is_active", "password"])
