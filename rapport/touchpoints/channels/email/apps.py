from django.apps import AppConfig


class EmailConfig(AppConfig):
    name = "rapport.touchpoints.channels.email"
    label = "email"
    verbose_name = "E-mail"
