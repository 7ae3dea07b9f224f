"""Sign-in by e-mail and password, authenticator app or passkey; nobody signs up uninvited.

allauth's hooks and signals are doors like views: the clock is read here, and actions do the rest.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa import signals as factor_signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import salted_hmac

from organizations.actions import accounts, sign_on
from organizations.actions.mail import NewMail, forget_links, post_to_login
from organizations.calculations.issuers import Issuer
from organizations.calculations.sealing import SealBroken, seal, unseal
from organizations.errors import LastMileError
from organizations.models import SignOn, User
from organizations.reports.accounts import RECOVERY
from organizations.reports.sign_on import issuer_of, usable
from organizations.sources import oidc

log = logging.getLogger(__name__)
# When the sign-in was, in the session.
BEGAN = "began"
RESET = "password_reset"
THEME_COOKIE = "theme"
YEAR = 365 * 24 * 3600
WORDS = {"totp": "app", "webauthn": "passkey", "recovery_codes": "recovery code"}


class FactorLost(LastMileError):
    code = "second_factor_lost"
    status = 409


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        accounts.refuse_sign_in(email=str(credentials.get("email", "")), now=datetime.now(UTC))

    def post_login(self, request: Any, user: Any, **more: Any) -> Any:
        response = super().post_login(request, user, **more)
        note_sign_in(request, user)
        if isinstance(response, HttpResponse):
            remember_theme(response, theme=user.theme)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth's mails go the road of ours: a row first, sent by the worker."""
        user = context.get("user") or self.request.user
        if not isinstance(user, User):
            return
        now = datetime.now(UTC)
        site = {"current_site": get_current_site(self.request), "email": email}
        message = self.render_mail(template_prefix, email, site | context)
        link = str(context.get("password_reset_url", ""))
        kind = RESET if link else template_prefix.rpartition("/")[2]
        lives = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        if link:
            forget_links(kind=RESET, user=user)
        new = NewMail(
            kind=kind,
            address=email,
            subject=message.subject,
            text=str(message.body),
            link=link,
            link_expires_at=now + lives if link else None,
        )
        post_to_login(new=new, user=user, now=now)

    def get_password_change_redirect_url(self, request: Any) -> str:
        return reverse("profile")

    def get_reauthentication_methods(self, user: Any) -> Any:
        """Whoever has a second factor confirms by it: a password alone must not take it away."""
        methods = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"] != "reauthenticate"]
        return factors or methods


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and recovery codes are sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text, secret=settings.SECRET_KEY)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. Raises FactorLost when it was sealed with another key."""
        try:
            return unseal(encrypted_text, secret=settings.SECRET_KEY)
        except SealBroken as fault:
            raise FactorLost(
                "This second factor belongs to an earlier key of this installation.",
                remedy="Ask whoever runs Last Mile to remove it; then set it up again.",
            ) from fault

    def generate_authenticator_name(self, user: Any, kind: Any) -> str:
        return "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.MFA_TOTP_ISSUER}


def note_sign_in(request: HttpRequest, user: User) -> None:
    """Write a sign-in into the trail, and keep its session without its full address."""
    now = datetime.now(UTC)
    methods = [
        WORDS.get(record.get("type", ""), record["method"])
        for record in get_authentication_records(request, user)
    ]
    accounts.sign_in(user=user, methods=methods or ["password"], now=now)
    request.session[BEGAN] = now.timestamp()
    keep_session(request, now=now)


def keep_session(request: Any, *, now: datetime) -> None:
    """Note that the session of a request is in use."""
    if not request.session.session_key:
        request.session.save()
    accounts.keep_session(
        user=request.user,
        session_key=request.session.session_key,
        address=AccountAdapter(request).get_client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
        now=now,
    )


def remember_theme(response: HttpResponse, *, theme: str) -> None:
    """The cookie by which the page of the sign-in paints right; pages inside read the login."""
    if theme in ("light", "dark"):
        response.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", secure=settings.HTTPS
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")


def _factor_added(*, request: Any, user: User, authenticator: Any, **more: Any) -> None:
    accounts.note(
        user=user,
        action="second_factor.added",
        now=datetime.now(UTC),
        changes={"kind": WORDS[authenticator.type]},
    )
    if authenticator.type != RECOVERY:
        # Setting it up took the password and the factor itself: it need not be asked for again.
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


def _factor_removed(*, user: User, authenticator: Any, **more: Any) -> None:
    accounts.note(
        user=user,
        action="second_factor.removed",
        now=datetime.now(UTC),
        changes={"kind": WORDS[authenticator.type]},
    )


def _codes_made(*, user: User, **more: Any) -> None:
    accounts.note(user=user, action="second_factor.codes_made", now=datetime.now(UTC))


def _factor_used(*, user: User, authenticator: Any, **more: Any) -> None:
    if authenticator.type == RECOVERY:
        accounts.note(user=user, action="second_factor.recovery_used", now=datetime.now(UTC))


def _factor_failed(*, user: User, **more: Any) -> None:
    accounts.note(user=user, action="second_factor.failed", now=datetime.now(UTC))


def _password_changed(*, request: Any, user: User, **more: Any) -> None:
    now = datetime.now(UTC)
    accounts.note(user=user, action="password.changed", now=now)
    accounts.end_other_sessions(user=user, keep=request.session.session_key, now=now)
    keep_session(request, now=now)


def _password_reset(*, user: User, **more: Any) -> None:
    now = datetime.now(UTC)
    accounts.note(user=user, action="password.reset", now=now)
    forget_links(kind=RESET, user=user)
    accounts.end_other_sessions(user=user, keep=None, now=now)


def connect() -> None:
    """Listen to allauth: it tells by signals what it has no hook for."""
    for signal, receiver in (
        (factor_signals.authenticator_added, _factor_added),
        (factor_signals.authenticator_removed, _factor_removed),
        (factor_signals.authenticator_reset, _codes_made),
        (factor_signals.authenticator_used, _factor_used),
        (factor_signals.authentication_failed, _factor_failed),
        (account_signals.password_changed, _password_changed),
        (account_signals.password_set, _password_changed),
        (account_signals.password_reset, _password_reset),
    ):
        signal.connect(receiver, dispatch_uid=receiver.__name__)


# --- sign-on by OpenID Connect ------------------------------------------------------------------
def _nonce(state: str) -> str:
    """Ties the issuer's answer to one sign-in: a state works once, and so does its nonce."""
    return salted_hmac("sign-on nonce", state).hexdigest()


class _Client(OAuth2Client):
    def get_redirect_url(self, authorization_url: str, scope: Any, extra_params: Any) -> str:
        more = extra_params | {"nonce": _nonce(self.state)}
        address: str = super().get_redirect_url(authorization_url, scope, more)
        return address


class SignOnRoad(OpenIDConnectOAuth2Adapter):
    """The way to an issuer and back. What it answers is read by organizations.sources.oidc."""

    client_class = _Client

    @property
    def issuer(self) -> Issuer:
        found = issuer_of(self.get_provider().sign_on)
        if found is None:
            raise OAuth2Error("The issuer is not allowed.")
        return found

    @property
    def endpoints(self) -> oidc.Endpoints:
        try:
            return sign_on.endpoints(self.issuer)
        except oidc.SignOnFault as fault:
            raise OAuth2Error(str(fault)) from fault

    @property
    def authorize_url(self) -> str:
        return self.endpoints.authorization

    @property
    def access_token_url(self) -> str:
        return self.endpoints.token

    @property
    def basic_auth(self) -> bool:
        return self.endpoints.basic

    def get_access_token_data(
        self, request: Any, app: Any, client: Any, pkce_code_verifier: Any = None
    ) -> dict[str, Any]:
        form = {
            "code": request.GET.get("code", ""),
            "redirect_uri": client.callback_url,
            "code_verifier": pkce_code_verifier or "",
        }
        try:
            return oidc.exchange(
                issuer=self.issuer,
                endpoints=self.endpoints,
                client=(app.client_id, app.secret),
                form=form,
            )
        except oidc.SignOnFault as fault:
            raise OAuth2Error(str(fault)) from fault

    def complete_login(self, request: Any, app: Any, token: Any, **kwargs: Any) -> Any:
        try:
            claims = oidc.claims_of(
                issuer=self.issuer,
                endpoints=self.endpoints,
                client_id=app.client_id,
                nonce=_nonce(request.GET.get("state", "")),
                answer=kwargs["response"],
            )
        except oidc.SignOnFault as fault:
            raise OAuth2Error(str(fault)) from fault
        login = self.get_provider().sociallogin_from_response(request, {"sub": claims.subject})
        login.claims = claims
        return login


class SignOnProvider(OpenIDConnectProvider):
    """One provider of one organization. Nothing the issuer says of somebody is stored."""

    oauth2_adapter_class = SignOnRoad

    @property
    def sign_on(self) -> SignOn:
        found: SignOn = self.app.sign_on
        return found

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        return {}

    def extract_common_fields(self, data: Any) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, data: Any) -> list[Any]:
        return []


class SignOnAdapter(DefaultSocialAccountAdapter):
    """Providers come from the organizations' settings; who comes by one is let in by an action."""

    def list_apps(self, request: Any, provider: Any = None, client_id: Any = None) -> list[Any]:
        found = usable(slug=provider or "")
        return [_app(found)] if found else []

    def get_provider(self, request: Any, provider: Any, client_id: Any = None) -> SignOnProvider:
        return SignOnProvider(request, app=self.get_app(request, provider=provider))

    def is_open_for_signup(self, request: Any, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> Any:
        raise OAuth2Error("Issuers are asked by organizations.sources.oidc alone.")

    def pre_social_login(self, request: Any, sociallogin: Any) -> None:
        """Let a member or somebody invited in, everybody else sees why not."""
        provider, now = sociallogin.provider.sign_on, datetime.now(UTC)
        try:
            user = sign_on.admit(sign_on=provider, claims=sociallogin.claims, now=now)
        except sign_on.SignOnRefused as refusal:
            sign_on.note_refusal(sign_on=provider, reason=refusal.reason, now=now)
            context = {"sentence": refusal.message, "remedy": refusal.remedy}
            page = render(request, "organizations/sign_on_refused.html", context, status=403)
            raise ImmediateHttpResponse(page) from None
        sociallogin.user = user
        sociallogin.account = SocialAccount.objects.get(
            provider=provider.slug, uid=sociallogin.claims.subject
        )

    def on_authentication_error(self, request: Any, provider: Any, **more: Any) -> None:
        log.warning(
            "sign-on failed",
            extra={"sign_on": str(provider.sign_on.public_id), "fault": str(more["exception"])},
        )


def _app(found: SignOn) -> SocialApp:
    try:
        secret = sign_on.secret_of(found)
    except SealBroken:
        # Sealed with another SECRET_KEY: the provider will refuse, and the page says so.
        secret = ""
    app = SocialApp(
        provider=SignOnProvider.id,
        provider_id=found.slug,
        name=found.name,
        client_id=found.client_id,
        secret=secret,
        settings={"server_url": found.issuer, "oauth_pkce_enabled": True},
    )
    app.sign_on = found
    return app
