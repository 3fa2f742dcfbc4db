from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "rapport.foundation.records"
    label = "records"
    verbose_name = "Records"
