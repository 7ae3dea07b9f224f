"""Erase somebody, for good: also from the next import and from a backup of before.

Every app that stores people says in the registry how it forgets one; the calls are one transaction.
What is left is a tombstone for work objects to point at, and keyed hashes that name nobody.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations import scope
from organizations.actions.forgetting import own_subjects
from organizations.actions.journal import Entry, write_journal
from organizations.actions.login import is_last_administrator
from organizations.actions.originals import forget_in_imports
from organizations.actions.rows import hold_directory
from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.erasing import (
    EXTERNAL_ID,
    TOMBSTONE,
    Name,
    erasure_key,
    identity_hash,
    identity_hashes,
    subject_name,
)
from organizations.errors import Conflict
from organizations.models import (
    Erasure,
    Organization,
    Person,
    PersonAlias,
    Subject,
    SubjectAlias,
    SubjectLink,
    SuppressedIdentity,
)
from organizations.registry import person_data

# Ids that a source makes up: they say nothing outside it.
_ONLY_IN_SOURCE = frozenset({"concealed", "apikey", "none", "uid", "guid"})


class LastAdministrator(Conflict):
    code = "last_administrator"


@transaction.atomic
def erase_person(*, person: Person, actor: Actor, now: datetime) -> dict[str, int]:
    """Forget a person in the organization in force. Returns the rows by table.

    Somebody erased before is left alone. Raises LastAdministrator.
    """
    organization = hold_directory(organization_id=person.organization_id)
    person = Person.objects.select_for_update().get(pk=person.pk)
    if person.erased_at is not None:
        return {}
    if person.user is not None and is_last_administrator(user=person.user):
        raise LastAdministrator(
            "The last administrator cannot be erased.", remedy="Make somebody else one first."
        )
    hashes = _hashes(organization, _names_of(person))
    _claim_strangers(organization, person, hashes)
    # Once more: the strangers brought names of their own.
    names = _names_of(person)
    hashes = _hashes(organization, names)
    counts = forget_in_imports(person=person, words=[person.name, *(value for _, value in names)])
    for data in reversed(person_data.values()):
        counts[data.name] = data.erase(person_id=person.pk, now=now)
    _suppress(hashes, now)
    Erasure.objects.create(
        person_public_id=person.public_id, identities=hashes, erased_at=now, counts=counts
    )
    record(
        organization_id=organization.pk,
        actor=actor,
        action="person.erased",
        object_kind="person",
        object_id=person.public_id,
        changes=counts,
        now=now,
    )
    transaction.on_commit(lambda: _write_journal(organization.pk))
    return counts


def suppressed_of(*, names: Iterable[Name]) -> set[Name]:
    """Which of these (kind, value) pairs belong to somebody who was erased.

    One question to the database, none of the names where nobody was ever erased.
    """
    known = set(SuppressedIdentity.objects.values_list("identity", flat=True))
    if not known:
        return set()
    organization = str(Organization.objects.get(pk=scope.current()).public_id)
    key = erasure_key(secret=settings.SECRET_KEY)
    return {
        name
        for name in names
        if identity_hash(key=key, organization=organization, name=name) in known
    }


def suppressed_subjects(*, subjects: Iterable[tuple[int, str, str, str, str]]) -> list[int]:
    """The numbers of those (number, source, scope, kind, id) that name somebody erased."""
    asked = {
        number: _names_of_subject(source, where, kind, external_id)
        for number, source, where, kind, external_id in subjects
    }
    gone = suppressed_of(names={name for names in asked.values() for name in names})
    return [number for number, names in asked.items() if not gone.isdisjoint(names)]


def replay(*, entries: Iterable[Entry], now: datetime) -> int:
    """After a restore: erase again whoever the journal names. Returns how many were."""
    done = 0
    for entry in entries:
        organization = Organization.objects.filter(public_id=entry.organization).first()
        if organization is not None:
            with scope.organization(organization.pk):
                done += _replay_one(organization, entry)
    return done


@transaction.atomic
def _replay_one(organization: Organization, entry: Entry) -> bool:
    if Erasure.objects.filter(person_public_id=entry.person).exists():
        return False
    place = f"erased-{entry.person}"
    # Somebody who came after the backup was taken may be in its facts under a source's name.
    person, _ = Person.objects.get_or_create(
        public_id=entry.person,
        defaults={"external_id": place, "name": TOMBSTONE, "email": f"{place}@erased.invalid"},
    )
    _suppress(entry.identities, entry.at)
    _claim_strangers(organization, person, entry.identities)
    erase_person(person=person, actor=SYSTEM, now=entry.at)
    return True


def _names_of(person: Person) -> list[Name]:
    """Every name by which a file or a source may bring the person back."""
    names: list[Name] = [("email", person.email), (EXTERNAL_ID, person.external_id)]
    names += PersonAlias.objects.filter(person=person).values_list("kind", "value")
    own = own_subjects(person.pk)
    for source, where, kind, external_id in own.values_list(
        "source", "scope", "kind", "external_id"
    ):
        names += _names_of_subject(source, where, kind, external_id)
    also = SubjectAlias.objects.filter(subject__in=own).values_list("kind", "value")
    return [*names, *((kind, value) for kind, value in also if kind not in _ONLY_IN_SOURCE)]


def _names_of_subject(source: str, where: str, kind: str, external_id: str) -> list[Name]:
    own = subject_name(source=source, scope=where, kind=kind, external_id=external_id)
    return [own] if kind in _ONLY_IN_SOURCE else [own, (kind, external_id)]


def _hashes(organization: Organization, names: Iterable[Name]) -> list[str]:
    return identity_hashes(
        key=erasure_key(secret=settings.SECRET_KEY),
        organization=str(organization.public_id),
        names=names,
    )


def _claim_strangers(organization: Organization, person: Person, hashes: Iterable[str]) -> None:
    """Subjects without a person that carry one of the names are the person's as well."""
    wanted = set(hashes)
    linked = SubjectLink.objects.values("subject_id")
    strangers = Subject.objects.exclude(pk__in=linked)
    found = [
        pk
        for pk, source, where, kind, external_id in strangers.values_list(
            "pk", "source", "scope", "kind", "external_id"
        ).iterator(chunk_size=5000)
        if not wanted.isdisjoint(
            _hashes(organization, _names_of_subject(source, where, kind, external_id))
        )
    ]
    SubjectLink.objects.bulk_create(
        SubjectLink(
            organization=organization,
            subject_id=pk,
            person=person,
            span=DateRange(None, None),
            how="erasure",
        )
        for pk in found
    )


def _suppress(hashes: Iterable[str], now: datetime) -> None:
    SuppressedIdentity.objects.bulk_create(
        (SuppressedIdentity(identity=identity, since=now) for identity in hashes),
        ignore_conflicts=True,
    )


def _write_journal(organization_id: int) -> None:
    with scope.organization(organization_id):
        write_journal(organization_id=organization_id, path=settings.ERASURE_JOURNAL)
