from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "rapport.applications.sales"
    label = "sales"
    verbose_name = "Sales"
