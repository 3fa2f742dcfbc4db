"""Opening, renaming and erasing workspaces. Every function leaves the connection in the schema it found it in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django_tenants.utils import schema_context

from rapport.foundation.accounts.errors import AddressTaken
from rapport.foundation.accounts.extension_points import founders
from rapport.foundation.accounts.models import Membership, User, Workspace, validate_slug
from rapport.foundation.accounts.rules import address_from_name, numbered
from rapport.foundation.accounts.services.schemas import drop_schema, make_schema
from rapport.foundation.lib import clock

SETTINGS = ("name", "slug", "currency", "timezone", "language", "country")


def create_workspace(
    *,
    name: str,
    slug: str,
    user: User,
    currency: str = "EUR",
    timezone: str = "Europe/Amsterdam",
    language: str = "en",
    country: str = "",
) -> Workspace:
    """Open a workspace with `user` as its owner, all or nothing: row, schema, membership and what founders add.

    Errors: AddressTaken; ValidationError when the address is not one.
    """
    validate_slug(slug)
    workspace = Workspace(
        name=name, slug=slug, currency=currency, timezone=timezone, language=language, country=country
    )
    with schema_context("public"), transaction.atomic():
        _insert(workspace)
        make_schema(workspace.schema_name)
        membership = Membership.objects.create(user=user, workspace=workspace)
        with schema_context(workspace.schema_name):
            for found in founders.values():
                found(workspace, membership)
    return workspace


def _insert(workspace: Workspace) -> None:
    """Of two who want the same address at once the second waits here, until the first is done or has failed."""
    try:
        with transaction.atomic():
            workspace.save()
    except IntegrityError as error:
        raise AddressTaken(workspace.slug) from error


def free_address(name: str) -> str:
    """An address for a firm of this name that nobody has yet. It is a proposal: `create_workspace` may still refuse it."""
    wanted = address_from_name(name) or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=wanted[:40]).values_list("slug", flat=True))
    if wanted not in taken:
        return wanted
    return next(each for number in range(2, len(taken) + 3) if (each := numbered(wanted, number)) not in taken)


def update_workspace(workspace: Workspace, **values: Any) -> dict[str, tuple[Any, Any]]:
    """Save what differs and answer it as before and after. Errors: AddressTaken, ValidationError."""
    if unknown := set(values) - set(SETTINGS):
        raise ValidationError(f"Not settings of a workspace: {', '.join(sorted(unknown))}")
    changed = {
        name: (getattr(workspace, name), value) for name, value in values.items() if getattr(workspace, name) != value
    }
    if not changed:
        return {}
    if "slug" in changed:
        validate_slug(changed["slug"][1])
    for name, (_before, after) in changed.items():
        setattr(workspace, name, after)
    try:
        with schema_context("public"), transaction.atomic():
            workspace.save(update_fields=list(changed))
    except IntegrityError as error:
        workspace.slug = changed["slug"][0]
        raise AddressTaken(str(changed["slug"][1])) from error
    return changed


def erase_workspace(workspace: Workspace) -> None:
    """Erase a workspace with everything in it: tables, memberships, invitations, files. There is no way back."""
    with schema_context("public"), transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk).delete()
        drop_schema(workspace.schema_name)
    _remove_files(workspace.schema_name)


def _remove_files(schema_name: str) -> None:
    folder = Path(settings.MEDIA_ROOT) / (settings.MULTITENANT_RELATIVE_MEDIA_ROOT % schema_name)
    if folder.is_dir() and folder.name == schema_name:
        shutil.rmtree(folder, ignore_errors=True)


def remember_entry(membership: Membership) -> None:
    """Note that the person is in this workspace now, so that they come back to it."""
    Membership.objects.filter(pk=membership.pk).update(last_entered_at=clock.now())
