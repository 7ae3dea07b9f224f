"""Whether somebody's champion may see the name; a person's own choice, kept with its history."""

from datetime import datetime

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.models import Consent, Person
from organizations.reports.privacy import consented


@transaction.atomic
def set_consent(*, person: Person, given: bool, actor: Actor, now: datetime) -> bool:
    """Say yes or no, effective at once. False when that was the answer before.

    The audit entry tells that something was chosen and not what: the trail is read by those who
    shall not know.
    """
    Person.objects.select_for_update().get(pk=person.pk)
    answered = Consent.objects.filter(person=person).exists()
    if answered and (person.pk in consented(person_ids=[person.pk])) == given:
        return False
    Consent.objects.create(person=person, given=given, at=now)
    record(
        organization_id=person.organization_id,
        actor=actor,
        action="consent.chosen",
        object_kind="person",
        object_id=person.public_id,
        now=now,
    )
    return True
