"""Files of initiatives, of rules and of seats, as people choose them on the import pages."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from organizations.calculations.jobs import BatchKind
from organizations.sources.records import Media
from portfolio.models import Initiative
from portfolio.sources.copilot_seats import ACCEPTED as SEAT_FORMS
from portfolio.sources.copilot_seats import NAME as COPILOT_SEATS

CONTENT_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xlsx": Media.XLSX.value,
}
RULES = BatchKind.ELIGIBILITY.value


class ImportForm(forms.Form):
    """A file of initiatives or of eligibility rules."""

    file = forms.FileField(
        label="File",
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

    @property
    def key(self) -> str:
        """The key of the initiative that the whole file is about; "" where rows name theirs."""
        return ""


class EligibilityImportForm(ImportForm):
    """A file of rules, or a vendor's list of seats that open one initiative."""

    field_order = ("source", "initiative", "file")
    source = forms.ChoiceField(
        label="What the file is",
        required=False,
        choices=(
            (RULES, "Rules, one a row"),
            (COPILOT_SEATS, "Seats of GitHub Copilot (JSON of /copilot/billing/seats)"),
        ),
    )
    initiative: "forms.ModelChoiceField[Initiative]" = forms.ModelChoiceField(
        label="Initiative that the seats open",
        queryset=None,
        required=False,
        to_field_name="key",
        empty_label="Named in the rows",
        help_text="For seats only: they do not say it themselves.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["initiative"].queryset = Initiative.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or RULES

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("source") == COPILOT_SEATS:
            self._check_seats(values)
        return values

    def _check_seats(self, values: dict[str, Any]) -> None:
        if values.get("initiative") is None:
            self.add_error("initiative", "Choose the initiative that the seats open.")
        if "file" in values and self.content_type not in SEAT_FORMS:
            self.add_error("file", "Seats come as .json, or one a line as .ndjson.")

    @property
    def key(self) -> str:
        chosen = self.cleaned_data["initiative"]
        return chosen.key if chosen and self.cleaned_data["source"] == COPILOT_SEATS else ""


def _content_type(file: UploadedFile) -> str | None:
    return CONTENT_TYPES.get(PurePath(file.name or "").suffix.lower())
