"""Keep the filters of a list under a name, rename them, let them go. Everybody has their own."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import Conflict, LastMileError, NotFound
from organizations.models import Organization, SavedView, User
from organizations.registry import saveables

LONGEST_QUERY = 1000
MOST_VIEWS = 50


class BadView(LastMileError):
    code = "bad_view"


@transaction.atomic
def save_view(
    *, organization: Organization, user: User, page: str, name: str, query: str, now: datetime
) -> SavedView:
    """Keep a page with its filters; which page of the list it was on is not kept.

    Raises NotFound for a page without saved views, BadView, Conflict for a name that is taken.
    """
    if page not in saveables:
        raise NotFound("Views of this page cannot be saved.")
    kept = clean_query(query)
    if len(kept) > LONGEST_QUERY:
        raise BadView("These filters are too long to be kept.", remedy="Filter by less.")
    mine = SavedView.objects.filter(user=user)
    if mine.count() >= MOST_VIEWS:
        raise BadView(f"{MOST_VIEWS} views are kept already.", remedy="Delete one first.")
    try:
        with transaction.atomic():
            made = SavedView.objects.create(
                organization=organization, user=user, page=page, name=name, query=kept
            )
    except IntegrityError as taken:
        raise _taken() from taken
    _record(made, "view.saved", now)
    return made


@transaction.atomic
def rename_view(*, view: SavedView, name: str, now: datetime) -> None:
    """Raises Conflict for a name that is taken."""
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=name)
    except IntegrityError as taken:
        raise _taken() from taken
    _record(view, "view.renamed", now)


@transaction.atomic
def delete_view(*, view: SavedView, now: datetime) -> None:
    SavedView.objects.filter(pk=view.pk).delete()
    _record(view, "view.deleted", now)


def clean_query(query: str) -> str:
    """The filters of an address without empty ones and without the number of the page.

    >>> clean_query("?q=lee&page=3&state=")
    'q=lee'
    """
    pairs = parse_qsl(query.removeprefix("?"))
    return urlencode([(key, value) for key, value in pairs if key != "page"])


def _taken() -> Conflict:
    return Conflict("You have a view of this name here.", field="name", remedy="Choose another.")


def _record(view: SavedView, action: str, now: datetime) -> None:
    record(
        organization_id=view.organization_id,
        actor=Actor(kind="user", id=view.user_id),
        action=action,
        object_kind="saved_view",
        object_id=view.public_id,
        changes={"page": view.page},
        now=now,
    )
