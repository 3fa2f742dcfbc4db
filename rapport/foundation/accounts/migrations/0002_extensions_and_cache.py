"""The extensions search needs (trusted ones: a database's owner may create them) and the shared cache table."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public",
                "CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public",
                "CREATE UNLOGGED TABLE public_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL)",
                "CREATE INDEX public_cache_expires ON public_cache (expires)",
            ],
            reverse_sql=["DROP TABLE public_cache"],
        )
    ]
