from django.apps import AppConfig


class SprintsConfig(AppConfig):
    name = "sprints"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from adoption.registry import register_range
        from organizations.registry import (
            Shareable,
            register_deeds,
            register_shareable,
            register_table_export,
        )
        from organizations.reports.offers import SetupStep, add_setup_step, tell_sprint_end
        from sprints.calculations.deeds import SPRINT
        from sprints.reports import TABLES, ends_on, planned, show_home, started_on

        for table in TABLES:
            register_table_export(table)
        register_deeds("Sprint", SPRINT)
        register_shareable(
            Shareable(page="sprint_home", label="Sprint home", action="see_sprint", show=show_home)
        )
        register_range(name="sprint")(started_on)
        tell_sprint_end(ends_on)
        add_setup_step(
            SetupStep(
                key="sprint",
                order=30,
                title="Set the sprint's dates",
                hint="Ninety days, three phases of thirty.",
                button="Plan the sprint",
                url_name="sprint_start",
                said=planned,
            )
        )
