from django.urls import path

from adoption.views import dashboard, own, upload

urlpatterns = [
    path("adoption/", dashboard.dashboard, name="adoption"),
    path("adoption/export.csv", dashboard.adoption_export, name="adoption_export"),
    path("me/", own.my_usage, name="my_usage"),
    path("me/export.csv", own.my_usage_export, name="my_usage_export"),
    path("data/upload/", upload.usage_upload, name="usage_upload"),
]
