from django.urls import path

from portfolio.views import initiatives, proposals

urlpatterns = [
    path("initiatives/", initiatives.initiatives, name="initiatives"),
    path("initiatives/export.csv", initiatives.initiatives_export, name="initiatives_export"),
    path("initiatives/new/", initiatives.initiative_new, name="initiative_new"),
    path("initiatives/import/", initiatives.initiatives_import, name="initiatives_import"),
    path(
        "initiatives/import/template.csv",
        initiatives.initiatives_template,
        name="initiatives_template",
    ),
    path(
        "initiatives/import/eligibility/", initiatives.eligibility_import, name="eligibility_import"
    ),
    path(
        "initiatives/import/eligibility/template.csv",
        initiatives.eligibility_template,
        name="eligibility_template",
    ),
    path("initiatives/<slug:key>/", initiatives.initiative, name="initiative"),
    path("initiatives/<slug:key>/edit/", initiatives.initiative_edit, name="initiative_edit"),
    path("initiatives/<slug:key>/stage/", initiatives.initiative_stage, name="initiative_stage"),
    path("initiatives/<slug:key>/eligibility/new/", initiatives.rule_new, name="rule_new"),
    path(
        "initiatives/<slug:key>/eligibility/<uuid:public_id>/end/",
        initiatives.rule_end,
        name="rule_end",
    ),
    path("proposals/", proposals.proposals, name="proposals"),
    path("proposals/new/", proposals.proposal_new, name="proposal_new"),
    path("proposals/<uuid:public_id>/", proposals.proposal, name="proposal"),
    path("proposals/<uuid:public_id>/edit/", proposals.proposal_edit, name="proposal_edit"),
    path(
        "proposals/<uuid:public_id>/withdraw/",
        proposals.proposal_withdraw,
        name="proposal_withdraw",
    ),
    path("proposals/<uuid:public_id>/accept/", proposals.proposal_accept, name="proposal_accept"),
    path("proposals/<uuid:public_id>/join/", proposals.proposal_join, name="proposal_join"),
    path(
        "proposals/<uuid:public_id>/decline/", proposals.proposal_decline, name="proposal_decline"
    ),
    path("proposals/<uuid:public_id>/ask/", proposals.proposal_ask, name="proposal_ask"),
    path("scoring/", initiatives.scoring, name="scoring"),
]
