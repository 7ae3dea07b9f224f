from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from lastmile import views

api: list[URLPattern | URLResolver] = [
    re_path(r"", include("organizations.api.urls")),
    re_path(r"", include("portfolio.api.urls")),
    re_path(r"", include("adoption.api.urls")),
    re_path(r"", include("sprints.api.urls")),
    re_path(r"^schema/?$", login_not_required(SpectacularAPIView.as_view()), name="api_schema"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/login/", views.SignInView.as_view(), name="account_login"),
    path("accounts/", include("allauth.urls")),
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
