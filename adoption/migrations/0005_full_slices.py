import django.db.models.deletion
from django.db import migrations, models

import organizations.querysets


class Migration(migrations.Migration):
    dependencies = [
        ("adoption", "0004_events_seen"),
        ("organizations", "0006_batch_slices"),
        ("portfolio", "0002_proposals"),
    ]

    operations = [
        migrations.AddField(
            model_name="usageeventseen",
            name="batch_id",
            field=models.BigIntegerField(db_default=0, help_text="batch that added it"),
        ),
        migrations.AddField(
            model_name="usagefact",
            name="stated_in",
            field=models.BigIntegerField(
                db_default=0,
                help_text="batch that first stated this content; later ones confirmed it",
            ),
        ),
        migrations.AddField(
            model_name="usagefacthistory",
            name="stated_in",
            field=models.BigIntegerField(
                db_default=0,
                help_text="batch that first stated this content; later ones confirmed it",
            ),
        ),
        migrations.AlterField(
            model_name="usagefact",
            name="batch_id",
            field=models.BigIntegerField(help_text="batch of the newest statement"),
        ),
        migrations.AlterField(
            model_name="usagefacthistory",
            name="batch_id",
            field=models.BigIntegerField(help_text="batch of the newest statement"),
        ),
        migrations.CreateModel(
            name="FullSlice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("scope", models.CharField(blank=True, max_length=120)),
                ("grain", models.CharField(max_length=12)),
                ("first_day", models.DateField()),
                ("end_day", models.DateField(help_text="exclusive")),
                ("as_of", models.DateTimeField(help_text="the earliest of its rows and parts")),
                ("batch_id", models.BigIntegerField()),
                (
                    "initiative",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portfolio.initiative",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["organization", "initiative", "source", "end_day"],
                        name="full_slice_days",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "batch_id"), name="full_slice_once"
                    ),
                    organizations.querysets.TenantForeignKey(
                        field="initiative",
                        name="fullslice_initiative_tenant",
                        to="portfolio.Initiative",
                    ),
                ],
            },
        ),
    ]
