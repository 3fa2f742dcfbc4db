from django.apps import AppConfig


class PermissionConfig(AppConfig):
    name = "rapport.touchpoints.permission"
    label = "permission"
    verbose_name = "Permission"
