from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "rapport.foundation.accounts"
    label = "accounts"
    verbose_name = "Accounts"
