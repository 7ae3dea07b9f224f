"""Take a body that the operator has at hand, by the same road as a request."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from adoption.actions.admission import Door
from adoption.actions.profiles import profile_named
from adoption.sources.catalogue import find_source
from organizations.actions.batches import NewBatch, receive, work_off
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind
from organizations.errors import LastMileError
from organizations.models import ImportBatch, Organization
from portfolio.models import Initiative


class UnknownInitiative(LastMileError):
    code = "unknown_initiative"


def take_body(
    *,
    organization: Organization,
    source_name: str,
    initiative: str,
    content_type: str,
    blocks: Iterable[bytes],
    filename: str,
    clock: Callable[[], datetime],
    as_of: datetime | None = None,
    strict: bool = False,
    day: date | None = None,
    profile: str = "",
) -> ImportBatch:
    """Keep a body and work it off here, whatever its size. Runs inside the organization.

    Raises EnvelopeError, UnknownInitiative, UnknownProfile, and what receiving a batch raises.
    """
    source = find_source(source_name)
    if initiative and not Initiative.objects.filter(key=initiative).exists():
        known = ", ".join(Initiative.objects.order_by("key").values_list("key", flat=True)[:10])
        raise UnknownInitiative(
            f"There is no initiative {initiative[:40]}.",
            field="initiative",
            remedy=f"Name one of {known}." if known else "Register one first.",
        )
    now = clock()
    door = Door(
        organization=organization,
        source=source,
        initiative=initiative,
        content_type=content_type,
        as_of=as_of,
        api_key=None,
        now=now,
        day=day,
        profile=profile_named(profile) if profile else None,
    )
    received = receive(
        new=NewBatch(
            organization_id=organization.pk,
            kind=BatchKind.USAGE,
            source=source.name,
            source_version=source.version,
            content_type=door.kept_as,
            actor=SYSTEM,
            initiative=initiative,
            as_of=as_of,
            strict=strict,
            filename=filename,
            options=door.options,
        ),
        blocks=door.admitted(blocks),
        now=now,
    )
    if not received.replayed:
        work_off(batch=received.batch, clock=clock)
    received.batch.refresh_from_db()
    return received.batch
