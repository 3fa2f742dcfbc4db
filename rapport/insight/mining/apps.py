from django.apps import AppConfig


class MiningConfig(AppConfig):
    name = "rapport.insight.mining"
    label = "mining"
    verbose_name = "Mining"
