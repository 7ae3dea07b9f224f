from django.contrib.auth.decorators import login_not_required
from django.urls import re_path

from sprints.api import views

urlpatterns = [
    re_path(r"^sprint/?$", login_not_required(views.SprintView.as_view()), name="api_sprint"),
]
