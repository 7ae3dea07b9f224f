from django.urls import path

from organizations.views import data, keys, people, subjects, switch, welcome

urlpatterns = [
    path("switch/", switch.switch, name="switch"),
    path("no-organization/", switch.no_organization, name="no_organization"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("setup/", welcome.setup, name="setup"),
    path("people/", people.people, name="people"),
    path("people/export.csv", people.people_export, name="people_export"),
    path("people/import/", people.people_import, name="people_import"),
    path("people/template.csv", people.people_template, name="people_template"),
    path("data/", data.data, name="data"),
    path("data/batches/", data.batches, name="batches"),
    path("data/batches/<int:number>/", data.batch, name="batch"),
    path("data/batches/<int:number>/errors.csv", data.batch_errors, name="batch_errors"),
    path("data/batches/<int:number>/retry/", data.batch_retry, name="batch_retry"),
    path("data/keys/", keys.keys, name="keys"),
    path("data/keys/<uuid:public_id>/revoke/", keys.key_revoke, name="key_revoke"),
    path("data/unmatched/", subjects.subjects, name="subjects"),
    path("data/unmatched/<uuid:public_id>/link/", subjects.subject_link, name="subject_link"),
]
