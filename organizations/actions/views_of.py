"""Looking at what is stored of a person leaves a trace that the person sees."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.models import Person, PersonView, User

# Looking again at the same thing within this time is the same look.
ONE_LOOK: Final = timedelta(hours=1)


@transaction.atomic
def record_view(
    *, person: Person, member_user: User, role: str, what: str, now: datetime
) -> PersonView | None:
    """Keep that a member looked at `what` (words of a page) of a person; inside the organization.

    None when the same member looked at the same within the hour, and when it was the person.
    """
    if person.user_id == member_user.pk:
        return None
    # Two requests of one page at once: the second one waits and finds the look of the first.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    earlier = PersonView.objects.filter(
        person=person, viewer=member_user, what=what, at__gt=now - ONE_LOOK
    )
    if earlier.exists():
        return None
    view = PersonView.objects.create(
        person=person, viewer=member_user, viewer_role=role, what=what, at=now
    )
    record(
        organization_id=view.organization_id,
        actor=Actor(kind="user", id=member_user.pk),
        action="person.viewed",
        object_kind="person",
        object_id=person.public_id,
        changes={"what": what, "role": role},
        now=now,
    )
    return view
