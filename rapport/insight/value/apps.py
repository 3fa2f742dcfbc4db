from django.apps import AppConfig


class ValueConfig(AppConfig):
    name = "rapport.insight.value"
    label = "value"
    verbose_name = "Value"
