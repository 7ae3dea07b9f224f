from django.urls import path

from adoption.views import dashboard, health, mapper, own, profiles, reconcile, upload

urlpatterns = [
    path("adoption/", dashboard.dashboard, name="adoption"),
    path("adoption/export.csv", dashboard.adoption_export, name="adoption_export"),
    path("adoption/reconcile/", reconcile.reconciled, name="reconcile"),
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
    path("data/sources/", health.sources, name="sources"),
    path("data/sources/export.csv", health.sources_export, name="sources_export"),
    path("data/upload/", upload.usage_upload, name="usage_upload"),
    path("data/upload/<int:number>/", upload.usage_preview, name="usage_preview"),
    path(
        "data/upload/<int:number>/import/", upload.usage_preview_import, name="usage_preview_import"
    ),
    path(
        "data/upload/<int:number>/discard/",
        upload.usage_preview_discard,
        name="usage_preview_discard",
    ),
    path("data/profiles/", mapper.mapper, name="mapper"),
    path("data/profiles/new/", mapper.mapper_new, name="mapper_new"),
    path("data/profiles/<uuid:public_id>/", profiles.mapper_profile, name="mapper_profile"),
    path("data/profiles/<uuid:public_id>/change/", mapper.mapper_change, name="mapper_change"),
    path("data/profiles/<uuid:public_id>/archive/", profiles.mapper_archive, name="mapper_archive"),
    path("data/profiles/<uuid:public_id>/delete/", profiles.mapper_delete, name="mapper_delete"),
]
