from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("value", "0002_fits")]

    operations = [
        migrations.AddField(
            model_name="driverstudy",
            name="margin_rate",
            field=models.DecimalField(
                decimal_places=4, default=Decimal("0.35"), max_digits=5, verbose_name="margin of a purchase"
            ),
            preserve_default=False,
        ),
    ]
