"""The usage agreement as people read it, and how it differs from the rules in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from organizations.calculations.agreement import (
    HEADINGS,
    Piece,
    Rules,
    Section,
    changed_rules,
    default_text,
    differences,
)
from organizations.models import Agreement, ApiKey, Organization, Subject
from organizations.reports import offers


@dataclass(frozen=True, kw_only=True)
class Part:
    """One section: heading, paragraphs, and what differs from the version before."""

    key: str
    heading: str
    paragraphs: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()

    @property
    def differs(self) -> bool:
        return any(piece.kind != "kept" for piece in self.pieces)


@dataclass(frozen=True, kw_only=True)
class Version:
    number: int
    published_at: datetime | None
    published_by: str


@dataclass(frozen=True, kw_only=True)
class AgreementPage:
    """One version to read. `number` None: nothing was published, the text is what holds anyway."""

    title: str
    number: int | None
    published_at: datetime | None
    parts: tuple[Part, ...]
    versions: tuple[Version, ...]
    has_draft: bool
    unpublished_rules: tuple[str, ...]
    is_draft: bool = False
    is_old: bool = False

    @property
    def has_differences(self) -> bool:
        return any(part.differs for part in self.parts)


def rules_of(organization: Organization) -> Rules:
    """The rules in force."""
    return Rules(
        k_min=organization.k_min,
        usage_months=organization.usage_months,
        originals_days=organization.originals_days,
        survey_months=organization.survey_months,
        access_days=organization.access_days,
        trail_years=organization.trail_years,
        champion_sees=organization.champion_sees,
    )


def in_force() -> Agreement | None:
    """The newest published version."""
    return Agreement.objects.exclude(published_at=None).order_by("-version").first()


def newest() -> Agreement | None:
    """The newest version, published or not."""
    return Agreement.objects.order_by("-version").first()


def draft_of() -> Agreement | None:
    """The version that is being written, or None."""
    return Agreement.objects.filter(published_at=None).order_by("-version").first()


def find_version(*, number: int) -> Agreement | None:
    return Agreement.objects.exclude(published_at=None).filter(version=number).first()


def unpublished_rules(*, organization: Organization) -> tuple[str, ...]:
    """Rules that changed after the agreement in force was published; none without one."""
    agreement = in_force()
    if agreement is None:
        return ()
    return tuple(changed_rules(published=agreement.settings, rules=rules_of(organization)))


def starting_text(*, organization: Organization) -> dict[str, str]:
    """What a new draft begins with: the version in force, else the text made from the rules."""
    agreement = in_force()
    return dict(agreement.body) if agreement else generated_text(organization=organization)


def generated_text(*, organization: Organization) -> dict[str, str]:
    """The text that the rules and the sources in use make."""
    return default_text(rules=rules_of(organization), sources=_sources_in_use())


def agreement_page(*, organization: Organization, shown: Agreement | None) -> AgreementPage:
    """The page of one version, or of the generated text where none was ever published."""
    body = shown.body if shown else generated_text(organization=organization)
    current = in_force()
    is_draft = shown is not None and shown.published_at is None
    is_old = shown is not None and current is not None and shown.version < current.version
    return AgreementPage(
        title=_title(shown, is_draft=is_draft, is_old=is_old),
        number=shown.version if shown else None,
        published_at=shown.published_at if shown else None,
        parts=_parts(body, _before(shown)),
        versions=_versions(),
        has_draft=draft_of() is not None,
        unpublished_rules=unpublished_rules(organization=organization),
        is_draft=is_draft,
        is_old=is_old,
    )


def _title(shown: Agreement | None, *, is_draft: bool, is_old: bool) -> str:
    if shown is None:
        return "No agreement is published yet; this is what the program does"
    if is_draft:
        return f"Draft of version {shown.version}"
    return (
        f"Version {shown.version}, replaced since" if is_old else "What is kept about you, and why"
    )


def _before(shown: Agreement | None) -> Mapping[str, str] | None:
    if shown is None:
        return None
    earlier = Agreement.objects.exclude(published_at=None).filter(version__lt=shown.version)
    before = earlier.order_by("-version").first()
    return before.body if before else None


def _parts(body: Mapping[str, str], before: Mapping[str, str] | None) -> tuple[Part, ...]:
    return tuple(
        Part(
            key=section.value,
            heading=HEADINGS[section],
            paragraphs=tuple(p.strip() for p in body.get(section, "").split("\n\n") if p.strip()),
            pieces=tuple(
                differences(before=before.get(section, ""), after=body.get(section, ""))
                if before is not None
                else ()
            ),
        )
        for section in Section
        if body.get(section, "").strip()
    )


def _versions() -> tuple[Version, ...]:
    found = Agreement.objects.exclude(published_at=None).select_related("published_by")
    return tuple(
        Version(
            number=row.version,
            published_at=row.published_at,
            published_by=row.published_by.name if row.published_by else "",
        )
        for row in found.order_by("-version")
    )


def _sources_in_use() -> list[str]:
    """Labels of the sources that have named somebody; a source of one's own keeps its name."""
    labels = dict(offers.sources())
    own = set(ApiKey.objects.values_list("name", flat=True)) | {"upload", "canonical"}
    used = set(Subject.objects.values_list("source", flat=True).distinct())
    return sorted({labels.get(name, name) for name in used - own})
