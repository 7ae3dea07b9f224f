from organizations.models.access import Invitation, InvitationDepartment, Signer, SignOn, StandIn
from organizations.models.decisions import Approval, DigestSent, QueueItem
from organizations.models.directory import (
    Department,
    Employment,
    JobRole,
    Leave,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
)
from organizations.models.imports import BatchChange, BatchChunk, ImportBatch, RowError
from organizations.models.keeping import ExportRun, Holiday, Note, SavedView, ShareLink
from organizations.models.keys import ApiKey, KeyDay, KeyMinute
from organizations.models.mail import Mail
from organizations.models.privacy import (
    Agreement,
    Consent,
    DataRequest,
    Erasure,
    PersonView,
    SuppressedIdentity,
)
from organizations.models.subjects import Subject, SubjectAlias, SubjectLink
from organizations.models.tenant import (
    Membership,
    MembershipDepartment,
    Noun,
    Organization,
    TenantModel,
    User,
)
from organizations.models.trail import AuditEvent, AuditHead
from organizations.models.work import Counter, DirtySpan, DirtyWeek, JobRun

__all__ = [
    "Agreement",
    "ApiKey",
    "Approval",
    "AuditEvent",
    "AuditHead",
    "BatchChange",
    "BatchChunk",
    "Consent",
    "Counter",
    "DataRequest",
    "Department",
    "DigestSent",
    "DirtySpan",
    "DirtyWeek",
    "Employment",
    "Erasure",
    "ExportRun",
    "Holiday",
    "ImportBatch",
    "Invitation",
    "InvitationDepartment",
    "JobRole",
    "JobRun",
    "KeyDay",
    "KeyMinute",
    "Leave",
    "Mail",
    "Membership",
    "MembershipDepartment",
    "Note",
    "Noun",
    "Organization",
    "Person",
    "PersonAlias",
    "PersonDepartment",
    "PersonRole",
    "PersonView",
    "QueueItem",
    "RowError",
    "SavedView",
    "ShareLink",
    "SignOn",
    "Signer",
    "StandIn",
    "Subject",
    "SubjectAlias",
    "SubjectLink",
    "SuppressedIdentity",
    "TenantModel",
    "User",
]
