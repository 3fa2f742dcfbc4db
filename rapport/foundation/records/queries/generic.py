"""What every record type gets without registering it: a list page, and a place in the search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import list_pages, record_finders, record_types, search_sources
from rapport.foundation.records.models import OwnRecord
from rapport.foundation.records.queries.addresses import record_url
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.own_fields import all_custom_fields
from rapport.foundation.records.queries.search import ranked_ids, readable_part, search_ids
from rapport.foundation.records.types import BuiltInView, FieldKind, ListAction, ListPage, RecordType
from rapport.foundation.ui.types import Hit
from rapport.foundation.workspace.types import Action, Actor, Rows

MINE = BuiltInView(key="mine", label=_("Mine"), condition={"field": "owner", "op": "is", "value": "me"})
MOST_TYPES = 8  # built-in ones that are searched one by one


def generic_page(name: str) -> ListPage | None:
    """The list of a record type that registers none, under the type's name."""
    declared = record_types.get(name)
    if declared is None or not _needs_page(declared):
        return None
    import_it = ListAction(
        label=_("Import"), url_name="records:import-new", icon="upload", query=f"into={name}", needs="import"
    )
    add = ListAction(
        label=_("Add"),
        url_name="records:record-new",
        url_args=(name,),
        icon="plus",
        needs="create",
        is_primary=True,
        in_dialog=True,
    )
    owner = declared.field("owner")
    return ListPage(
        name=name,
        record_type=name,
        title=declared.plural,
        url_name="records:records",
        url_args=(name,),
        views=(MINE,) if owner and owner.kind is FieldKind.MEMBER else (),
        actions=(import_it, add) if declared.is_written else (),
        empty_text=_("Import a spreadsheet, or add the first one by hand.") if declared.is_written else "",
    )


def paged_names() -> list[str]:
    """Record types whose list nobody registered."""
    return [name for name, declared in record_types.items() if _needs_page(declared)]


def written_names() -> list[str]:
    return [name for name, declared in record_types.items() if declared.is_written]


def find_in_all_types(actor: Actor, words: str, limit: int) -> list[Hit]:
    """Records of every type that no other finder looks through; a workspace's own types all at once."""
    hits: list[Hit] = []
    for declared in _searched_alone(actor):
        part = readable_part(actor, record_type(declared.name))
        ids = search_ids(actor=actor, record_type=declared.name, words=words, limit=limit, readable=part)
        hits += _hits(actor, declared, ids)
    return [*_own_hits(actor, words, limit), *hits][:limit]


def _own_hits(actor: Actor, words: str, limit: int) -> list[Hit]:
    """Three statements, however many types the workspace has, but for types of which the actor may not read all."""
    types = [each for each in record_types.values() if each.is_own and actor.may(Action.READ, each.name)]
    own = all_custom_fields() if types else {}
    whole: list[str] = []
    reached: list[Q] = []
    hits: list[Hit] = []
    for each in types:
        part = readable_part(actor, each.with_fields(own.get(each.name, ())))
        if part is not None:
            ids = search_ids(actor=actor, record_type=each.name, words=words, limit=limit, readable=part)
            hits += _hits(actor, each, ids)
        elif actor.row_rule(Action.READ, each.name).rows is Rows.ALL:
            whole.append(each.name)
        else:
            reached.append(Q(pk__in=policies.visible(actor, each.name).values("pk")))
    if whole:
        reached.append(Q(type__in=whole))
    if not reached:
        return hits
    rows = OwnRecord.objects.filter(reduce(or_, reached), deleted_at=None)
    ids = ranked_ids(rows, "search", words, limit)
    found = {pk: (name, title) for pk, name, title in rows.filter(pk__in=ids).values_list("pk", "type", "title")}
    return [_hit(record_types[found[one][0]], one, found[one][1]) for one in ids if one in found] + hits


def _hits(actor: Actor, declared: RecordType, ids: Sequence[UUID]) -> list[Hit]:
    titles = dict(policies.visible(actor, declared.name).filter(pk__in=ids).values_list("pk", declared.title_path))
    return [_hit(declared, one, str(titles[one])) for one in ids if one in titles]


def _hit(declared: RecordType, record_id: UUID, title: str) -> Hit:
    label = str(declared.label)
    return Hit(label=title or label, url=record_url(declared, record_id), icon=declared.icon, hint=label)


def _searched_alone(actor: Actor) -> list[RecordType]:
    found = [
        declared
        for name, declared in record_types.items()
        if declared.stands_alone
        and not declared.is_own
        and not declared.url_name
        and declared.searchable_column
        and name not in record_finders
        and f"{name}s" not in search_sources
        and actor.may(Action.READ, name)
    ]
    return found[:MOST_TYPES]


def _needs_page(declared: RecordType) -> bool:
    return declared.stands_alone and not declared.list_url_name and not _has_page(declared.name)


def _has_page(name: str) -> bool:
    return any(page.record_type == name for page in list_pages.registered())
