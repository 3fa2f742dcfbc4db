"""How acts and changes read: `{% load history %}`."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rapport.foundation.records.extension_points import act_words as act_words_by_kind
from rapport.foundation.records.queries.history import FieldChange, HistoryLine
from rapport.foundation.records.queries.names import Names
from rapport.foundation.records.queries.operations import Act
from rapport.foundation.records.templatetags.values import value_text
from rapport.foundation.ui import formats

register = template.Library()

# Of lines in a record's own history; those of acts are registered with their words.
_ICONS = {
    "created": "plus", "added": "plus", "updated": "pencil", "deleted": "trash", "restored": "arrow-back-up",
    "removed": "x", "merged": "git-merge", "unmerged": "git-merge",
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
_PLAIN_NAMES = {"deleted_at": gettext_lazy("In the bin since"), "merged_into": gettext_lazy("Merged into")}
LONGEST = 160


@register.filter
def act_icon(kind: str) -> str:
    words = act_words_by_kind.get(kind)
    return words.icon if words else "pencil"


@register.filter
def line_icon(action: str) -> str:
    return _ICONS.get(action, "pencil")


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
    words = act_words_by_kind.get(act.kind)
    return str(words.phrase) if words else _("changed")  # of an app that is no longer installed


@register.simple_tag
def act_more(act: Act) -> str:
    """ "and 12 more", where an act touched more records than are named."""
    more = act.touched - len(act.records)
    if more <= 0:
        return ""
    if not act.records:
        return " " + ngettext("%(n)s record", "%(n)s records", more) % {"n": formats.number(more)}
    return " " + ngettext("and %(n)s more", "and %(n)s more", more) % {"n": formats.number(more)}
