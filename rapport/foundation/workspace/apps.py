from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "rapport.foundation.workspace"
    label = "workspace"
    verbose_name = "Workspace"
