from django.contrib.auth.decorators import login_not_required
from django.urls import re_path

from adoption.api import views

urlpatterns = [
    re_path(r"^usage/?$", login_not_required(views.UsageView.as_view()), name="api_usage"),
    re_path(
        r"^adoption/weekly/?$",
        login_not_required(views.AdoptionWeeklyView.as_view()),
        name="api_adoption_weekly",
    ),
]
