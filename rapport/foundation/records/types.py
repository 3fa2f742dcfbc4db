"""Record types and fields: declared once, used by lists, forms, filters, import, export, API, history and search."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from django.db.models import Model
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str


OWN_COLUMNS = 5


class FieldKind(enum.StrEnum):
    """What a value is. Decides its widget, its operators, its parser and its JSON form."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"  # Decimal
    MONEY = "money"  # {"amount": "12.50", "currency": "EUR"}
    DATE = "date"
    INSTANT = "instant"  # UTC
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    BOOLEAN = "boolean"
    URL = "url"
    EMAIL = "email"
    PHONE = "phone"  # E.164
    RELATION = "relation"  # the id of a record of `target`
    MEMBER = "member"  # the id of a member of the workspace (an owner)
    TAGS = "tags"


@dataclass(frozen=True)
class Choice:
    """One value of a choice field. A retired choice stays readable on old records and can't be picked anew."""

    value: str
    label: Label
    tone: str = ""  # good, warn, bad, info, plum, mute: a meaning, never a colour
    retired: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a record type, built-in or custom."""

    name: str  # as in the API, in conditions and in import mappings
    label: Label
    kind: FieldKind
    column: str = ""  # model attribute or ORM path; empty: the name. Custom values live in the JSON column `custom`.
    choices: tuple[Choice, ...] = ()
    target: str = ""  # record type of a relation
    currency: str = ""  # of a number that is an amount: ORM path of the currency it is in
    group: Label = ""  # heading in forms and menus
    help: Label = ""
    required: bool = False
    editable: bool = True
    importable: bool = True
    filterable: bool = True
    sortable: bool = False  # an index (or a small table) stands behind it
    searchable: bool = False  # part of the record's search text
    in_list: bool = True  # may be chosen as a column
    default_column: bool = False  # is a column until somebody chooses otherwise
    key: bool = False  # may be the key of an upsert
    custom: bool = False
    aliases: tuple[str, ...] = ()  # other headings an import knows it by

    @property
    def path(self) -> str:
        """The ORM path of the value."""
        return f"custom__{self.name}" if self.custom else self.column or self.name

    def choice(self, value: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.value == value), None)


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A named way from a record to other records, for relation conditions ("works at any organisation where …")."""

    name: str
    label: Label
    target: str


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """What a list page, a form, an import, an export, a search and an API resource are made from."""

    name: str  # "customer"
    label: Label  # "Customer"
    plural: Label  # "Customers"
    icon: str
    model: Callable[[], type[Model]]  # late, so that a declaration imports no models
    fields: tuple[Field, ...]
    title_field: str = "name"
    has_faces: bool = False  # initials stand beside the title, as with people; else its icon does
    url_name: str = ""  # detail page, reversed with the id
    list_url_name: str = ""
    default_sort: str = "-created_at"
    scope: Mapping[str, Any] = field(default_factory=dict)  # ORM filter of its rows, where several types share a table
    live: Mapping[str, Any] = field(default_factory=dict)  # ORM filter of rows that are neither binned nor merged away
    owner_column: str = ""  # of the rule "own rows"
    parent: str = ""  # a child record is visible when its parent is
    parent_column: str = ""
    searchable_column: str = ""  # folded text with a trigram index
    custom_fields: bool = True
    relations: tuple[Relation, ...] = ()
    deletable: bool = True
    stands_alone: bool = True  # has a page, and relations lead to it; False: its rows are shown with others' only
    is_own: bool = False  # defined by the workspace at run time
    extra: Mapping[str, Any] = field(default_factory=dict)

    def with_fields(self, custom: tuple[Field, ...]) -> RecordType:
        """The same type with a workspace's custom fields after the built-in ones."""
        if self.is_own:  # people add the fields they want to see: the first of them are columns at once
            shown = [field.name for field in custom if field.in_list][:OWN_COLUMNS]
            custom = tuple(replace(field, default_column=field.name in shown) for field in custom)
        return replace(self, fields=self.fields + custom)

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)

    @property
    def title_path(self) -> str:
        """The ORM path of the title, which is also the attribute that holds it."""
        known = self.field(self.title_field)
        return known.path if known else self.title_field

    @property
    def is_written(self) -> bool:
        """Whether people write these records themselves, so that pages, forms and imports can be made for them."""
        return self.stands_alone and any(f.editable for f in self.fields)


@dataclass(frozen=True)
class FoundRecord:
    """A record found by words, to be chosen or opened."""

    id: UUID
    label: str
    hint: str = ""
    avatar: str = ""  # person, organisation or household


@dataclass(frozen=True, kw_only=True)
class BuiltInView:
    """A view that comes with a list."""

    key: str  # in the address
    label: Label
    condition: Mapping[str, Any] = field(default_factory=dict)  # empty: everything
    icon: str = ""


@dataclass(frozen=True, kw_only=True)
class ListAction:
    """A way onward from a list: "Add customer", "Import"."""

    label: Label
    url_name: str
    url_args: tuple[str, ...] = ()
    icon: str = ""
    query: str = ""
    needs: str = "read"  # an Action on the record type
    is_primary: bool = False
    in_dialog: bool = False


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """A list of one record type under an address of its own: all customers, organisations."""

    name: str
    record_type: str
    title: Label
    url_name: str
    url_args: tuple[str, ...] = ()
    base: Mapping[str, Any] = field(default_factory=dict)  # holds for every row and is not shown as a filter
    columns: tuple[str, ...] = ()  # to begin with; empty: the default columns of the record type
    hidden: tuple[str, ...] = ()  # fields that say nothing here, such as the kind on a list of one kind
    subtitle: tuple[str, ...] = ()  # the first of these fields with a value stands under the title
    avatar: str = ""  # field that says how the avatar looks
    views: tuple[BuiltInView, ...] = ()
    actions: tuple[ListAction, ...] = ()
    empty_title: Label = ""
    empty_text: Label = ""
