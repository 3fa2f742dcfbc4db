from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.workspace import rules
from rapport.foundation.workspace.types import Action, FieldAccess, Power, RecordRules, RolePolicy, RowRule, Rows

CONDITIONS = ({"field": "city", "op": "is", "value": "Utrecht"}, {"field": "city", "op": "is", "value": "Delft"})

row_rules = st.one_of(
    st.sampled_from([RowRule(Rows.ALL), RowRule(Rows.OWN), RowRule(Rows.NONE)]),
    st.sampled_from(CONDITIONS).map(lambda condition: RowRule(Rows.CONDITION, condition)),
)
record_rules = st.builds(
    RecordRules,
    st.dictionaries(st.sampled_from(list(Action)), row_rules),
    st.dictionaries(st.sampled_from(["name", "email", "city"]), st.sampled_from(list(FieldAccess))),
)
policies = st.builds(
    RolePolicy,
    st.just("role"),
    st.just("Role"),
    st.frozensets(st.sampled_from(list(Power))),
    record_rules,
    st.dictionaries(st.sampled_from(["customer", "deal"]), record_rules),
)
OWNER = rules.BUILT_IN["owner"]


@given(policies)
def test_role_includes_itself(policy: RolePolicy) -> None:
    assert rules.covers(policy, policy)


@given(policies, policies, policies)
def test_including_is_transitive(a: RolePolicy, b: RolePolicy, c: RolePolicy) -> None:
    if rules.covers(a, b) and rules.covers(b, c):
        assert rules.covers(a, c)


@given(policies)
def test_owner_includes_every_role(policy: RolePolicy) -> None:
    assert rules.covers(OWNER, policy)


@given(policies, policies)
def test_included_role_never_reaches_more(own: RolePolicy, other: RolePolicy) -> None:
    if not rules.covers(own, other):
        return

    assert other.powers <= own.powers
    for record_type in ("customer", "deal", "anything else"):
        for action in Action:
            wanted = other.rules(record_type).actions.get(action, RowRule(Rows.NONE))
            given_rule = own.rules(record_type).actions.get(action, RowRule(Rows.NONE))
            if wanted.rows is not Rows.NONE:
                assert given_rule.rows is Rows.ALL or given_rule == wanted


@given(policies)
def test_role_survives_storage(policy: RolePolicy) -> None:
    stored = rules.policy_from_json(policy.key, policy.name, rules.policy_to_json(policy))

    assert rules.policy_to_json(stored) == rules.policy_to_json(policy)
    assert rules.covers(stored, policy)
    assert rules.covers(policy, stored)


def test_built_in_roles_are_a_ladder() -> None:
    owner, manager, member, read_only = (rules.BUILT_IN[key] for key in ("owner", "manager", "member", "read_only"))

    assert rules.covers(owner, manager)
    assert rules.covers(manager, member)
    assert rules.covers(member, read_only)
    assert not rules.covers(manager, owner)
    assert not rules.covers(member, manager)
    assert not rules.covers(read_only, member)


def test_words_that_are_not_known_never_widen_a_role() -> None:
    policy = rules.policy_from_json(
        "old",
        "Old",
        {
            "powers": ["fly"],
            "default": {
                "actions": {"read": {"rows": "sometimes"}, "dance": {"rows": "all"}, "update": {"rows": "condition"}},
                "fields": {"salary": "perhaps"},
            },
        },
    )

    assert policy.powers == frozenset()
    assert policy.default.actions == {}
    assert policy.default.fields == {"salary": FieldAccess.HIDDEN}


def test_last_owner_is_noticed() -> None:
    from uuid import uuid4

    ada, ben = uuid4(), uuid4()

    assert rules.leaves_an_owner([ada, ben], ada)
    assert not rules.leaves_an_owner([ada], ada)


@given(st.text(max_size=90), st.sets(st.text(max_size=10)))
def test_key_of_a_role_is_free_and_fits_an_address(name: str, taken: set[str]) -> None:
    key = rules.role_key(name, taken)

    assert key not in taken
    assert 0 < len(key) <= 40
    assert key.replace("_", "").isalnum()
