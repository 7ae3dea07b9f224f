"""Shapes of what people type into the pages of the ground floor."""

import zoneinfo
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePath
from typing import TypeVar

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.http import QueryDict

from organizations.calculations.jobs import BatchKind, BatchState
from organizations.calculations.roles import Scope
from organizations.errors import LastMileError
from organizations.models import Person
from organizations.reports import offers
from organizations.reports.keys import SCOPE_WORDS
from organizations.reports.people import PeopleFilter, PersonState, find_person

CONTENT_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}
E = TypeVar("E", bound=StrEnum)
FIRST_SCOPES = (Scope.INGEST_USAGE, Scope.INGEST_INITIATIVES)
LIVES = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "365 days"))


def tell(form: forms.Form, refusal: LastMileError) -> None:
    """Put a refusal of an action beside the field it is about, or above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, f"{refusal.message} {refusal.remedy}".strip())


def _time_zones() -> list[tuple[str, str]]:
    """Zones with a place in their name, and UTC; the others are old spellings of those."""
    names = zoneinfo.available_timezones()
    places = sorted(name for name in names if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class WelcomeForm(forms.Form):
    """The organization and the first login."""

    organization = forms.CharField(label="Organization", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=_time_zones,
        initial="UTC",
        help_text="Decides when a day begins and when the night's figures are made.",
    )
    currency = forms.CharField(
        label="Currency",
        max_length=3,
        initial="USD",
        help_text="Three letters, such as USD, EUR or GBP.",
        validators=[RegexValidator(r"^[A-Za-z]{3}$", "Write three letters, such as EUR.")],
    )
    name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = forms.EmailField(
        label="Your work email",
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=200,
        help_text="At least 12 characters. Any are allowed; a sentence is easy to keep.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class SwitchForm(forms.Form):
    organization = forms.UUIDField()


class PeopleImportForm(forms.Form):
    """A file of people."""

    file = forms.FileField(
        label="File of people",
        help_text="CSV, JSON or NDJSON in UTF-8, at most 64 MB.",
        widget=forms.ClearableFileInput({"accept": ",".join(CONTENT_TYPES)}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if _content_type(file) is None:
            raise forms.ValidationError(
                "Its name has to end in .csv, .json or .ndjson. Save a spreadsheet as CSV first."
            )
        if (file.size or 0) > settings.MAX_BODY_BYTES:
            raise forms.ValidationError("A file may have 64 MB. Split it.")
        return file

    @property
    def content_type(self) -> str:
        """By the ending: what browsers say of CSV depends on the programs installed."""
        return _content_type(self.cleaned_data["file"]) or ""


def _content_type(file: UploadedFile) -> str | None:
    return CONTENT_TYPES.get(PurePath(file.name or "").suffix.lower())


def _first_scopes() -> list[str]:
    """Usage; and initiatives as long as there is none that usage could name."""
    scopes = [Scope.INGEST_USAGE] if offers.initiatives() else [*FIRST_SCOPES]
    return [scope.value for scope in scopes]


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="What uses it, such as copilot-usage.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scopes = forms.TypedMultipleChoiceField(
        label="What it may do",
        coerce=Scope,
        choices=[(scope.value, SCOPE_WORDS[scope]) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        initial=_first_scopes,
        error_messages={"required": "Choose at least one thing the key may do."},
    )
    days = forms.TypedChoiceField(label="Ends after", coerce=int, choices=LIVES, initial=365)
    pinned_source = forms.ChoiceField(
        label="Only this source",
        required=False,
        choices=lambda: [("", "Any source"), *offers.sources()],
        help_text="Usage in another form is then refused.",
    )
    pinned_initiative = forms.ChoiceField(
        label="Only this initiative",
        required=False,
        choices=lambda: [("", "Any initiative"), *offers.initiatives()],
        help_text="Rows of another initiative are then refused.",
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class SubjectLinkForm(forms.Form):
    """Who a subject is. Nothing is guessed: one address or directory id, exactly."""

    person = forms.CharField(
        label="Email or directory id of the person",
        max_length=254,
        help_text="Exactly as the directory has it.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_person(self) -> Person:
        person = find_person(text=self.cleaned_data["person"])
        if person is None:
            raise forms.ValidationError(
                "Nobody in the directory has exactly this address or id. Check it under People."
            )
        return person


def people_filter(query: QueryDict) -> PeopleFilter:
    """What an address asks of the list of people; values it does not know are left out."""
    return PeopleFilter(
        text=query.get("q", "").strip()[:200],
        department=query.get("department", "")[:400],
        state=_member(PersonState, query.get("state", "")),
    )


def batch_filter(query: QueryDict) -> tuple[BatchKind | None, BatchState | None]:
    """The kind and the state an address asks of the list of batches."""
    return _member(BatchKind, query.get("kind", "")), _member(BatchState, query.get("state", ""))


def _member(kind: type[E], text: str) -> E | None:
    return next((member for member in kind if member.value == text), None)
