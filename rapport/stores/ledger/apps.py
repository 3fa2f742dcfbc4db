from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "rapport.stores.ledger"
    label = "ledger"
    verbose_name = "Ledger"
