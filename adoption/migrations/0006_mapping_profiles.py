import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("adoption", "0005_full_slices"),
        ("organizations", "0003_people_access_and_queue"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MappingProfile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("name", models.CharField(max_length=40)),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "mapping",
                    models.JSONField(help_text="adoption.sources.mapping.ColumnMap"),
                ),
                (
                    "latest",
                    models.BooleanField(
                        default=True, help_text="no later version of the name exists"
                    ),
                ),
                (
                    "archived_at",
                    models.DateTimeField(
                        help_text="no longer offered; reads no new file", null=True
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "id"), name="mappingprofile_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("organization", "name", "version"), name="profile_version_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("latest", True)),
                        fields=("organization", "name"),
                        name="profile_latest_once",
                    ),
                ],
            },
        ),
    ]
