"""The relationship types a workspace begins with; it can add its own."""

from django.db import migrations

TYPES = [
    # name, label, label from the other end, symmetric
    ("works_at", "works at", "employs", False),
    ("decides_for", "decides for", "has decisions made by", False),
    ("reports_to", "reports to", "manages", False),
    ("member_of", "belongs to", "has as member", False),
    ("married_to", "is married to", "is married to", True),
    ("referred_by", "was referred by", "referred", False),
    ("parent_firm", "is owned by", "owns", False),
    ("knows", "knows", "knows", True),
]


def add(apps, schema_editor):
    RelationshipType = apps.get_model("customers", "RelationshipType")
    RelationshipType.objects.bulk_create(
        [
            RelationshipType(name=name, label=label, inverse_label=inverse, is_symmetric=symmetric, position=position)
            for position, (name, label, inverse, symmetric) in enumerate(TYPES)
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
