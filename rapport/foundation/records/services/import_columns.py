"""Where the columns of a file go: guessed when it comes in, then as people say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from rapport.foundation.records.extension_points import importers
from rapport.foundation.records.models import Import, RememberedMapping
from rapport.foundation.records.rules.dates import DateOrder
from rapport.foundation.records.rules.mapping import NEW, ColumnPlan, Guess, folded_heading, guess_mapping
from rapport.foundation.records.rules.tables import Batch
from rapport.foundation.records.services.import_plans import (
    columns_of,
    fingerprint_of,
    sample_columns,
    table_format,
    targets_of,
    workspace_country,
    workspace_currency,
)
from rapport.foundation.records.types import FieldKind
from rapport.foundation.workspace.types import Actor

NEW_KINDS = (
    FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.INSTANT,
    FieldKind.BOOLEAN, FieldKind.URL, FieldKind.EMAIL, FieldKind.PHONE,
)  # fmt: skip


def known_heading(row: Import, actor: Actor) -> Callable[[str], bool]:
    words: set[str] = set()
    for target in targets_of(row, actor):
        words.update(map(folded_heading, (target.name, str(target.field.label), *target.field.aliases)))
    return lambda heading: folded_heading(heading) in words


def guess_columns(row: Import, actor: Actor, batch: Batch) -> None:
    """Map the columns and answer the questions, as well as the file and earlier imports let one."""
    importer = importers[row.record_type]
    columns = sample_columns(row, batch)
    targets = targets_of(row, actor)
    remembered = RememberedMapping.objects.filter(pk=fingerprint_of(row, columns), record_type=row.record_type).first()
    guess = importer.settle(
        guess_mapping(
            columns,
            [target.field for target in targets],
            has_header=table_format(row).has_header,
            remembered=[ColumnPlan.from_json(each) for each in remembered.mapping] if remembered else (),
            many=[target.name for target in targets if target.many],
            raw_log=importer.raw_log,
        )
    )
    row.mapping, row.system = [plan.as_json() for plan in guess.columns], guess.system
    row.options = {
        "bad_values": "refuse",
        "region": workspace_country(),
        "currency": workspace_currency(),
        **importer.answers(guess, columns),
        **(remembered.options if remembered else {}),
    }
    row.key_field = remembered.key_field if remembered else _first_key(row, guess)
    row.save(update_fields=["mapping", "system", "options", "key_field"])


def _first_key(row: Import, guess: Guess) -> str:
    targets = {plan.target for plan in guess.columns}
    return next((one.name for one in importers[row.record_type].key_fields() if one.name in targets), "")


def planned_columns(
    row: Import, actor: Actor, targets: Mapping[int, str], options: Mapping[int, Mapping[str, str]]
) -> tuple[list[ColumnPlan], dict[str, str]]:
    known = {target.name: target for target in targets_of(row, actor)}
    allowed = {f"{NEW}{kind}" for kind in NEW_KINDS} if importers[row.record_type].new_fields else set()
    columns, used, problems = [], set(), {}
    for plan in columns_of(row):
        target = targets.get(plan.position, plan.target)
        name = f"column-{plan.position}"
        if target and target not in known and target not in allowed:
            problems[name] = _("There is no such field.")
        elif target and target in used and not (target in allowed or known[target].many):
            problems[name] = _("Another column goes there already.")
        used.add(target)
        said = options.get(plan.position) or {}
        chosen = {
            **{name: value for name, value in plan.options.items() if name not in said},
            **{name: value for name, value in said.items() if _is_option(name, value)},
        }
        columns.append(
            replace(plan, target=target, reason=plan.reason if target == plan.target else "", options=chosen)
        )
    return columns, problems


def _is_option(name: str, value: str) -> bool:
    return (name == "date_order" and value in set(DateOrder)) or (name == "decimal" and value in (".", ","))


def option_problems(row: Import) -> dict[str, str]:
    problems = {}
    for name, length in (("region", 2), ("currency", 3)):
        value = str(row.options.get(name) or "")
        if value and not (len(value) == length and value.isascii() and value.isalpha()):
            problems[name] = _("Two letters, such as NL.") if length == 2 else _("Three letters, such as EUR.")
    return problems
