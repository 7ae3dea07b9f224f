"""Work a people batch off: write what its plan says, and make stale figures known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from organizations.actions.jobs import Lease
from organizations.actions.links import link_matching
from organizations.actions.people import Change, link_users, store_people
from organizations.actions.people_plan import Plan, make_plan
from organizations.actions.people_preview import CHANGED_MEANWHILE, keep_changes, keep_preview
from organizations.actions.rows import Clock, Counts, Outcome, hold_directory, settle
from organizations.calculations.jobs import BatchState
from organizations.calculations.people import groups_differ_from
from organizations.calculations.preview import Entry, choices_of, with_ids
from organizations.calculations.spans import SINCE_ALWAYS, monday
from organizations.dirty import ask_refresh, mark_span
from organizations.models import ImportBatch, Organization
from organizations.registry import directory_changed


def process_people(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
    """Apply the people of a batch. Nobody is removed by being absent. Raises LeaseLost.

    What was previewed is applied only as it was shown: where the directory has changed since, the
    preview is made again and the batch goes back to it.
    """
    settle(batch=batch, lease=lease, clock=clock, work=lambda: _import(batch, clock()))


def _import(batch: ImportBatch, now: datetime) -> Outcome:
    organization = hold_directory(organization_id=batch.organization_id)
    shown = batch.options.get("shown")
    plan = make_plan(
        batch=batch,
        organization=organization,
        preview=shown is not None,
        choices=choices_of(batch.options),
    )
    if shown is not None and plan.fingerprint != shown:
        keep_preview(batch=batch, plan=plan)
        return Outcome(counts=Counts(), state=BatchState.PREVIEW, warnings=(CHANGED_MEANWHILE,))
    written = carry_out(organization=organization, plan=plan, now=now)
    if shown is not None:
        keep_changes(batch=batch, plan=plan, written=written)
    return plan.tally.outcome()


def carry_out(*, organization: Organization, plan: Plan, now: datetime) -> list[Entry]:
    """Write what a plan says, inside the caller's transaction. Returns its entries as written."""
    entries = _with_ids(plan)
    live = [entry for entry in entries if entry.takes_effect]
    written = store_changes(
        organization=organization,
        changes=[
            Change(person_id=entry.person_id, old=entry.old, new=entry.new)
            for entry in live
            if entry.new is not None
        ],
        now=now,
    )
    made = {id(change.new): person_id for person_id, change in written}
    return [
        replace(entry, person_id=made[id(entry.new)]) if entry.takes_effect else entry
        for entry in entries
    ]


def _with_ids(plan: Plan) -> list[Entry]:
    """Entries whose new departments and job roles have been made."""
    known = [entry.new for entry in plan.entries if entry.takes_effect and entry.new is not None]
    departments, roles = plan.places.made(
        departments={pk for one in known for _, pk in one.departments},
        roles={pk for one in known for _, pk in one.roles},
    )
    return [
        replace(entry, new=with_ids(entry.new, departments=departments, roles=roles))
        if entry.new is not None and entry.takes_effect
        else entry
        for entry in plan.entries
    ]


def store_changes(
    *, organization: Organization, changes: Sequence[Change], now: datetime
) -> list[tuple[int, Change]]:
    """Write people and tell whoever computes from them. Returns the changes with their people.

    Runs in the caller's transaction, which holds the directory.
    """
    if not changes:
        return []
    written = store_people(changes=changes)
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    tell_the_house(organization_id=organization.pk, changes=written, now=now, today=today)
    return written


def tell_the_house(
    *, organization_id: int, changes: Sequence[tuple[int, Change]], now: datetime, today: date
) -> None:
    """Link what can be linked now, mark the weeks that changed, tell the floors above."""
    link_users(organization_id=organization_id)
    link_matching(organization_id=organization_id)
    moved: dict[date, list[int]] = defaultdict(list)
    for person_id, change in changes:
        day = groups_differ_from(change.old, change.new) if change.old else SINCE_ALWAYS
        if day is not None and day <= today:
            moved[day].append(person_id)
    for day, person_ids in sorted(moved.items()):
        mark_span(
            organization_id=organization_id,
            person_ids=person_ids,
            from_week=monday(day),
            groups=True,
        )
    person_ids = [person_id for person_id, _ in changes]
    for callback in directory_changed:
        callback(organization_id=organization_id, person_ids=person_ids)
    ask_refresh(organization_id=organization_id, now=now)
