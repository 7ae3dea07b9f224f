from django.apps import AppConfig


class AdoptionConfig(AppConfig):
    name = "adoption"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from adoption.actions.admission import read_by
        from adoption.actions.undo import undo_batch
        from adoption.actions.usage import process_usage
        from adoption.calculations.deeds import ADOPTION
        from adoption.refresh.forgetting import PERSON_DATA
        from adoption.refresh.retention import forget_old_events, forget_old_usage
        from adoption.refresh.run import refresh_adoption
        from adoption.reports.exports import TABLES
        from adoption.reports.notes import NOTABLES
        from adoption.reports.shared import show_adoption
        from adoption.reports.subjects import rows_of_subjects
        from adoption.sources.catalogue import SOURCES
        from organizations.calculations.jobs import BatchKind
        from organizations.registry import (
            BatchWork,
            Expiry,
            Saveable,
            Shareable,
            Step,
            register_batch_work,
            register_deeds,
            register_expiry,
            register_notable,
            register_person_data,
            register_saveable,
            register_shareable,
            register_step,
            register_table_export,
        )
        from organizations.reports.offers import Upload, add_upload, count_rows, name_sources

        register_batch_work(
            BatchWork(
                kind=BatchKind.USAGE,
                process=process_usage,
                action="import_usage",
                undo=undo_batch,
                preview="usage_preview",
                about=read_by,
            )
        )
        register_deeds("Adoption", ADOPTION)
        for table in TABLES:
            register_table_export(table)
        register_step(Step(name="adoption", order=20, run=refresh_adoption))
        for notable in NOTABLES:
            register_notable(notable)
        register_saveable(Saveable(page="adoption", label="Adoption", action="see_adoption"))
        register_shareable(
            Shareable(page="adoption", label="Adoption", action="see_adoption", show=show_adoption)
        )
        for data in PERSON_DATA:
            register_person_data(data)
        register_expiry(
            Expiry(name="usage", label="Usage of people", order=10, forget=forget_old_usage)
        )
        register_expiry(
            Expiry(
                name="events", label="Marks of counted events", order=15, forget=forget_old_events
            )
        )
        count_rows(rows_of_subjects)
        name_sources(lambda: [(source.name, source.label) for source in SOURCES.values()])
        add_upload(
            Upload(
                key="usage",
                order=20,
                label="usage",
                url_name="usage_upload",
                action="import_usage",
            )
        )
