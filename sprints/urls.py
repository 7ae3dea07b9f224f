from django.urls import path

from sprints import views

urlpatterns = [
    path("sprint/", views.sprint_home, name="sprint_home"),
    path("sprint/start/", views.sprint_start, name="sprint_start"),
]
