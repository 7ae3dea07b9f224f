"""Providers of sign-on, and the address somebody wants to sign in with."""

from collections.abc import Mapping
from typing import Any

from django import forms

from organizations.calculations.issuers import Issuer


class FindForm(forms.Form):
    """The address that says which provider is meant."""

    email = forms.EmailField(
        label="Work email",
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )


class SignOnForm(forms.Form):
    """A provider; without a secret the stored one stays."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="People see it on the button: Sign in with …",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    issuer = forms.ChoiceField(label="Issuer", help_text="Those the operator of the server allows.")
    client_id = forms.CharField(
        label="Client ID", max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )
    secret = forms.CharField(
        label="Client secret",
        max_length=500,
        help_text="Sealed at rest and never shown again.",
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )
    domains = forms.CharField(
        label="Email domains",
        help_text="Separated by commas. Only verified addresses of these come in.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(
        self, *args: Any, issuers: Mapping[str, Issuer], stored: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["issuer"].choices = [  # type: ignore[attr-defined]
            (one.address, f"{one.address} ({', '.join(one.domains)})") for one in issuers.values()
        ]
        if stored:
            self.fields["secret"].required = False
            self.fields["secret"].help_text = "Leave it empty to keep the one that is stored."

    def clean_domains(self) -> list[str]:
        words = self.cleaned_data["domains"].lower().replace(";", ",").split(",")
        return sorted({word.strip() for word in words if word.strip()})
