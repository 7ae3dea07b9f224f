"""The file of people, and the filter of their list."""

from pathlib import PurePath

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from organizations.forms.telling import member_of
from organizations.reports.people import PeopleFilter, PersonState
from organizations.sources.records import Media

CONTENT_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xlsx": Media.XLSX.value,
}


class PeopleImportForm(forms.Form):
    """A file of people."""

    file = forms.FileField(
        label="File of people",
        help_text="CSV, JSON or NDJSON in UTF-8, at most 64 MB, or an .xlsx of at most 20 MB.",
        widget=forms.ClearableFileInput({"accept": ",".join(CONTENT_TYPES)}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if _content_type(file) is None:
            raise forms.ValidationError("Its name has to end in .csv, .xlsx, .json or .ndjson.")
        if (file.size or 0) > settings.MAX_BODY_BYTES:
            raise forms.ValidationError("A file may have 64 MB. Split it.")
        return file

    @property
    def content_type(self) -> str:
        """By the ending: what browsers say of CSV depends on the programs installed."""
        return _content_type(self.cleaned_data["file"]) or ""


def _content_type(file: UploadedFile) -> str | None:
    return CONTENT_TYPES.get(PurePath(file.name or "").suffix.lower())


def people_filter(query: QueryDict) -> PeopleFilter:
    """What an address asks of the list of people; values it does not know are left out."""
    return PeopleFilter(
        text=query.get("q", "").strip()[:200],
        department=query.get("department", "")[:400],
        state=member_of(PersonState, query.get("state", "")),
    )
