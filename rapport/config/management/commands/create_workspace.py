"""Opens a workspace; its owner is made when unknown, with a password that is printed once."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from rapport.foundation.accounts.errors import AddressTaken
from rapport.foundation.accounts.links import workspace_prefix
from rapport.foundation.accounts.models import User
from rapport.foundation.accounts.services.workspaces import create_workspace, free_address

LONGEST_NAME = 120


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner", required=True)
        parser.add_argument("--address", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["owner"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an e-mail address.") from error
        name = options["name"].strip()
        if not 1 <= len(name) <= LONGEST_NAME:
            raise CommandError(f"A name has 1 to {LONGEST_NAME} characters.")
        password = ""
        try:
            with transaction.atomic():
                owner = User.objects.filter(email=email).first()
                if owner is None:
                    password = secrets.token_urlsafe(12)
                    owner = User.objects.create_user(email, password)
                workspace = create_workspace(name=name, slug=options["address"] or free_address(name), user=owner)
        except AddressTaken as error:
            raise CommandError(f"The address {options['address']} is taken; choose another with --address.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{workspace.name} is open at {workspace_prefix(workspace)}")
        if password:
            self.stdout.write(f"{email} signs in with the password {password}")
