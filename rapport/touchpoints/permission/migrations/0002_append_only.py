"""UPDATE, DELETE and TRUNCATE are revoked from the very role that owns the table: evidence is only ever added.

What was wrong is countered by a row of its own. Addresses and words lie beside it, in a table that can be erased.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("permission", "0001_initial")]

    operations = [
        migrations.RunSQL(
            ["REVOKE UPDATE, DELETE, TRUNCATE ON permission_evidence FROM CURRENT_USER"],
            reverse_sql=["GRANT UPDATE, DELETE, TRUNCATE ON permission_evidence TO CURRENT_USER"],
        )
    ]
