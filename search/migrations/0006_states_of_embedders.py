"""An embedder is active, coming or going. Of those that are there, the one with most vectors
is active; how to load the shipped one is known."""

from django.db import migrations, models
from django.db.models.functions import Now

SHIPPED = "all-MiniLM-L6-v2-int8"
STATE = """
UPDATE search_embedder SET state = 'active' WHERE id = (
    SELECT embedder.id FROM search_embedder AS embedder
    ORDER BY (SELECT count(*) FROM search_chunk WHERE embedder_id = embedder.id) DESC, id
    LIMIT 1)
"""
CONFIG = f"""
UPDATE search_embedder
SET config = '{{"BACKEND": "search.engines.minilm.MiniLM", "OPTIONS": {{"threads": 1}}}}'
WHERE name = '{SHIPPED}'
"""
STATES = [("active", "in use"), ("coming", "its vectors are being made"), ("going", "being cleared away")]


class Migration(migrations.Migration):
    dependencies = [("search", "0005_investigations")]
    operations = [
        migrations.AddField(
            "embedder", "state", models.CharField(max_length=6, choices=STATES, default="going"),
            preserve_default=False,
        ),
        migrations.AddField("embedder", "config", models.JSONField(default=dict)),
        migrations.AddField("embedder", "fault", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("embedder", "wanted_at", models.DateTimeField(null=True)),
        migrations.AddField("embedder", "changed_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("embedder", "switched_at", models.DateTimeField(null=True)),
        migrations.RunSQL(STATE, migrations.RunSQL.noop),
        migrations.RunSQL(CONFIG, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "embedder",
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "coming", "going"]),
                name="embedder_state_known",
            ),
        ),
        migrations.AddConstraint(
            "embedder",
            models.UniqueConstraint(
                condition=models.Q(state__in=["active", "coming"]),
                fields=("state",),
                name="embedder_one_active_one_coming",
            ),
        ),
    ]
