"""Acts of two people: who may sign one, and one as its page tells it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from organizations.calculations.choices import ApprovalState
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import Role
from organizations.models import Approval, Membership, Organization, Signer, User
from organizations.registry import approval_kinds

STATE_WORDS = {
    ApprovalState.OPEN: "Waits for a second person",
    ApprovalState.APPROVED: "Signed",
    ApprovalState.DECLINED: "Declined",
    ApprovalState.WITHDRAWN: "Withdrawn",
}
TONES = {
    ApprovalState.OPEN: "info",
    ApprovalState.APPROVED: "ok",
    ApprovalState.DECLINED: "danger",
    ApprovalState.WITHDRAWN: "line",
}


@dataclass(frozen=True, kw_only=True)
class ApprovalReport:
    """One act and what its reader may do. signs_alone: as the only person who could sign it."""

    approval: Approval
    label: str
    state: ApprovalState
    signers: tuple[User, ...]
    may_sign: bool
    may_decline: bool
    may_withdraw: bool
    signs_alone: bool

    @property
    def words(self) -> str:
        return STATE_WORDS[self.state]

    @property
    def tone(self) -> str:
        return TONES[self.state]


def able_to_sign(*, act: str, today: date) -> QuerySet[User]:
    """Everybody whose role allows signing this act today, by name."""
    return _users(_able(act, today))


def signers(*, act: str, today: date) -> QuerySet[User]:
    """The named signers of those who are able, else all of them, by name."""
    able = _able(act, today)
    named = able.filter(pk__in=Signer.objects.filter(act=act).values("membership_id"))
    return _users(named if named.exists() else able)


def may_sign_alone(*, organization: Organization, act: str, today: date) -> bool:
    """One person whose role allows it, inside the first 30 days: single-signature start.

    Naming oneself the only signer does not make one alone.
    """
    until = organization.single_signature_until
    if until is None or today > until:
        return False
    return able_to_sign(act=act, today=today).count() == 1


def approval_report(
    *,
    public_id: UUID,
    user_id: int,
    roles: frozenset[Role],
    organization: Organization,
    today: date,
) -> ApprovalReport | None:
    """One act for who proposed it, decided it, may sign it or audits; None for everybody else."""
    approval = (
        Approval.objects.select_related("proposed_by", "decided_by")
        .filter(public_id=public_id)
        .first()
    )
    kind = approval_kinds.get(approval.act) if approval else None
    if approval is None or kind is None:
        return None
    found = tuple(signers(act=approval.act, today=today))
    signs = user_id in {user.pk for user in found}
    party = user_id in (approval.proposed_by_id, approval.decided_by_id)
    if not (signs or party or Role.AUDITOR in roles):
        return None
    is_open = approval.state == ApprovalState.OPEN
    own = user_id == approval.proposed_by_id
    alone = (is_open and signs and own) and may_sign_alone(
        organization=organization, act=approval.act, today=today
    )
    return ApprovalReport(
        approval=approval,
        label=kind.label,
        state=ApprovalState(approval.state),
        signers=tuple(user for user in found if user.pk != approval.proposed_by_id),
        may_sign=is_open and signs and (not own or alone),
        may_decline=is_open and signs and not own,
        may_withdraw=is_open and own,
        signs_alone=alone,
    )


def _able(act: str, today: date) -> QuerySet[Membership]:
    allowed = [role.value for role in ALLOWED[approval_kinds[act].decide]]
    live = Membership.objects.filter(Q(until=None) | Q(until__gte=today))
    return live.filter(role__in=allowed, user__is_active=True)


def _users(memberships: QuerySet[Membership]) -> QuerySet[User]:
    return User.objects.filter(pk__in=memberships.values("user_id")).order_by("name", "pk")
