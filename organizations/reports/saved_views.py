"""Saved views of a member, as lists and pages show them."""

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from organizations.models import SavedView
from organizations.registry import saveables


@dataclass(frozen=True, kw_only=True)
class ViewLine:
    """One view; url opens the list with its filters."""

    public_id: UUID
    name: str
    page: str
    label: str
    query: str

    @property
    def url(self) -> str:
        return reverse(self.page) + (f"?{self.query}" if self.query else "")


def views_of(*, user_id: int, page: str | None = None) -> tuple[ViewLine, ...]:
    """The member's views in the organization in force, of one page or of all, by name."""
    kept = SavedView.objects.filter(user_id=user_id, page__in=list(saveables))
    if page is not None:
        kept = kept.filter(page=page)
    return tuple(line_of(view) for view in kept.order_by("page", "name"))


def view_of(*, user_id: int, public_id: UUID) -> SavedView | None:
    """One of the member's own; None for everybody else's."""
    own = SavedView.objects.filter(user_id=user_id, page__in=list(saveables))
    return own.filter(public_id=public_id).first()


def line_of(view: SavedView) -> ViewLine:
    """A view of a page that is still there."""
    return ViewLine(
        public_id=view.public_id,
        name=view.name,
        page=view.page,
        label=saveables[view.page].label,
        query=view.query,
    )
