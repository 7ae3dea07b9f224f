"""Settings: the general ones, the calendar, prices of hours, signers, and the end of it."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator

from organizations.calculations.prices import HIGHEST_PRICE, Price, faults
from organizations.calculations.settings import (
    FIRST_YEAR,
    LAST_YEAR,
    LONGEST_GRACE,
    MONTHS,
    WEEKDAYS,
    DayOff,
    read_days_off,
)
from organizations.forms.welcome import time_zones
from organizations.models import Organization
from organizations.reports.settings import ActLine, RoleLine

BAD_LINES_TOLD = 5


class GeneralForm(forms.Form):
    """The general settings; each field says what changing it does."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="Shown on every page and mail from now on. Old entries keep what they said.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        help_text="Moves the border between days, and the start of the night, from now on. "
        "Weeks that have been counted stay as they are.",
    )
    currency = forms.CharField(
        label="Currency",
        max_length=3,
        help_text="For hour prices and new budgets. Amounts keep the currency they were entered "
        "in. It cannot change while hour prices are stored.",
        validators=[RegexValidator(r"^[A-Za-z]{3}$", "Write three letters, such as EUR.")],
    )
    fiscal_start_month = forms.TypedChoiceField(
        label="Fiscal year starts in",
        coerce=int,
        choices=list(enumerate(MONTHS, start=1)),
        help_text="Decides which months a quarter holds. Nothing stored changes.",
    )
    grace_days = forms.IntegerField(
        label="Grace after a start, in days",
        min_value=0,
        max_value=LONGEST_GRACE,
        help_text="For so long nobody new counts as eligible. Every week is counted again, also "
        "past ones, and adoption shares change.",
    )
    require_mfa = forms.BooleanField(
        label="Second factor for roles that decide",
        required=False,
        help_text="Administrators, program leads, executives and facilitators then need one "
        "within 7 days of their first sign-in.",
    )

    @classmethod
    def of(cls, organization: Organization, data: Any = None) -> "GeneralForm":
        fields = cls.base_fields
        return cls(data, initial={name: getattr(organization, name) for name in fields})

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class WeekdaysForm(forms.Form):
    weekdays = forms.TypedMultipleChoiceField(
        label="Working days",
        coerce=int,
        choices=list(enumerate(WEEKDAYS, start=1)),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one working day."},
    )


class DaysOffForm(forms.Form):
    """A list of days off, one on a line."""

    lines = forms.CharField(
        label="Days off, one on a line",
        max_length=20_000,
        help_text="A day, a blank, its name. For example: 2027-01-01 New Year’s Day",  # noqa: RUF001
        widget=forms.Textarea({"rows": 5, "spellcheck": "false"}),
    )

    def clean_lines(self) -> tuple[DayOff, ...]:
        found, bad = read_days_off(self.cleaned_data["lines"])
        if bad:
            told = [f"Line {line.line}: {line.problem}" for line in bad[:BAD_LINES_TOLD]]
            if len(bad) > BAD_LINES_TOLD:
                told.append(f"And {len(bad) - BAD_LINES_TOLD} more lines.")
            raise forms.ValidationError(told)
        return found


class CopyYearForm(forms.Form):
    """Days of the year before that fall on the same date again."""

    days = forms.MultipleChoiceField(
        label="Days of the year before",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one day."},
    )

    def __init__(self, data: Any, *, offered: Iterable[DayOff]) -> None:
        super().__init__(data)
        self._offered = {off.day.isoformat(): off for off in offered}
        field = self.fields["days"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - narrows for mypy
        field.choices = [(key, off.name) for key, off in self._offered.items()]

    @property
    def chosen(self) -> tuple[DayOff, ...]:
        return tuple(self._offered[key] for key in self.cleaned_data["days"])


class DayForm(forms.Form):
    day = forms.DateField()


def asked_year(text: str, *, today: date) -> int:
    """The year that an address names, or this one."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else today.year
    return number if FIRST_YEAR <= number <= LAST_YEAR else today.year


class PriceForm(forms.Form):
    """The price of one job role."""

    week_hours = forms.DecimalField(
        label="Week hours", required=False, min_value=0, max_digits=4, decimal_places=1
    )
    hour_price = forms.DecimalField(
        label="Price of an hour",
        required=False,
        min_value=0,
        max_value=HIGHEST_PRICE,
        max_digits=10,
        decimal_places=2,
    )
    price_source = forms.CharField(label="Source", required=False, max_length=200)
    priced_on = forms.DateField(
        label="Since",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any = None, *, line: RoleLine, today: date) -> None:
        role = line.role
        initial = {name: getattr(role, name) for name in self.base_fields}
        super().__init__(data, prefix=str(role.public_id), initial=initial)
        self.line = line
        self._today = today
        for field in self.fields.values():
            field.label = f"{field.label} of {role.name}"

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            for name, sentence in faults(price=self.price, today=self._today):
                self.add_error(name, sentence)
        return values

    @property
    def price(self) -> Price:
        return Price(**{name: self.cleaned_data[name] for name in self.base_fields})


class PricesFileForm(forms.Form):
    file = forms.FileField(
        label="File of prices",
        help_text="CSV in UTF-8. Roles that are not in it stay as they are.",
        widget=forms.ClearableFileInput({"accept": ".csv"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            raise forms.ValidationError("A file of prices may have 1 MB.")
        return file


class SignersForm(forms.Form):
    """Who signs one act; nobody ticked: everybody whose role allows it."""

    act = forms.CharField(widget=forms.HiddenInput)
    members = forms.TypedMultipleChoiceField(
        label="Who signs it",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any = None, *, act: ActLine) -> None:
        chosen = [choice.membership_id for choice in act.choices if choice.chosen]
        super().__init__(
            data,
            initial={"act": act.kind.act, "members": chosen},
            auto_id=f"{act.kind.act.replace('.', '-')}_%s",
        )
        self.line = act
        field = self.fields["members"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101 - narrows for mypy
        field.choices = [
            (choice.membership_id, f"{choice.name}, {choice.role.lower()}")
            for choice in act.choices
        ]


class LeaveForm(forms.Form):
    sure = forms.BooleanField(
        label="I want to leave this organization",
        error_messages={"required": "Tick that you are sure."},
    )


class CloseForm(forms.Form):
    """The proposal to delete an organization."""

    name = forms.CharField(
        label="Name of the organization",
        max_length=120,
        help_text="Type it exactly, so that nobody deletes the wrong one.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        help_text="The second administrator reads it before signing.",
        widget=forms.Textarea({"rows": 3}),
    )


class ReopenForm(forms.Form):
    organization = forms.UUIDField()

    @property
    def public_id(self) -> UUID:
        found: UUID = self.cleaned_data["organization"]
        return found
