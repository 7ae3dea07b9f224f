"""The door of usage: what is looked at, and what of it is kept, before anything is answered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from adoption.models import PROFILE, PROFILE_VERSION, MappingProfile
from adoption.sources import kept
from adoption.sources.catalogue import SOURCES, Source
from adoption.sources.mapping import mapping_of
from adoption.sources.rows import ADDING, ParseContext, Parsed, UsageRow
from organizations.models import ApiKey, ImportBatch, Organization
from portfolio.models import Initiative


@dataclass(frozen=True, kw_only=True)
class Door:
    """What a request says of its body, as far as reading it needs to know.

    profile: what was declared of the columns, for the source `mapper`.
    """

    organization: Organization
    source: Source
    initiative: str
    content_type: str
    as_of: datetime | None
    api_key: ApiKey | None
    now: datetime
    day: date | None = None
    profile: MappingProfile | None = None

    @property
    def options(self) -> dict[str, str]:
        """What the batch has to remember beside its body."""
        found = {"day": self.day.isoformat()} if self.day else {}
        if self.profile is not None:
            found |= {PROFILE: self.profile.name, PROFILE_VERSION: str(self.profile.version)}
        return found

    @property
    def kept_as(self) -> str:
        """The form in which the body is stored: as it came, or what was read from it."""
        return kept.MEDIA if self.source.holds_text else self.content_type

    def admitted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks to store. Raises EnvelopeError for a form this source does not take.

        A body that can carry prompts or answers is read here and now, and only its rows are kept.
        """
        if not self.source.holds_text:
            return self._looked_at(blocks)
        return kept.keep(self.pieces(blocks))

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Parsed[UsageRow]]:
        """The body as it is read, of which nothing is stored. Raises EnvelopeError."""
        return self.source.parse(
            self._looked_at(blocks), content_type=self.content_type, context=self.context()
        )

    def _looked_at(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.source.admit(content_type=self.content_type, head=block)
            yield block

    def context(self) -> ParseContext:
        """What reading the body has to know."""
        return context_of(
            organization=self.organization,
            initiatives=Initiative.objects.values_list("key", flat=True),
            initiative=self.initiative,
            source=self.source,
            as_of=self.as_of,
            api_key=self.api_key,
            now=self.now,
            day=self.day,
            profile=self.profile,
        )


def read_by(batch: ImportBatch) -> Sequence[tuple[str, str]]:
    """(term, words) of the profile that read a batch, units and all; nothing without one."""
    if PROFILE not in batch.options:
        return ()
    name, version = batch.options[PROFILE], int(batch.options[PROFILE_VERSION])
    profile = MappingProfile.objects.filter(name=name, version=version).first()
    if profile is None:
        # It was deleted in the moment in which the batch arrived.
        return (("Profile", f"{name}, version {version}, deleted"),)
    mapping = mapping_of(profile.mapping)
    return (("Profile", str(profile)), ("A line is", mapping.period), *mapping.fields)


def context_of(
    *,
    organization: Organization,
    initiatives: Iterable[str],
    initiative: str,
    source: Source,
    as_of: datetime | None,
    api_key: ApiKey | None,
    now: datetime,
    day: date | None = None,
    profile: MappingProfile | None = None,
) -> ParseContext:
    """What a source has to know to read a body. Runs inside the organization."""
    return ParseContext(
        initiatives=frozenset(initiatives),
        default_initiative=initiative or None,
        default_source=profile.name if profile else _default_source(source, api_key),
        today=now.astimezone(ZoneInfo(organization.time_zone)).date(),
        now=now,
        currency=organization.currency,
        as_of=as_of,
        pinned_initiative=(api_key.pinned_initiative or None) if api_key else None,
        pinned_source=(api_key.pinned_source or None) if api_key else None,
        time_zone=organization.time_zone,
        day=day,
        mapping=mapping_of(profile.mapping) if profile else None,
    )


def _default_source(source: Source, api_key: ApiKey | None) -> str:
    """Vendors' subjects carry the vendor's name; canonical ones the name of the key or `upload`."""
    if source.name != "canonical":
        return source.name
    name = api_key.name if api_key else "upload"
    # A key called like a log would make rows that replace look like events that add.
    return f"key {name}" if name in ADDING else name


def context_of_batch(
    *, batch: ImportBatch, organization: Organization, initiatives: Iterable[str], now: datetime
) -> ParseContext:
    """The same for a kept batch."""
    return context_of(
        organization=organization,
        initiatives=initiatives,
        initiative=batch.initiative,
        source=SOURCES[batch.source],
        as_of=batch.as_of if batch.as_of_stated else None,
        api_key=batch.api_key,
        now=now,
        day=date.fromisoformat(batch.options["day"]) if "day" in batch.options else None,
    )
