"""How a table of the data file is described, and the tables of the ground floor."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from organizations.models import (
    Agreement,
    ApiKey,
    Approval,
    AuditEvent,
    Department,
    Employment,
    Holiday,
    ImportBatch,
    JobRole,
    Leave,
    Membership,
    Note,
    Organization,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
    QueueItem,
    Signer,
    Subject,
    SubjectLink,
)
from organizations.registry import TableExport
from organizations.scope import current
from ui.tables import Cell

AT_ONCE = 2_000
ONE_DAY = timedelta(days=1)
FIRST_DAY, LAST_DAY = "span__startswith", "span__endswith"
SPAN = {
    "from": (FIRST_DAY, "first day; empty: since always"),
    "to": (LAST_DAY, "last day; empty: open"),
}

Columns = Mapping[str, tuple[str, str]]


def plain_table(
    *, name: str, order: int, about: str, columns: Columns, rows: Callable[[], QuerySet[Any]]
) -> TableExport:
    """A table whose cells are fields: column → (field, what it says). Read by a server-side cursor.

    The query names its order. Ends of spans are written as the last day inside.
    """
    fields = [field for field, _ in columns.values()]

    def streamed() -> Iterator[Sequence[Cell]]:
        for values in rows().values_list(*fields).iterator(chunk_size=AT_ONCE):
            yield [written(field, value) for field, value in zip(fields, values, strict=True)]

    return TableExport(
        name=name,
        order=order,
        about=about,
        columns={column: words for column, (_, words) in columns.items()},
        rows=streamed,
    )


def written(field: str, value: Any) -> Cell:
    """A value of a field as a cell: nothing to say is empty, lists and objects are texts."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value - ONE_DAY if field.endswith(LAST_DAY) else value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | tuple):
        return ";".join(str(part) for part in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    cell: Cell = value
    return cell


def _spans(name: str, order: int, about: str, model: Any, more: Columns) -> TableExport:
    return plain_table(
        name=name,
        order=order,
        about=about,
        columns={"person": ("person__external_id", "id in the directory"), **more, **SPAN},
        rows=lambda: model.objects.order_by("person_id", "span", "pk"),
    )


GROUND = (
    plain_table(
        name="organization",
        order=10,
        about="The organization and its settings: one row.",
        columns={
            "id": ("public_id", "random id"),
            "name": ("name", "its name"),
            "time_zone": ("time_zone", "decides when a day begins"),
            "currency": ("currency", "three letters"),
            "fiscal_start_month": ("fiscal_start_month", "1 to 12"),
            "smallest_group": ("k_min", "people, smaller groups are not shown"),
            "grace_days": ("grace_days", "days after a start before somebody counts"),
            "working_days": ("working_days", "ISO weekdays, Monday is 1"),
            "second_factor": ("require_mfa", "required for roles that decide"),
            "usage_months": ("usage_months", "months that usage of single people is kept"),
            "created_at": ("created_at", "when it was founded here"),
        },
        rows=lambda: Organization.objects.filter(pk=current()).order_by("pk"),
    ),
    plain_table(
        name="holidays",
        order=20,
        about="Days on which nobody is expected to work.",
        columns={"day": ("day", "the day"), "name": ("name", "its name")},
        rows=lambda: Holiday.objects.order_by("day", "pk"),
    ),
    plain_table(
        name="departments",
        order=30,
        about="The tree of departments, one row each.",
        columns={
            "department": ("key", "path from the top"),
            "name": ("name", "last part of the path"),
            "above": ("parent__key", "the department that holds it"),
        },
        rows=lambda: Department.objects.order_by("key", "pk"),
    ),
    plain_table(
        name="job_roles",
        order=40,
        about="Job roles and the price of their hour.",
        columns={
            "job_role": ("name", "its name"),
            "week_hours": ("week_hours", "hours of a contracted week"),
            "hour_price": ("hour_price", "in the organization's currency"),
            "price_source": ("price_source", "who stated the price"),
            "priced_on": ("priced_on", "since when the price holds"),
        },
        rows=lambda: JobRole.objects.order_by("name", "pk"),
    ),
    plain_table(
        name="people",
        order=50,
        about="Everybody of the directory; an erased person is a row without name and address.",
        columns={
            "person": ("external_id", "id in the directory"),
            "name": ("name", "name"),
            "email": ("email", "address"),
            "erased_at": ("erased_at", "when name and address were erased"),
        },
        rows=lambda: Person.objects.order_by("external_id", "pk"),
    ),
    plain_table(
        name="people_aliases",
        order=60,
        about="Names by which sources may know somebody.",
        columns={
            "person": ("person__external_id", "id in the directory"),
            "kind": ("kind", "email, login, upn, uid, guid"),
            "value": ("value", "the name, folded"),
        },
        rows=lambda: PersonAlias.objects.order_by("person_id", "kind", "value", "pk"),
    ),
    _spans("people_employment", 70, "When somebody was employed.", Employment, {}),
    _spans("people_leave", 80, "When somebody was away. Why is not stored.", Leave, {}),
    _spans(
        "people_departments",
        90,
        "Where somebody worked when.",
        PersonDepartment,
        {"department": ("department__key", "path from the top")},
    ),
    _spans(
        "people_job_roles",
        100,
        "What somebody was when.",
        PersonRole,
        {"job_role": ("job_role__name", "its name")},
    ),
    plain_table(
        name="memberships",
        order=110,
        about="Who has which role in Last Mile, one row per role.",
        columns={
            "id": ("public_id", "random id"),
            "name": ("user__name", "name of the login"),
            "email": ("user__email", "address of the login"),
            "role": ("role", "administrator, program_lead, champion and so on"),
            "until": ("until", "last day; empty: open"),
        },
        rows=lambda: Membership.objects.order_by("user__email", "role", "pk"),
    ),
    plain_table(
        name="signers",
        order=120,
        about="Who was named to sign an act; an act without a row is signed by all who may.",
        columns={
            "act": ("act", "the act"),
            "email": ("membership__user__email", "address of the login"),
        },
        rows=lambda: Signer.objects.order_by("act", "pk"),
    ),
    plain_table(
        name="api_keys",
        order=130,
        about="API keys without their secrets.",
        columns={
            "id": ("public_id", "random id"),
            "name": ("name", "its name"),
            "scopes": ("scopes", "what it may do"),
            "pinned_source": ("pinned_source", "only this source; empty: any"),
            "pinned_initiative": ("pinned_initiative", "only this initiative; empty: any"),
            "created_at": ("created_at", "when it was made"),
            "expires_on": ("expires_on", "last day"),
            "revoked_at": ("revoked_at", "when it was ended by hand"),
            "last_used_on": ("last_used_on", "last day of a request"),
        },
        rows=lambda: ApiKey.objects.order_by("created_at", "pk"),
    ),
    plain_table(
        name="batches",
        order=140,
        about="Imports: received = accepted + revised + duplicate + rejected.",
        columns={
            "number": ("number", "counted from 1"),
            "kind": ("kind", "usage, people, initiatives, eligibility"),
            "source": ("source", "form of the file"),
            "filename": ("filename", "as it was called"),
            "sha256": ("sha256", "of the body as it came"),
            "received_at": ("received_at", "when it came"),
            "state": ("state", "received, running, done, refused, dead and so on"),
            **{
                name: (name, "rows")
                for name in ("received", "accepted", "revised", "duplicate", "rejected")
            },
            "unmatched": ("unmatched", "rows whose subject was nobody's when they came"),
        },
        rows=lambda: ImportBatch.objects.order_by("number", "pk"),
    ),
    plain_table(
        name="subjects",
        order=150,
        about="Ids under which sources know somebody, with the days of the first and last word.",
        columns={
            "id": ("public_id", "random id"),
            "source": ("source", "the source"),
            "scope": ("scope", "part of the source"),
            "kind": ("kind", "email, login, upn, uid, guid"),
            "external_id": ("external_id", "the id"),
            "first_seen": ("first_seen", "first day"),
            "last_seen": ("last_seen", "last day"),
        },
        rows=lambda: Subject.objects.order_by("pk"),
    ),
    plain_table(
        name="subject_links",
        order=160,
        about="Which subject is whom, from a day to a day.",
        columns={
            "subject": ("subject__public_id", "id in subjects.csv"),
            "person": ("person__external_id", "id in the directory"),
            "how": ("how", "address, login, id or hand"),
            **SPAN,
        },
        rows=lambda: SubjectLink.objects.order_by("subject_id", "span", "pk"),
    ),
    plain_table(
        name="queue_items",
        order=170,
        about="The decision queue, open and settled.",
        columns={
            "id": ("public_id", "random id"),
            "kind": ("kind", "what kind of wait"),
            "title": ("title", "what waits"),
            "owner": ("owner__email", "who has it; empty: a role"),
            "role": ("role", "which role has it; empty: one person"),
            "opened_at": ("opened_at", "since when"),
            "due_on": ("due_on", "until when"),
            "state": ("state", "open, done, withdrawn"),
            "outcome": ("outcome", "how it ended"),
            "done_by": ("done_by__email", "who ended it"),
            "done_at": ("done_at", "when it ended"),
        },
        rows=lambda: QueueItem.objects.order_by("opened_at", "pk"),
    ),
    plain_table(
        name="approvals",
        order=180,
        about="Acts of two people.",
        columns={
            "id": ("public_id", "random id"),
            "act": ("act", "the act"),
            "title": ("title", "what is done"),
            "reason": ("reason", "why, by who proposed it"),
            "proposed_by": ("proposed_by__email", "first person"),
            "proposed_at": ("proposed_at", "when"),
            "state": ("state", "open, approved, declined, withdrawn"),
            "decided_by": ("decided_by__email", "second person"),
            "decided_at": ("decided_at", "when"),
            "answer": ("answer", "what the second person said"),
            "single_signature": ("single_signature", "signed alone during the first 30 days"),
        },
        rows=lambda: Approval.objects.order_by("proposed_at", "pk"),
    ),
    plain_table(
        name="notes",
        order=190,
        about="Dated remarks on objects.",
        columns={
            "object_kind": ("object_kind", "on what"),
            "object_id": ("object_id", "which one"),
            "day": ("day", "its day"),
            "text": ("text", "the remark"),
            "author": ("author__email", "who wrote it"),
        },
        rows=lambda: Note.objects.filter(removed_at=None).order_by("day", "pk"),
    ),
    plain_table(
        name="agreements",
        order=200,
        about="Versions of what people were told.",
        columns={
            "version": ("version", "counted from 1"),
            "published_at": ("published_at", "empty: a draft"),
            "body": ("body", "texts of the sections"),
            "settings": ("settings", "the rules in force when it was published"),
        },
        rows=lambda: Agreement.objects.order_by("version", "pk"),
    ),
    plain_table(
        name="audit_trail",
        order=900,
        about="Every act, chained: each hash covers its entry and the hash before it.",
        columns={
            "sequence": ("sequence", "counted from 1"),
            "at": ("at", "when"),
            "actor_kind": ("actor_kind", "user, key or system"),
            "actor_id": ("actor_id", "number of the login or key"),
            "action": ("action", "what was done"),
            "object_kind": ("object_kind", "on what"),
            "object_id": ("object_id", "which one"),
            "changes": ("changes", "what changed, personal values as hashes"),
            "request_id": ("request_id", "id of the request, as in the logs"),
            "previous_hash": ("previous_hash", "of the entry before"),
            "hash": ("hash", "of this entry"),
        },
        rows=lambda: AuditEvent.objects.order_by("sequence"),
    ),
)
