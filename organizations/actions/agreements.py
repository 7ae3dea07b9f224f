"""The usage agreement and the rules it speaks of: drafted, published, changed."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.agreement import Rules, Section
from organizations.errors import Conflict, LastMileError
from organizations.models import Agreement, Organization, User
from organizations.models.tenant import SMALLEST_GROUP
from organizations.reports.agreement import draft_of, newest, rules_of


class NothingToPublish(Conflict):
    code = "nothing_to_publish"


class GroupTooSmall(LastMileError):
    code = "group_too_small"


@transaction.atomic
def save_draft(
    *, organization_id: int, body: Mapping[str, str], by: User, now: datetime
) -> Agreement:
    """Keep a draft of the next version; there is one draft at a time."""
    _hold(organization_id)
    texts = {section.value: body[section].strip() for section in Section}
    draft = draft_of()
    if draft is None:
        last = newest()
        draft = Agreement.objects.create(
            version=(last.version if last else 0) + 1, body=texts, written_by=by
        )
    else:
        Agreement.objects.filter(pk=draft.pk).update(body=texts, written_by=by)
        draft.refresh_from_db()
    _record(draft, "agreement.drafted", by, now)
    return draft


@transaction.atomic
def publish_agreement(*, organization_id: int, by: User, now: datetime) -> Agreement:
    """Make the draft the agreement in force, with the rules of this moment.

    Raises NothingToPublish without a draft.
    """
    organization = _hold(organization_id)
    draft = draft_of()
    if draft is None:
        raise NothingToPublish("There is no draft.", remedy="Write and save one first.")
    Agreement.objects.filter(pk=draft.pk).update(
        settings=asdict(rules_of(organization)), published_at=now, published_by=by
    )
    draft.refresh_from_db()
    _record(draft, "agreement.published", by, now)
    return draft


@transaction.atomic
def discard_draft(*, organization_id: int, by: User, now: datetime) -> bool:
    """Throw the draft away. False when there was none."""
    _hold(organization_id)
    draft = draft_of()
    if draft is None:
        return False
    _record(draft, "agreement.discarded", by, now)
    draft.delete()
    return True


@transaction.atomic
def change_rules(*, organization_id: int, rules: Rules, actor: Actor, now: datetime) -> list[str]:
    """Change who sees how much for how long. Returns the names of what differs.

    Figures are suppressed when they are read, so a larger group works at once; times work from the
    next night on. Raises GroupTooSmall.
    """
    organization = _hold(organization_id)
    if rules.k_min < SMALLEST_GROUP:
        raise GroupTooSmall(
            f"Groups below {SMALLEST_GROUP} are never shown.",
            field="k_min",
            remedy=f"Choose {SMALLEST_GROUP} or more.",
        )
    before, after = asdict(rules_of(organization)), asdict(rules)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return []
    Organization.objects.filter(pk=organization.pk).update(
        **{name: after[name] for name in changed}
    )
    record(
        organization_id=organization.pk,
        actor=actor,
        action="privacy.changed",
        object_kind="organization",
        object_id=organization.public_id,
        changes={name: [before[name], after[name]] for name in changed},
        now=now,
    )
    return changed


def _hold(organization_id: int) -> Organization:
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def _record(agreement: Agreement, action: str, by: User, now: datetime) -> None:
    record(
        organization_id=agreement.organization_id,
        actor=Actor(kind="user", id=by.pk),
        action=action,
        object_kind="agreement",
        object_id=agreement.public_id,
        changes={"version": agreement.version},
        now=now,
    )
