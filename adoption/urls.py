from django.urls import path

from adoption.views import dashboard, own, upload

urlpatterns = [
    path("adoption/", dashboard.dashboard, name="adoption"),
    path("adoption/export.csv", dashboard.adoption_export, name="adoption_export"),
    path("me/", own.my_usage, name="my_usage"),
    path("me/export.csv", own.my_usage_export, name="my_usage_export"),
    path("me/copy/", own.my_copy, name="my_copy"),
    path("me/consent/", own.my_consent, name="my_consent"),
    path("me/requests/", own.my_request, name="my_request"),
    path(
        "me/requests/<uuid:public_id>/withdraw/",
        own.my_request_withdraw,
        name="my_request_withdraw",
    ),
    path("me/requests/<uuid:public_id>/copy/", own.my_request_copy, name="my_request_copy"),
    path("data/upload/", upload.usage_upload, name="usage_upload"),
]
