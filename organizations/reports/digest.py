"""Who gets a digest, and what stands in it: with the roles held at the moment of sending."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from organizations.calculations.choices import Digest
from organizations.calculations.digest import DigestLine
from organizations.calculations.roles import Role
from organizations.models import Membership, User
from organizations.reports.queue import Reader, queue_lines, roles_for


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """A member who has not switched the digest off, and the roles that last."""

    user: User
    roles: frozenset[Role]


def recipients(*, today: date) -> tuple[Recipient, ...]:
    """Members of the organization in force whose roles last, by login."""
    rows = (
        Membership.objects.filter(Q(until=None) | Q(until__gte=today), user__is_active=True)
        .exclude(user__digest=Digest.OFF.value)
        .select_related("user")
        .order_by("user_id", "pk")
    )
    roles: dict[int, set[Role]] = defaultdict(set)
    users: dict[int, User] = {}
    for row in rows:
        users[row.user_id] = row.user
        roles[row.user_id].add(Role(row.role))
    return tuple(
        Recipient(user=user, roles=frozenset(roles[user_id])) for user_id, user in users.items()
    )


def digest_lines(*, recipient: Recipient, today: date) -> list[DigestLine]:
    """What waits for a member, in the order of the queue.

    An item whose page the member may no longer open is left out: its title may name what the
    member must not learn.
    """
    reader = Reader(user_id=recipient.user.pk, roles=recipient.roles, today=today)
    return [
        DigestLine(title=line.title, kind=line.kind.label, due_on=line.due_on, overdue=line.overdue)
        for line in queue_lines(reader=reader, only=None)
        if recipient.roles & roles_for(url=line.url)
    ]
