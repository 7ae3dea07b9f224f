"""Who signs which act of two people."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.matrix import ALLOWED
from organizations.errors import LastMileError, NotFound
from organizations.models import Membership, Organization, Signer
from organizations.registry import approval_kinds


class CannotSign(LastMileError):
    code = "cannot_sign"


@transaction.atomic
def set_signers(
    *,
    organization_id: int,
    act: str,
    membership_ids: Iterable[int],
    actor: Actor,
    now: datetime,
) -> bool:
    """Name who signs an act; none: everybody whose role allows it. False when it was so before.

    Raises NotFound for an act nobody registered, CannotSign for a member whose role does not allow
    the act or has ended: so there is always somebody left who can sign.
    """
    kind = approval_kinds.get(act)
    if kind is None:
        raise NotFound("There is no such act.")
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    wanted = set(membership_ids)
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    able = set(
        Membership.objects.filter(
            Q(until=None) | Q(until__gte=today),
            pk__in=wanted,
            role__in=[role.value for role in ALLOWED[kind.decide]],
            user__is_active=True,
        ).values_list("pk", flat=True)
    )
    if able != wanted:
        raise CannotSign(
            "Somebody chosen can no longer sign this.",
            field="members",
            remedy="Load the page again and choose among those it shows.",
        )
    before = set(Signer.objects.filter(act=act).values_list("membership_id", flat=True))
    if before == wanted:
        return False
    Signer.objects.filter(act=act, membership_id__in=before - wanted).delete()
    Signer.objects.bulk_create(
        Signer(organization_id=organization_id, act=act, membership_id=pk)
        for pk in sorted(wanted - before)
    )
    record(
        organization_id=organization_id,
        actor=actor,
        action="signers.changed",
        object_kind="act",
        object_id=act,
        changes={"memberships": [_public(before), _public(wanted)]},
        now=now,
    )
    return True


def _public(ids: set[int]) -> list[str]:
    found = Membership.objects.filter(pk__in=ids).order_by("pk")
    return [str(public_id) for public_id in found.values_list("public_id", flat=True)]
