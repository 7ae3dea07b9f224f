from django.apps import AppConfig

from organizations.calculations.jobs import BatchKind
from organizations.registry import (
    ApprovalKind,
    BatchWork,
    QueueKind,
    Saveable,
    Step,
    register_approval,
    register_batch_work,
    register_deeds,
    register_expiry,
    register_holding,
    register_night_step,
    register_notable,
    register_person_data,
    register_queue_kind,
    register_saveable,
    register_table_export,
)


class OrganizationsConfig(AppConfig):
    name = "organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from organizations import adapters
        from organizations.actions.accounts import sweep_sessions
        from organizations.actions.directory import process_people
        from organizations.actions.people_undo import undo

        register_batch_work(
            BatchWork(
                kind=BatchKind.PEOPLE,
                process=process_people,
                action="import_people",
                undo=undo,
                preview="people_preview",
            )
        )
        register_night_step(Step(name="sessions", order=900, run=sweep_sessions))
        adapters.connect()
        self._register_people()
        self._register_members()
        self._register_leaving()
        self._register_privacy()
        self._register_queue()
        self._register_trail()

    def _register_queue(self) -> None:
        from organizations.actions.approvals import QUEUE_KIND
        from organizations.reports.notes import BATCHES

        register_queue_kind(
            QueueKind(kind=QUEUE_KIND, label="Signatures", order=0, icon="sign", delegable=False)
        )
        register_notable(BATCHES)
        register_saveable(Saveable(page="people", label="People", action="see_people"))
        register_saveable(Saveable(page="batches", label="Batches", action="see_data"))

    def _register_people(self) -> None:
        from organizations.actions.people_preview import END_MANY, apply_agreed
        from organizations.calculations.roles import Scope
        from organizations.reports.offers import ImportTemplate, add_template
        from organizations.sources import links
        from organizations.sources.directory import TEMPLATE

        add_template(
            ImportTemplate(
                key="links",
                order=35,
                label="Links of subjects",
                words="Which person a login, an id or an address of a source is, and since when",
                body=links.TEMPLATE,
                upload="subjects_upload",
                action="link_subject",
            )
        )
        add_template(
            ImportTemplate(
                key="people",
                order=10,
                label="People",
                words="The directory: departments, job roles, starts, ends, leaves, aliases",
                body=TEMPLATE,
                upload="people_import",
                action="import_people",
                scope=Scope.INGEST_PEOPLE.value,
            )
        )
        register_approval(
            ApprovalKind(
                act=END_MANY,
                label="End many people with one file",
                decide="manage_members",
                apply=apply_agreed,
            )
        )

    def _register_members(self) -> None:
        from organizations.actions.handover import HAND_OVER_KIND, notice_leavers
        from organizations.actions.holdings import KEYS, QUEUE

        register_holding(QUEUE)
        register_holding(KEYS)
        register_queue_kind(HAND_OVER_KIND)
        register_night_step(Step(name="leavers", order=820, run=notice_leavers))

    def _register_leaving(self) -> None:
        from organizations.actions.exports import expire_exports
        from organizations.actions.leaving import CLOSING
        from organizations.reports.exports import GROUND

        register_approval(CLOSING)
        register_night_step(Step(name="exports", order=930, run=expire_exports))
        for table in GROUND:
            register_table_export(table)

    def _register_privacy(self) -> None:
        from organizations.actions import requests
        from organizations.actions.forgetting import PERSON_DATA
        from organizations.actions.retention import EXPIRIES, retain

        for data in PERSON_DATA:
            register_person_data(data)
        for expiry in EXPIRIES:
            register_expiry(expiry)
        # After everything else of the night, which may have work for what is deleted here.
        register_night_step(Step(name="retention", order=990, run=retain))
        register_queue_kind(
            QueueKind(kind=requests.QUEUE_KIND, label="Requests about people's data", order=10)
        )
        for act, label, apply in (
            (requests.ERASE, "Erase a person", requests.apply_erasure),
            (requests.EXPORT, "Hand out a copy of a person's data", requests.apply_export),
        ):
            register_approval(
                ApprovalKind(act=act, label=label, decide="handle_requests", apply=apply)
            )

    def _register_trail(self) -> None:
        from organizations.actions import key_watch, trail_check
        from organizations.calculations.deeds import GROUND

        for group, words in GROUND.items():
            register_deeds(group, words)
        for kind in (*key_watch.KINDS, trail_check.BROKEN):
            register_queue_kind(kind)
        register_night_step(Step(name="keys", order=830, run=key_watch.watch_keys))
        # After the night's deletions, so that the chain is proved as it stands in the morning.
        register_night_step(Step(name="trail", order=995, run=trail_check.check_chain))
