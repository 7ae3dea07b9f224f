"""Refusals beside the fields they are about, and what an address asks for."""

from enum import StrEnum
from typing import TypeVar

from django import forms

from organizations.errors import LastMileError

E = TypeVar("E", bound=StrEnum)


def tell(form: forms.Form, refusal: LastMileError) -> None:
    """Put a refusal of an action beside the field it is about, or above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, f"{refusal.message} {refusal.remedy}".strip())


def member_of(kind: type[E], text: str) -> E | None:
    """The member of an enumeration that an address names, or None."""
    return next((member for member in kind if member.value == text), None)
