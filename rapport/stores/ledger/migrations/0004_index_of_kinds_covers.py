"""The index of kinds answers conditions on behaviour by itself: who, when, and whether it was taken back.

Without the two columns more, each touch point that counts was looked up in the table.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_words_and_write_keys")]

    operations = [
        migrations.RunSQL(
            [
                "DROP INDEX touchpoint_kind",
                "CREATE INDEX touchpoint_kind ON touchpoint (kind, occurred_at, customer_id) INCLUDE (id, batch_id)",
            ],
            reverse_sql=[
                "DROP INDEX touchpoint_kind",
                "CREATE INDEX touchpoint_kind ON touchpoint (kind, occurred_at, customer_id)",
            ],
        )
    ]
