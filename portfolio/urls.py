from django.urls import path

from portfolio import views

urlpatterns = [
    path("initiatives/", views.initiatives, name="initiatives"),
    path("initiatives/export.csv", views.initiatives_export, name="initiatives_export"),
    path("initiatives/new/", views.initiative_new, name="initiative_new"),
    path("initiatives/import/", views.initiatives_import, name="initiatives_import"),
    path(
        "initiatives/import/template.csv", views.initiatives_template, name="initiatives_template"
    ),
    path("initiatives/import/eligibility/", views.eligibility_import, name="eligibility_import"),
    path(
        "initiatives/import/eligibility/template.csv",
        views.eligibility_template,
        name="eligibility_template",
    ),
    path("initiatives/<slug:key>/", views.initiative, name="initiative"),
    path("initiatives/<slug:key>/edit/", views.initiative_edit, name="initiative_edit"),
    path("initiatives/<slug:key>/stage/", views.initiative_stage, name="initiative_stage"),
    path("initiatives/<slug:key>/eligibility/new/", views.rule_new, name="rule_new"),
    path(
        "initiatives/<slug:key>/eligibility/<uuid:public_id>/end/", views.rule_end, name="rule_end"
    ),
    path("scoring/", views.scoring, name="scoring"),
]
