from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "rapport.stores.commerce"
    label = "commerce"
    verbose_name = "Commerce"
