"""What the forms of filters need to know: which record type a pointer is about, and what their menus offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import behaviour_compilers, record_types
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.lists import says
from rapport.foundation.records.queries.names import names_in
from rapport.foundation.records.queries.saved_views import usable
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules.conditions import Condition, Related, edit
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.workspace.queries.members import active_members
from rapport.foundation.workspace.types import Actor

MOST_FOUND = 10
MOST_IMPORTS = 30
Option = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """A line of the menu of filters. `spec` names it in addresses: field:city, relation:works_at, behaviour:…, set:view."""

    spec: str
    label: str


@dataclass(frozen=True)
class MenuGroup:
    label: str
    icon: str
    entries: tuple[Entry, ...]


def type_at(words: Words, tree: Condition, pointer: str) -> RecordType:
    """The record type that a node is about: inside `where` of a relation it is the related one."""
    record_type, passed = words.record_type, ""
    for step in pointer.split("/")[1:]:
        node = edit.node_at(tree, passed)
        if isinstance(node, Related) and step == "where":
            record_type = related_type(words, record_type, node.relation) or record_type
        passed = f"{passed}/{step}"
    return record_type


def related_type(words: Words, record_type: RecordType, relation: str) -> RecordType | None:
    found = next((r for r in record_type.relations if r.name == relation), None)
    return words.type_named(found.target) if found else None


def menu(record_type: RecordType, words: Words) -> list[MenuGroup]:
    """Everything a filter can be about, what is done most first."""
    groups: dict[str, list[Entry]] = {}
    for field in record_type.fields:
        if field.filterable:
            groups.setdefault(str(field.group or _("Fields")), []).append(
                Entry(f"field:{field.name}", str(field.label))
            )
    found = []
    if record_type.name in behaviour_compilers:
        known = words.behaviour_of(record_type.name)
        kinds = [Entry(f"behaviour:{name}", str(label)) for name, label in known.kinds.items()]
        found.append(MenuGroup(_("What they did"), "activity", (Entry("behaviour:", _("Any touch point")), *kinds)))
    found += [MenuGroup(label, "", tuple(entries)) for label, entries in groups.items()]
    if record_type.relations:
        relations = tuple(Entry(f"relation:{r.name}", str(r.label)) for r in record_type.relations)
        found.append(MenuGroup(_("How they are related"), "link", relations))
    sets = (Entry("set:view", _("In a saved view")), Entry("set:import", _("Came with or changed by an import")))
    found.append(MenuGroup(_("Sets"), "stack-2", sets))
    return found


def member_options() -> list[Option]:
    return [(str(member.id), member.name) for member in active_members()]


def set_options(name: str, record_type: str, *, actor: Actor) -> list[Option]:
    if name == "view":
        rows = usable(actor).filter(record_type=record_type).order_by("name").values_list("pk", "name")
        return [(str(pk), label) for pk, label in rows]
    operations = Operation.objects.filter(kind="import", record_type=record_type, undone_at=None).order_by("-at")
    return [(str(pk), label or str(pk)) for pk, label in operations.values_list("pk", "label")[:MOST_IMPORTS]]


def record_options(
    field: Field, record_type: RecordType, chosen: Sequence[str], said: str, *, actor: Actor
) -> list[Option]:
    """The records already chosen, and those found by the words said."""
    if (field.target or record_type.name) not in record_types:
        return []  # the workspace retired that type
    target = readable_type(field.target or record_type.name, actor=actor)
    known = names_in(actor=actor, fields=[Field(name="id", label="", kind=FieldKind.RELATION, target=target.name)],
                     values=[{"id": one} for one in chosen if _is_id(one)])  # fmt: skip
    found = [(one, name) for one, (name, _url) in known.records.items()]
    if said:
        rows = policies.visible(actor, target.name).filter(says(said, target)).order_by("pk")
        hits = rows.values_list("pk", target.title_path)[:MOST_FOUND]
        found += [(str(pk), title) for pk, title in hits if str(pk) not in known.records]
    return found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
