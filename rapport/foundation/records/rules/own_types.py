"""What a workspace may define as a record type of its own."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.lib.text import folded
from rapport.foundation.records.rules.fields import free_name
from rapport.foundation.records.types import Field, FieldKind

PREFIX = "x_"  # keeps a workspace's types apart from those that Rapport has, or will have
MOST_TYPES = 50
DEFAULT_ICON = "package"
ICONS = (
    "package", "tag", "star", "flag", "heart", "home", "building", "building-store", "building-community", "briefcase",
    "folder", "file-text", "receipt", "clipboard", "calendar-event", "clock", "book-2", "school", "id", "key", "lock",
    "shield", "wallet", "credit-card", "coin", "gift", "ticket", "shopping-bag", "truck", "route", "map-pin", "globe",
    "rocket", "tool", "plug", "device-laptop", "device-mobile", "database", "camera", "photo", "music", "movie", "flask",
    "bulb", "sun", "users-group", "user-circle", "lifebuoy", "world", "stack-2",
)  # fmt: skip
_NAME = re.compile(r"x_[a-z0-9]+(?:_[a-z0-9]+)*")
# Fields that every own type has; an own field of such a name could not be told apart.
CUSTOMER, OWNER, TITLE = "customer", "owner", "name"


def name_from(label: str, taken: Collection[str]) -> str:
    """A free name made of the label: `Sailing boat` becomes `x_sailing_boat`."""
    words = re.findall(r"[a-z0-9]+", folded(label))
    return free_name(PREFIX + ("_".join(words)[:30].strip("_") or "record"), taken)


def problem_with_name(name: str, taken: Collection[str]) -> str:
    """Why the name can't be used; nothing when it can."""
    if not _NAME.fullmatch(name) or len(name) > 40:
        return _("Begin with x_, then small letters, digits and single underscores; at most 40.")
    return _("There is a record type of this name already.") if name in taken else ""


def fields_of(title_label: str, link: str) -> tuple[Field, ...]:
    """The fields that every own type has, before those that people add."""
    customer = Field(
        name=CUSTOMER,
        label=gettext_lazy("Customer"),
        kind=FieldKind.RELATION,
        column="customer_id",
        target="customer",
        required=link == "must",
        default_column=True,
        aliases=("customer", "customer name", "e-mail", "email", "owner e-mail", "contact", "client", "kunde"),
    )
    return (
        Field(
            name=TITLE,
            label=title_label,
            kind=FieldKind.TEXT,
            column="title",
            required=True,
            sortable=True,
            searchable=True,
            default_column=True,
            aliases=("name", "title", "number", "bezeichnung"),
        ),
        *((customer,) if link != "none" else ()),
        Field(
            name=OWNER,
            label=gettext_lazy("Owner"),
            kind=FieldKind.MEMBER,
            column="owner_id",
            default_column=True,
            aliases=("looked after by", "record owner"),
        ),
        Field(name="tags", label=gettext_lazy("Tags"), kind=FieldKind.TAGS, aliases=("labels",)),
        Field(
            name="created_at",
            label=gettext_lazy("Added"),
            kind=FieldKind.INSTANT,
            editable=False,
            importable=False,
            sortable=True,
        ),
        Field(
            name="updated_at",
            label=gettext_lazy("Changed"),
            kind=FieldKind.INSTANT,
            editable=False,
            importable=False,
        ),
    )
