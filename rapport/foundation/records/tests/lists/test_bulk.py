from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.lib.registry import Registry
from rapport.foundation.records.models import BulkRun, Change, Operation
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.bulk import Act, Selection
from rapport.foundation.records.services import bulk
from rapport.foundation.records.services.undo import undo
from rapport.foundation.records.tests.lists.factories import make_rows, reload
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, RowRule, Rows

pytestmark = pytest.mark.django_db
ALL = Selection("customers", all_matching=True)
IN_DELFT = Selection("customers", all_matching=True, where={"field": "city", "op": "is", "value": "Delft"})


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The runs that went to the worker, which is not there."""
    runs: list[Any] = []
    registry: Registry[Any] = Registry("bulk deferrer")
    registry.register("worker", runs.append)
    monkeypatch.setattr(bulk, "bulk_deferrers", registry)
    monkeypatch.setattr(bulk, "AT_ONCE", 5)
    monkeypatch.setattr(bulk, "BATCH", 4)
    return runs


def chosen(rows: list[Any]) -> Selection:
    return Selection("customers", tuple(str(row.pk) for row in rows))


def finish(actor: Actor, run_id: Any) -> BulkRun:
    while bulk.continue_run(actor=actor, run_id=run_id):
        pass
    return BulkRun.objects.get(pk=run_id)


def test_a_bulk_edit_is_one_operation_and_can_be_undone(actor: Actor) -> None:
    rows = make_rows(4, city="Delft")

    started = bulk.bulk_act(actor=actor, selection=chosen(rows[:3]), act=Act("edit", {"city": "Gouda"}))

    assert started.changed == 3
    assert started.operation_id
    assert [reload(row.pk).city for row in rows] == ["Gouda", "Gouda", "Gouda", "Delft"]
    assert Change.objects.filter(operation_id=started.operation_id).count() == 3
    bulk.undo_operation(actor=actor, operation_id=started.operation_id)
    assert {reload(row.pk).city for row in rows} == {"Delft"}


def test_tags_are_added_and_taken_off_without_touching_others(actor: Actor) -> None:
    (row,) = make_rows(1, tags=["old"])

    bulk.bulk_act(actor=actor, selection=chosen([row]), act=Act("tag", tags=("vip", "old")))
    assert reload(row.pk).tags == ["old", "vip"]
    bulk.bulk_act(actor=actor, selection=chosen([row]), act=Act("untag", tags=("old",)))
    assert reload(row.pk).tags == ["vip"]


def test_into_the_bin_and_out_again(actor: Actor) -> None:
    rows = make_rows(2)

    bulk.bulk_act(actor=actor, selection=ALL, act=Act("delete"))
    assert all(reload(row.pk).deleted_at for row in rows)
    restored = bulk.bulk_act(actor=actor, selection=replace_bin(ALL), act=Act("restore"))

    assert restored.changed == 2
    assert not any(reload(row.pk).deleted_at for row in rows)


def replace_bin(selection: Selection) -> Selection:
    return Selection(
        selection.page, selection.ids, selection.all_matching, selection.where, selection.words, in_bin=True
    )


def test_nothing_to_change_leaves_no_operation(actor: Actor) -> None:
    rows = make_rows(2, city="Delft")

    started = bulk.bulk_act(actor=actor, selection=chosen(rows), act=Act("edit", {"city": "Delft"}))

    assert started == bulk.Started()
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (Act("edit", {}), "field"),
        (Act("edit", {"shoe_size": 1}), "shoe_size"),
        (Act("edit", {"email": "nonsense"}), "email"),
        (Act("tag"), "tags"),
        (Act("tag", tags=("x" * 81,)), "tags"),
    ],
)
def test_what_no_record_could_take_is_refused_before_anything_happens(
    actor: Actor, act: Act, named: str, handed_over: list[Any]
) -> None:
    rows = make_rows(9)

    for selection in (chosen(rows), ALL):
        with pytest.raises(Invalid) as refused:
            bulk.bulk_act(actor=actor, selection=selection, act=act)
        assert named in refused.value.problems
    assert not Operation.objects.exists()
    assert not handed_over


def test_rows_and_fields_out_of_reach_are_left_alone(
    actor: Actor, ben: User, actor_for: Callable[[User], Actor]
) -> None:
    mine, others = make_rows(2, owner_id=actor.member_id), make_rows(2)
    rules = replace(
        actor.role.default,
        actions={**actor.role.default.actions, Action.UPDATE: RowRule(Rows.OWN)},
        fields={"notes": FieldAccess.READ},
    )
    limited = replace(actor, role=replace(actor.role, default=rules))

    started = bulk.bulk_act(actor=limited, selection=chosen([*mine, *others]), act=Act("edit", {"city": "Gouda"}))

    assert (started.changed, started.refused) == (2, 2)
    assert {reload(row.pk).city == "Gouda" for row in others} == {False}
    with pytest.raises(Invalid):
        bulk.bulk_act(actor=limited, selection=chosen(mine), act=Act("edit", {"notes": "x"}))
    reader = replace(actor, role=replace(actor.role, default=replace(rules, actions={Action.READ: RowRule(Rows.ALL)})))
    with pytest.raises(NotAllowed):
        bulk.bulk_act(actor=reader, selection=chosen(mine), act=Act("delete"))


def test_many_go_to_the_worker_batch_by_batch(actor: Actor, handed_over: list[Any]) -> None:
    rows = make_rows(11, city="Delft")

    started = bulk.bulk_act(actor=actor, selection=IN_DELFT, act=Act("edit", {"city": "Gouda"}))

    assert handed_over == [started.run_id]
    assert {reload(row.pk).city for row in rows} == {"Delft"}
    assert bulk.continue_run(actor=actor, run_id=started.run_id)  # type: ignore[arg-type]  # it is handed over
    assert BulkRun.objects.get(pk=started.run_id).done == 4
    run = finish(actor, started.run_id)
    assert (run.state, run.done, run.total) == ("done", 11, 11)
    assert {reload(row.pk).city for row in rows} == {"Gouda"}
    assert bulk.continue_run(actor=actor, run_id=run.pk) is False
    undo(actor=actor, operation_id=run.operation_id)  # type: ignore[arg-type]  # it changed some
    assert {reload(row.pk).city for row in rows} == {"Delft"}


def test_a_run_can_be_stopped_and_what_it_did_undone(actor: Actor, handed_over: list[Any]) -> None:
    rows = make_rows(11, city="Delft")
    run_id = bulk.bulk_act(actor=actor, selection=ALL, act=Act("edit", {"city": "Gouda"})).run_id
    assert run_id
    bulk.continue_run(actor=actor, run_id=run_id)

    run = bulk.cancel_run(actor=actor, run_id=run_id)

    assert finish(actor, run_id).done == 4
    with pytest.raises(Conflict):
        bulk.cancel_run(actor=actor, run_id=run_id)
    bulk.undo_operation(actor=actor, operation_id=run.operation_id)  # type: ignore[arg-type]  # it changed some
    assert {reload(row.pk).city for row in rows} == {"Delft"}


def test_undoing_a_run_at_work_stops_it_first(actor: Actor, handed_over: list[Any]) -> None:
    rows = make_rows(11, city="Delft")
    run_id = bulk.bulk_act(actor=actor, selection=ALL, act=Act("edit", {"city": "Gouda"})).run_id
    bulk.continue_run(actor=actor, run_id=run_id)  # type: ignore[arg-type]  # it is handed over

    bulk.undo_operation(actor=actor, operation_id=BulkRun.objects.get(pk=run_id).operation_id)  # type: ignore[arg-type]  # it changed some

    assert finish(actor, run_id).state == "cancelled"
    assert {reload(row.pk).city for row in rows} == {"Delft"}


def test_a_large_undo_is_left_to_the_worker(
    actor: Actor, handed_over: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "UNDONE_AT_ONCE", 3)
    rows = make_rows(4, city="Delft")
    done = bulk.bulk_act(actor=actor, selection=chosen(rows), act=Act("edit", {"city": "Gouda"}))
    assert done.operation_id

    started = bulk.undo_operation(actor=actor, operation_id=done.operation_id)

    assert started.run_id
    with pytest.raises(Conflict):
        bulk.undo_operation(actor=actor, operation_id=done.operation_id)
    assert finish(actor, started.run_id).state == "done"
    assert {reload(row.pk).city for row in rows} == {"Delft"}
    with pytest.raises(Conflict):
        bulk.undo_operation(actor=actor, operation_id=done.operation_id)


def test_a_run_that_meets_a_problem_says_so(actor: Actor, handed_over: list[Any]) -> None:
    make_rows(11)
    run_id = bulk.bulk_act(actor=actor, selection=IN_ALL_CITIES, act=Act("edit", {"city": "Gouda"})).run_id
    BulkRun.objects.filter(pk=run_id).update(
        selection={"page": "customers", "all_matching": True, "where": {"field": "gone", "op": "is_empty"}}
    )

    run = finish(actor, run_id)

    assert run.state == "failed"
    assert "gone" in run.problem


IN_ALL_CITIES = Selection("customers", all_matching=True, where=conditions.to_json(conditions.EVERYTHING))


def test_there_is_no_undoing_or_stopping_what_is_not_there(actor: Actor) -> None:
    with pytest.raises(NotFound):
        bulk.undo_operation(actor=actor, operation_id=uuid4())
    with pytest.raises(NotFound):
        bulk.cancel_run(actor=actor, run_id=uuid4())


def test_too_many_and_odd_ids_are_refused(actor: Actor) -> None:
    with pytest.raises(Invalid):
        bulk.bulk_act(actor=actor, selection=Selection("customers", ("x",)), act=Act("delete"))
    with pytest.raises(Invalid):
        bulk.bulk_act(actor=actor, selection=Selection("customers", ("x",) * 1001), act=Act("delete"))
