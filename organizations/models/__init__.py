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
from organizations.models.imports import BatchChunk, ImportBatch, RowError
from organizations.models.keys import ApiKey, KeyMinute
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
    "ApiKey",
    "AuditEvent",
    "AuditHead",
    "BatchChunk",
    "Counter",
    "Department",
    "DirtySpan",
    "DirtyWeek",
    "Employment",
    "ImportBatch",
    "JobRole",
    "JobRun",
    "KeyMinute",
    "Leave",
    "Membership",
    "MembershipDepartment",
    "Noun",
    "Organization",
    "Person",
    "PersonAlias",
    "PersonDepartment",
    "PersonRole",
    "RowError",
    "Subject",
    "SubjectAlias",
    "SubjectLink",
    "TenantModel",
    "User",
]
