"""Opens the demo workspace, all or nothing. The last line it prints is how its owner signs in, as JSON."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.core.management import BaseCommand
from django.db import transaction
from django_tenants.utils import tenant_context

from rapport.demo import cast
from rapport.demo.load import load
from rapport.demo.tasks import work_out
from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.accounts.queries.workspaces import seats_of
from rapport.foundation.accounts.services.workspaces import create_workspace, free_address
from rapport.foundation.workspace.queries.members import actor_of_member

PLAYED = cast.COLLEAGUES[0]  # whoever signs in first sees the firm through this colleague's eyes
EMAIL = f"{PLAYED.key}@kestrel.example"


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(9)
        with transaction.atomic():
            owner, _ = User.objects.get_or_create(email=EMAIL, defaults={"name": PLAYED.name})
            owner.set_password(password)
            owner.save(update_fields=["password"])
            workspace = create_workspace(name=cast.FIRM, slug=free_address(cast.FIRM), user=owner, country="NL")
            _fill(workspace, owner)
        self.stdout.write(json.dumps({"email": EMAIL, "password": password}))


def _fill(workspace: Workspace, owner: User) -> None:
    """Loaded at once, not by the worker: the first page that anybody opens has something to show."""
    member_id = dict(seats_of(owner.pk))[workspace.schema_name]
    with tenant_context(workspace):
        actor = actor_of_member(member_id, workspace, person=owner)
        if actor is not None:
            load(actor=actor)
            work_out.defer(schema=workspace.schema_name)
