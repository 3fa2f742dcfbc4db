"""The ledger's table, partitioned by the instant things happened; one open partition to begin with.

UPDATE, DELETE and TRUNCATE are revoked from the very role that owns it: what the application cannot do, it cannot do by
mistake. (An owner keeps the right to change the table's shape.) `customer_id` leads the primary key, so that the table
can be distributed by customer. No foreign keys: see the rules for growing in docs/explanation.
"""

from django.db import migrations

TABLE = """
CREATE TABLE touchpoint (
    customer_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    channel varchar(40) NOT NULL,
    kind varchar(60) NOT NULL,
    direction varchar(4) NOT NULL DEFAULT 'none',
    source varchar(80) NOT NULL,
    source_id varchar(200) NOT NULL DEFAULT '',
    subject varchar(500) NOT NULL DEFAULT '',
    amount numeric(18, 4),
    currency varchar(3) NOT NULL DEFAULT '',
    properties jsonb NOT NULL DEFAULT '{}',
    batch_id uuid,
    member_id uuid,
    corrects_id uuid,
    PRIMARY KEY (customer_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at)
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                TABLE,
                "CREATE INDEX touchpoint_kind ON touchpoint (kind, occurred_at, customer_id)",
                "CREATE INDEX touchpoint_recorded ON touchpoint USING brin (recorded_at)",
                "CREATE TABLE touchpoint_open PARTITION OF touchpoint FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
                "REVOKE UPDATE, DELETE, TRUNCATE ON touchpoint FROM CURRENT_USER",
                "REVOKE UPDATE, DELETE, TRUNCATE ON touchpoint_open FROM CURRENT_USER",
            ],
            reverse_sql=["DROP TABLE touchpoint"],
        )
    ]
