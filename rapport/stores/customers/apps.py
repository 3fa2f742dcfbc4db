from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "rapport.stores.customers"
    label = "customers"
    verbose_name = "Customers"
