from importlib import import_module

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from lastmile import views
from organizations.views import profile, sign_on

api: list[URLPattern | URLResolver] = [
    re_path(r"", include("organizations.api.urls")),
    re_path(r"", include("portfolio.api.urls")),
    re_path(r"", include("adoption.api.urls")),
    re_path(r"", include("sprints.api.urls")),
    re_path(r"^schema/?$", login_not_required(SpectacularAPIView.as_view()), name="api_schema"),
]

# Read by allauth.
handler429 = views.too_many_tries


def whole(module: str) -> list[URLPattern | URLResolver]:
    """The library's addresses, each request one transaction: a password or a second factor is not
    changed without its entry in the trail."""
    patterns: list[URLPattern | URLResolver] = import_module(module).urlpatterns
    for pattern in patterns:
        _wrap(pattern)
    return patterns


def _wrap(pattern: URLPattern | URLResolver) -> None:
    if isinstance(pattern, URLPattern):
        pattern.callback = transaction.atomic(pattern.callback)
        return
    for inner in pattern.url_patterns:
        _wrap(inner)


urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/login/", views.SignInView.as_view(), name="account_login"),
    path("accounts/sessions/", profile.sessions, name="usersessions_list"),
    path("accounts/", include(whole("allauth.account.urls"))),
    path("accounts/2fa/", include(whole("allauth.mfa.urls"))),
    path("accounts/sign-on/", sign_on.find, name="sign_on_find"),
    path("accounts/sign-on/cancelled/", sign_on.cancelled, name="socialaccount_login_cancelled"),
    path("accounts/oidc/<str:provider_id>/login/", sign_on.start, name="openid_connect_login"),
    path(
        "accounts/oidc/<str:provider_id>/login/callback/",
        sign_on.come_back,
        name="openid_connect_callback",
    ),
    path("api/v1/", include(api)),
    re_path(
        r"^api/docs/?$",
        login_not_required(SpectacularSwaggerSplitView.as_view(url_name="api_schema")),
        name="api_docs",
    ),
    path("", include("organizations.urls")),
    path("", include("portfolio.urls")),
    path("", include("adoption.urls")),
    path("", include("sprints.urls")),
]
