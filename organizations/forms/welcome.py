"""The first visit, and the choice of an organization."""

import zoneinfo

from django import forms
from django.core.validators import RegexValidator


def time_zones() -> list[tuple[str, str]]:
    """Zones with a place in their name, and UTC; the others are old spellings of those."""
    names = zoneinfo.available_timezones()
    places = sorted(name for name in names if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class WelcomeForm(forms.Form):
    """The organization and the first login."""

    organization = forms.CharField(label="Organization", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
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
