"""How acts and changes read: `{% load history %}`."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rapport.foundation.records.queries.history import FieldChange, HistoryLine
from rapport.foundation.records.queries.names import Names
from rapport.foundation.records.queries.operations import Act
from rapport.foundation.records.templatetags.values import value_text
from rapport.foundation.ui import formats

register = template.Library()

_ICONS = {
    "create": "plus", "created": "plus", "added": "plus", "edit": "pencil", "updated": "pencil", "bulk_edit": "pencil",
    "delete": "trash", "deleted": "trash", "restore": "arrow-back-up", "restored": "arrow-back-up", "removed": "x",
    "merge": "git-merge", "merged": "git-merge", "unmerge": "git-merge", "unmerged": "git-merge", "import": "upload",
    "undo": "arrow-back-up", "address": "map-pin", "identity": "id", "relationship": "users", "file": "file",
    "phase_by_hand": "route", "follow_up": "clipboard-check",
}  # fmt: skip

# About one record, in its own history. "{part}" where a part of it came or went.
_LINE = {
    "created": gettext_lazy("added this"),
    "added": gettext_lazy("added"),
    "removed": gettext_lazy("removed"),
    "updated": gettext_lazy("changed"),
    "deleted": gettext_lazy("put this in the bin"),
    "restored": gettext_lazy("took this out of the bin"),
    "merged": gettext_lazy("merged"),
    "unmerged": gettext_lazy("made two of it again"),
}
_ACTS = {
    "create": gettext_lazy("added"),
    "edit": gettext_lazy("changed"),
    "bulk_edit": gettext_lazy("changed together"),
    "delete": gettext_lazy("put in the bin"),
    "restore": gettext_lazy("took out of the bin"),
    "merge": gettext_lazy("merged"),
    "unmerge": gettext_lazy("made two again of"),
    "import": gettext_lazy("imported"),
    "undo": gettext_lazy("took back a change of"),
    "demo": gettext_lazy("filled in demo data:"),
    "address": gettext_lazy("changed an address of"),
    "identity": gettext_lazy("changed what is known of"),
    "relationship": gettext_lazy("changed a relationship of"),
    "file": gettext_lazy("changed a file of"),
    "phase_by_hand": gettext_lazy("set the phase of"),
    "follow_up": gettext_lazy("changed a follow-up of"),
}
_PLAIN_NAMES = {"deleted_at": gettext_lazy("In the bin since"), "merged_into": gettext_lazy("Merged into")}
LONGEST = 160


@register.filter
def act_icon(kind: str) -> str:
    return _ICONS.get(kind, "pencil")


@register.simple_tag
def line_words(line: HistoryLine) -> str:
    """ "changed", "took back" and the like."""
    words = _LINE.get(line.action, line.action)
    if line.kind == "undo":
        return _("took a change back")
    if line.kind == "import":
        return _("imported this") if line.action == "created" else _("changed by an import")
    return str(words)


@register.simple_tag
def change(each: FieldChange, names: Names) -> SafeString:
    """Before and after, as one reads it. Long texts are cut; the whole is on the record."""
    if each.part:
        before = each.part.describe(each.before) if each.before else ""
        after = each.part.describe(each.after) if each.after else ""
    elif each.field is None and each.name in _PLAIN_NAMES:
        return format_html("{}", _("Yes") if each.after else _("No"))
    else:
        before, after = value_text(each.field, each.before, names), value_text(each.field, each.after, names)
    before, after = Truncator(before).chars(LONGEST), Truncator(after).chars(LONGEST)
    if not before:
        return format_html("<ins>{}</ins>", after or "–")
    return format_html(
        '<del>{}</del> <span class="r-3rd" aria-hidden="true">→</span> <ins>{}</ins>', before, after or _("nothing")
    )


@register.simple_tag
def change_name(name: str) -> str:
    """Of a field that is no longer declared, or of a column that is no field."""
    return str(_PLAIN_NAMES.get(name, name))


@register.simple_tag
def act_words(act: Act) -> str:
    return str(_ACTS.get(act.kind, act.kind))


@register.simple_tag
def act_more(act: Act) -> str:
    """ "and 12 more", where an act touched more records than are named."""
    more = act.touched - len(act.records)
    if more <= 0:
        return ""
    if not act.records:
        return " " + ngettext("%(n)s record", "%(n)s records", more) % {"n": formats.number(more)}
    return " " + ngettext("and %(n)s more", "and %(n)s more", more) % {"n": formats.number(more)}


def known_acts() -> set[str]:
    """For tests: every act has words."""
    return set(_ACTS)
