"""Initiatives carry notes."""

from typing import Any
from uuid import UUID

from django.urls import reverse

from organizations.calculations.matrix import ALLOWED
from organizations.registry import Notable
from portfolio.models import Initiative


def _find(object_id: str) -> Initiative | None:
    try:
        public_id = UUID(object_id)
    except ValueError:
        return None
    return Initiative.objects.filter(public_id=public_id).first()


def _title(*, object_id: str) -> str | None:
    found = _find(object_id)
    return found.name if found else None


def _url(*, object_id: str) -> str:
    found = _find(object_id)
    return reverse("initiative", args=[found.key]) if found else reverse("initiatives")


def _may_see(*, member: Any, object_id: str) -> bool:
    return bool(member.roles & ALLOWED["see_initiatives"])


INITIATIVE_NOTES = Notable(kind="initiative", title=_title, url=_url, may_see=_may_see)
