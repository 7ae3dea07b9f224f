"""The door of usage: what is looked at, and what of it is kept, before anything is answered."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from adoption.sources import kept
from adoption.sources.catalogue import SOURCES, Source
from adoption.sources.rows import ADDING, ParseContext
from organizations.models import ApiKey, ImportBatch, Organization
from portfolio.models import Initiative


@dataclass(frozen=True, kw_only=True)
class Door:
    """What a request says of its body, as far as reading it needs to know."""

    organization: Organization
    source: Source
    initiative: str
    content_type: str
    as_of: datetime | None
    api_key: ApiKey | None
    now: datetime
    day: date | None = None

    @property
    def options(self) -> dict[str, str]:
        """What the batch has to remember beside its body."""
        return {"day": self.day.isoformat()} if self.day else {}

    @property
    def kept_as(self) -> str:
        """The form in which the body is stored: as it came, or what was read from it."""
        return kept.MEDIA if self.source.holds_text else self.content_type

    def admitted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks to store. Raises EnvelopeError for a form this source does not take.

        A body that can carry prompts or answers is read here and now, and only its rows are kept.
        """
        looked_at = self._looked_at(blocks)
        if not self.source.holds_text:
            return looked_at
        pieces = self.source.parse(
            looked_at, content_type=self.content_type, context=self._context()
        )
        return kept.keep(pieces)

    def _looked_at(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.source.admit(content_type=self.content_type, head=block)
            yield block

    def _context(self) -> ParseContext:
        return context_of(
            organization=self.organization,
            initiatives=Initiative.objects.values_list("key", flat=True),
            initiative=self.initiative,
            source=self.source,
            as_of=self.as_of,
            api_key=self.api_key,
            now=self.now,
            day=self.day,
        )


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
) -> ParseContext:
    """What a source has to know to read a body. Runs inside the organization."""
    return ParseContext(
        initiatives=frozenset(initiatives),
        default_initiative=initiative or None,
        default_source=_default_source(source, api_key),
        today=now.astimezone(ZoneInfo(organization.time_zone)).date(),
        now=now,
        currency=organization.currency,
        as_of=as_of,
        pinned_initiative=(api_key.pinned_initiative or None) if api_key else None,
        pinned_source=(api_key.pinned_source or None) if api_key else None,
        time_zone=organization.time_zone,
        day=day,
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
