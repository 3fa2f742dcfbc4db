from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "rapport.touchpoints.conversations"
    label = "conversations"
    verbose_name = "Conversations"
