from django.apps import AppConfig


class WarehouseConfig(AppConfig):
    name = "rapport.stores.warehouse"
    label = "warehouse"
    verbose_name = "Warehouse"
