"""Codes of a second factor, each taken once."""

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.core.cache import cache


class _Once(forms.Form):
    """A code is good in its own half minute and in the ones beside it, and never a second time.

    allauth forgets a used code after half a minute, while it still fits.
    """

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        plain = "".join(sign for sign in code if sign.isalnum())
        key = f"second-factor:{self.user.pk}:{plain}"  # type: ignore[attr-defined]
        seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
        if not cache.add(key, 1, timeout=seconds):
            raise get_adapter().validation_error("incorrect_code")
        return code


class SignInCodeForm(_Once, AuthenticateForm):  # type: ignore[misc]
    """The second step of a sign-in."""


class ConfirmCodeForm(_Once, ReauthenticateForm):  # type: ignore[misc]
    """Before an act that asks for a fresh second factor."""


class FirstCodeForm(_Once, ActivateTOTPForm):  # type: ignore[misc]
    """Proof that the authenticator app holds the secret."""
