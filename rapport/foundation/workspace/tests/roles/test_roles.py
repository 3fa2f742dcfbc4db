from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.models import AuditEntry, Member, Role
from rapport.foundation.workspace.queries.members import role_policy
from rapport.foundation.workspace.services import members, roles
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, Power, RecordRules, RowRule, Rows

UTRECHT = {"all": [{"field": "city", "op": "is", "value": "Utrecht"}]}
PAGE = "/w/kestrel/settings/roles/"


@pytest.fixture
def sales(actor: Actor) -> str:
    """A role of the workspace's own, so far like Member."""
    return roles.create_role(actor=actor, name="Inside sales", like="member").key


@pytest.fixture
def manager(ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]) -> Actor:
    set_role(ben, "manager")
    return actor_for(ben)


def rows(**actions: Rows) -> RecordRules:
    return RecordRules({Action(name): RowRule(each) for name, each in actions.items()})


def test_new_role_allows_what_its_model_does(sales: str) -> None:
    made, model = role_policy(sales), role_policy("member")

    assert made
    assert model
    assert sales == "inside_sales"
    assert (made.powers, made.default) == (model.powers, model.default)


@pytest.mark.parametrize("name", ["Inside sales", "inside SALES", "Owner", "read-only"])
def test_name_in_use_is_refused(actor: Actor, sales: str, name: str) -> None:
    with pytest.raises(Invalid):
        roles.create_role(actor=actor, name=name, like="member")

    assert Role.objects.count() == 1


def test_role_with_rules_holds_for_its_members(
    actor: Actor, ben: User, sales: str, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    wanted = RecordRules(
        {Action.READ: RowRule(Rows.CONDITION, UTRECHT), Action.UPDATE: RowRule(Rows.OWN)},
        {"phone": FieldAccess.HIDDEN, "email": FieldAccess.READ},
    )
    roles.update_record_rules(actor=actor, key=sales, record_type="customer", wanted=wanted)
    set_role(ben, sales)

    seller = actor_for(ben)

    assert seller.row_rule(Action.READ, "customer") == RowRule(Rows.CONDITION, UTRECHT)
    assert seller.row_rule(Action.UPDATE, "customer").rows is Rows.OWN
    assert not seller.may(Action.DELETE, "customer")
    assert seller.may(Action.CREATE, "anything else")
    assert seller.field_access("customer", "phone") is FieldAccess.HIDDEN
    assert seller.field_access("customer", "email") is FieldAccess.READ


def test_condition_that_makes_no_sense_is_refused(actor: Actor, sales: str) -> None:
    for condition in ({}, {"field": "no such field", "op": "is", "value": 1}, {"all": "what"}):
        with pytest.raises(Invalid):
            roles.update_record_rules(
                actor=actor,
                key=sales,
                record_type="customer",
                wanted=RecordRules({Action.READ: RowRule(Rows.CONDITION, condition)}),
            )

    policy = role_policy(sales)
    assert policy
    assert policy.records == {}


def test_manager_gives_no_role_more_than_their_own(manager: Actor, actor: Actor, sales: str) -> None:
    policy = role_policy(sales)
    assert policy

    with pytest.raises(NotAllowed):
        roles.update_role(
            actor=manager,
            key=sales,
            name="Inside sales",
            powers=frozenset({Power.MANAGE_WORKSPACE}),
            default=policy.default,
        )
    with pytest.raises(NotAllowed):
        roles.create_role(actor=manager, name="Second owner", like="owner")

    assert role_policy(sales) == policy


def test_limited_manager_widens_nothing(
    actor: Actor, ben: User, sales: str, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    """Somebody who manages members but reaches only their own records can't let others, or themselves, reach all."""
    key = roles.create_role(actor=actor, name="Team lead", like="read_only").key
    own = rows(read=Rows.OWN)
    roles.update_role(actor=actor, key=key, name="Team lead", powers=frozenset({Power.MANAGE_MEMBERS}), default=own)
    set_role(ben, key)
    lead = actor_for(ben)
    mine = Member.objects.get(user_id=ben.pk).pk

    for act in (
        lambda: roles.update_role(
            actor=lead, key=key, name="Team lead", powers=lead.role.powers, default=rows(read=Rows.ALL)
        ),
        lambda: roles.update_record_rules(actor=lead, key=key, record_type="customer", wanted=rows(read=Rows.ALL)),
        lambda: roles.update_record_rules(actor=lead, key=key, record_type="customer", wanted=rows(delete=Rows.OWN)),
        lambda: roles.create_role(actor=lead, name="More", like="member"),
        lambda: roles.update_record_rules(actor=lead, key=sales, record_type="customer", wanted=rows()),
        lambda: members.change_role(actor=lead, member_id=mine, role_key="member"),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert roles.create_role(actor=lead, name="Same", like=key).default == own


def test_field_that_is_hidden_from_a_manager_stays_hidden(
    actor: Actor, ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    key = roles.create_role(actor=actor, name="Team lead", like="manager").key
    hidden = RecordRules({action: RowRule(Rows.ALL) for action in Action}, {"phone": FieldAccess.HIDDEN})
    roles.update_record_rules(actor=actor, key=key, record_type="customer", wanted=hidden)
    set_role(ben, key)

    with pytest.raises(NotAllowed):
        roles.update_record_rules(actor=actor_for(ben), key=key, record_type="customer", wanted=None)
    with pytest.raises(NotAllowed):
        roles.create_role(actor=actor_for(ben), name="Loophole", like="manager")


def test_token_changes_no_roles(actor: Actor, sales: str) -> None:
    from dataclasses import replace

    token = replace(actor, scopes=frozenset({"*:read", "*:write", "workspace:manage_members"}))

    with pytest.raises(NotAllowed):
        roles.create_role(actor=token, name="Robot", like="member")


def test_built_in_roles_can_not_be_changed_or_removed(actor: Actor, workspace: Workspace) -> None:
    from rapport.foundation.workspace.errors import NotFound

    with pytest.raises(NotFound):
        roles.delete_role(actor=actor, key="member", workspace=workspace)
    with pytest.raises(NotFound):
        roles.update_record_rules(actor=actor, key="owner", record_type="customer", wanted=RecordRules())


def test_role_in_use_is_not_removed(actor: Actor, ben: User, sales: str, workspace: Workspace) -> None:
    Member.objects.filter(user_id=ben.pk).update(role_key=sales)

    with pytest.raises(Invalid):
        roles.delete_role(actor=actor, key=sales, workspace=workspace)

    Member.objects.filter(user_id=ben.pk).update(role_key="member")
    roles.delete_role(actor=actor, key=sales, workspace=workspace)
    assert not Role.objects.exists()


def test_changes_are_audited_before_and_after(actor: Actor, sales: str) -> None:
    roles.update_record_rules(actor=actor, key=sales, record_type="customer", wanted=rows(read=Rows.OWN))
    roles.update_record_rules(actor=actor, key=sales, record_type="customer", wanted=rows(read=Rows.OWN))

    entry = AuditEntry.objects.get(action="role.changed")
    assert entry.detail["before"]["records"] == {}
    assert entry.detail["after"]["records"]["customer"]["actions"] == {"read": {"rows": "own"}}


# Pages


def form_of(**values: str) -> dict[str, str]:
    """What the page of a record type posts, with everything allowed unless said otherwise."""
    from rapport.foundation.workspace.extension_points import guards

    customer = next(each for each in guards["records"].types(None) if each.name == "customer")  # type: ignore[arg-type]  # the types are the same for everybody
    return {
        **{f"rows_{action}": "all" for action in Action},
        **{f"field_{each.name}": "write" for each in customer.fields},
        **values,
    }


def test_page_makes_a_condition_from_its_lines(ada: User, sales: str, client_for: Callable[[User], Client]) -> None:
    form = form_of(
        rows_read="condition", test_field_0="city", test_op_0="is", test_value_0="Utrecht", field_phone="hidden"
    )

    response = client_for(ada).post(f"{PAGE}{sales}/customer/", form)

    assert response.status_code == 303
    policy = role_policy(sales)
    assert policy
    assert policy.rules("customer").actions[Action.READ] == RowRule(Rows.CONDITION, UTRECHT)
    assert policy.rules("customer").fields == {"phone": FieldAccess.HIDDEN}
    again = client_for(ada).get(f"{PAGE}{sales}/customer/").content.decode()
    assert 'value="Utrecht"' in again
    assert "Utrecht" in client_for(ada).get(f"{PAGE}{sales}/").content.decode()


def test_page_takes_a_condition_as_json(ada: User, sales: str, client_for: Callable[[User], Client]) -> None:
    condition = {"any": [{"field": "city", "op": "is", "value": "Utrecht"}, {"field": "city", "op": "is_empty"}]}

    client_for(ada).post(
        f"{PAGE}{sales}/customer/", form_of(rows_read="condition", condition_json=json.dumps(condition))
    )

    policy = role_policy(sales)
    assert policy
    assert policy.rules("customer").actions[Action.READ].condition == condition


@pytest.mark.parametrize(
    "values",
    [
        {"rows_read": "condition"},
        {"rows_read": "condition", "condition_json": "not json"},
        {"rows_read": "condition", "condition_json": "[1]"},
        {"rows_read": "condition", "condition_json": '{"field": "nonsense", "op": "is", "value": 1}'},
        {"rows_read": "condition", "condition_json": '{"any": [' * 2000},
        {"rows_read": "condition", "condition_json": '{"not": ' * 400 + '{"all": []}' + "}" * 400},
        {"rows_read": "sometimes"},
        {"field_phone": "perhaps"},
    ],
)
def test_page_refuses_nonsense(
    ada: User, sales: str, client_for: Callable[[User], Client], values: dict[str, str]
) -> None:
    response = client_for(ada).post(f"{PAGE}{sales}/customer/", form_of(**values))

    assert response.status_code == 422
    policy = role_policy(sales)
    assert policy
    assert policy.records == {}


def test_page_saves_powers_and_general_rules(ada: User, sales: str, client_for: Callable[[User], Client]) -> None:
    form = {
        "name": "Inside sales",
        "power_see_audit": "on",
        **{f"rows_{action}": "none" for action in Action},
        "rows_read": "own",
    }

    client_for(ada).post(f"{PAGE}{sales}/", form)

    policy = role_policy(sales)
    assert policy
    assert policy.powers == {Power.SEE_AUDIT}
    assert policy.default.actions == {Action.READ: RowRule(Rows.OWN)}


def test_built_in_role_is_shown_without_a_form(ada: User, client_for: Callable[[User], Client]) -> None:
    browser = client_for(ada)

    assert "You can read this role, not change it" in browser.get(f"{PAGE}member/").content.decode()
    assert browser.post(f"{PAGE}member/", {"name": "Gods"}).status_code == 403


def test_following_the_general_rules_again(ada: User, sales: str, client_for: Callable[[User], Client]) -> None:
    browser = client_for(ada)
    browser.post(f"{PAGE}{sales}/customer/", form_of(rows_read="own"))

    browser.post(f"{PAGE}{sales}/customer/drop/")

    policy = role_policy(sales)
    assert policy
    assert policy.records == {}


def test_pages_cost_the_same_for_many_roles(
    ada: User, actor: Actor, client_for: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    browser = client_for(ada)
    browser.get(PAGE)
    with django_assert_max_num_queries(15) as few:
        browser.get(PAGE)
    for number in range(20):
        roles.create_role(actor=actor, name=f"Role {number}", like="member")

    with django_assert_max_num_queries(len(few)):
        browser.get(PAGE)
