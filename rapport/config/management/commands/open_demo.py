"""Opens the demo workspace for a made-up owner. The last line it prints is the way to sign in, as JSON."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django_tenants.utils import schema_context

from rapport.demo import cast
from rapport.demo.load import load
from rapport.foundation.accounts.models import Membership, User
from rapport.foundation.accounts.services.workspaces import create_workspace, free_address
from rapport.foundation.workspace.queries.members import actor_of_member

EMAIL = "ada@kestrel.example"
NAME = "Ada Vermeer"


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(9)
        with transaction.atomic():  # interrupted, it leaves nothing, and the next start begins anew
            owner, _ = User.objects.get_or_create(email=EMAIL, defaults={"name": NAME})
            owner.set_password(password)
            owner.save(update_fields=["password"])
            workspace = create_workspace(
                name=cast.FIRM, slug=free_address(cast.FIRM), user=owner, country="NL", timezone="Europe/Amsterdam"
            )
            membership = Membership.objects.get(user=owner, workspace=workspace)
            with schema_context(workspace.schema_name):
                actor = actor_of_member(membership.pk, workspace)
                if actor is None:
                    raise CommandError("The owner of the demo has no seat in it.")
                load(actor=actor)
        self.stdout.write(json.dumps({"email": EMAIL, "password": password}))
