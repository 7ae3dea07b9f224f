"""Who a subject is: one by hand, many by file, and the filter of their list."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from organizations.calculations.spans import Span, through
from organizations.forms.telling import member_of
from organizations.models import Person
from organizations.reports.people import find_person
from organizations.reports.subjects import SubjectsFilter, SubjectState


def _day_field(label: str, help_text: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )


class SubjectLinkForm(forms.Form):
    """Who a subject is. Nothing is guessed: one address or directory id, exactly."""

    person = forms.CharField(
        label="Email or directory id of the person",
        max_length=254,
        help_text="Exactly as the directory has it.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    first = _day_field("From", "The first day on which it was this person. Empty: since always.")
    last = _day_field("To", "The last day, itself included. Empty: until now and on.")

    def clean_person(self) -> Person:
        person = find_person(text=self.cleaned_data["person"])
        if person is None:
            raise forms.ValidationError(
                "Nobody in the directory has exactly this address or id. Check it under People."
            )
        return person

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        first, last = values.get("first"), values.get("last")
        if first and last and last < first:
            self.add_error("last", "It lies before the first day.")
        return values

    @property
    def span(self) -> Span:
        first: date | None = self.cleaned_data["first"]
        last: date | None = self.cleaned_data["last"]
        return through(first, last)


class UnlinkForm(forms.Form):
    link = forms.IntegerField(min_value=1)


class LinksFileForm(forms.Form):
    file = forms.FileField(
        label="File of links",
        help_text="CSV in UTF-8, at most 20,000 rows. Rows without a person are left open.",
        widget=forms.ClearableFileInput({"accept": ".csv"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if not str(file.name).lower().endswith(".csv"):
            raise forms.ValidationError("Its name has to end in .csv.")
        if (file.size or 0) > settings.MAX_JSON_DOCUMENT_BYTES:
            raise forms.ValidationError("A file of links may have 16 MB. Split it.")
        return file


def subjects_filter(query: QueryDict) -> SubjectsFilter:
    """What an address asks of the list; values it does not know are left out."""
    return SubjectsFilter(
        text=query.get("q", "").strip()[:254],
        source=query.get("source", "")[:60],
        state=member_of(SubjectState, query.get("state", "")) or SubjectState.OPEN,
    )
