from django.contrib.auth.decorators import login_not_required
from django.urls import re_path

from portfolio.api import views

urlpatterns = [
    re_path(
        r"^initiatives/?$",
        login_not_required(views.InitiativesView.as_view()),
        name="api_initiatives",
    ),
    re_path(
        r"^eligibility/?$",
        login_not_required(views.EligibilityView.as_view()),
        name="api_eligibility",
    ),
]
