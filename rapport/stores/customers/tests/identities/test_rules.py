from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.stores.customers.rules.identities import Known, Plan, clean_fields, identity_key, resolve
from rapport.stores.customers.types import KNOWN, IdentityKey, IdentityKind, IdentitySet, Resolved

EMAIL, PHONE, SHOP, COOKIE = (
    IdentityKey("marta@pedal.example", "email"),
    IdentityKey("+31105550142", "phone"),
    IdentityKey("1181", "external", "shopify"),
    IdentityKey("cookie-of-marta", "cookie"),
)
OTHER = IdentityKey("rui@pedal.example", "email")


class Store:
    """The tables, in memory."""

    def __init__(self) -> None:
        self.owners: dict[IdentityKey, UUID] = {}
        self.aliases: dict[UUID, UUID] = {}
        self.people: set[UUID] = set()
        self._ids: Iterator[int] = count(1)

    def new_id(self) -> UUID:
        return UUID(int=next(self._ids))

    def take(
        self, sets: Sequence[IdentitySet], *, create: bool = True, trusted: bool = True
    ) -> tuple[list[Resolved], Plan]:
        known = Known(dict(self.owners), dict(self.aliases), set(self.people))
        plan = resolve(sets, known, new_id=self.new_id, create=create, trusted=trusted)
        assert not set(plan.identities) & set(self.owners), "an identity is written once"
        for key, (before, after) in plan.moves.items():
            assert self.owners[key] == before
            self.owners[key] = after
        self.owners |= plan.identities
        assert not set(plan.aliases) & set(self.aliases), "an alias is written once"
        self.aliases |= {absorbed: surviving for absorbed, (_, surviving) in plan.aliases.items()}
        self.people |= set(plan.customers)
        return plan.answers, plan

    def person(self, answer: Resolved) -> UUID | None:
        return answer.customer_id and self.aliases.get(answer.customer_id, answer.customer_id)


def known_by(*keys: IdentityKey) -> IdentitySet:
    return IdentitySet(tuple(keys))


def test_an_unseen_browser_is_an_anonymous_visitor() -> None:
    store = Store()

    answers, plan = store.take([known_by(COOKIE), known_by(COOKIE)])

    assert answers[0].customer_id == answers[1].customer_id == store.owners[COOKIE]
    assert not plan.customers


def test_earlier_visits_join_the_person_once_known() -> None:
    store = Store()
    (visit,), _ = store.take([known_by(COOKIE)])

    (sign_up,), plan = store.take([known_by(COOKIE, EMAIL)])

    assert sign_up.customer_id in plan.customers
    assert visit.customer_id != sign_up.customer_id
    assert store.person(visit) == sign_up.customer_id


def test_a_shared_browser_moves_on_and_leaves_old_visits_where_they_were() -> None:
    store = Store()
    (marta,), _ = store.take([known_by(COOKIE, EMAIL)])
    (visit,), _ = store.take([known_by(COOKIE)])

    (rui,), plan = store.take([known_by(COOKIE, OTHER)])
    (later,), _ = store.take([known_by(COOKIE)])

    assert COOKIE in plan.moves
    assert store.person(visit) == marta.customer_id
    assert store.person(later) == rui.customer_id != marta.customer_id


def test_two_known_people_in_one_event_are_proposed_and_the_stronger_key_wins() -> None:
    store = Store()
    (by_mail, by_shop), _ = store.take([known_by(EMAIL), known_by(SHOP)])

    (both,), plan = store.take([known_by(EMAIL, SHOP)])

    assert both.customer_id == by_shop.customer_id
    assert plan.aliases == {}
    assert list(plan.proposals) == [tuple(sorted((by_mail.customer_id, by_shop.customer_id)))]


def test_an_unknown_identity_is_added_to_the_customer_named_with_it_if_the_source_is_trusted() -> None:
    store = Store()
    (marta,), _ = store.take([known_by(EMAIL)])

    store.take([known_by(EMAIL, PHONE)], trusted=False)
    assert PHONE not in store.owners

    store.take([known_by(EMAIL, PHONE)])
    assert store.owners[PHONE] == marta.customer_id


def test_without_leave_to_create_an_unknown_address_is_refused_but_a_browser_still_counts() -> None:
    store = Store()

    (alone, with_browser), plan = store.take([known_by(EMAIL), known_by(EMAIL, COOKIE)], create=False)

    assert alone.customer_id is None
    assert alone.problem
    assert with_browser.customer_id == store.owners[COOKIE]
    assert not plan.customers


def test_an_id_must_exist_and_nothing_at_all_is_refused() -> None:
    store = Store()

    (unknown, nothing), _ = store.take([IdentitySet((), UUID(int=7)), IdentitySet()])

    assert unknown.customer_id is None
    assert nothing.customer_id is None


def test_an_absorbed_id_stays_the_one_that_is_recorded() -> None:
    store = Store()
    absorbed, surviving = store.new_id(), store.new_id()
    store.people |= {absorbed, surviving}
    store.owners[EMAIL] = absorbed
    store.aliases[absorbed] = surviving

    (answer, by_id), plan = store.take([known_by(EMAIL, COOKIE), IdentitySet((), absorbed)])

    assert answer.customer_id == by_id.customer_id == absorbed
    assert set(plan.aliases.values()) == {(absorbed, surviving)}


KEYS = [
    *(IdentityKey(f"{name}@example.org", "email") for name in "abc"),
    *(IdentityKey(str(n), "external", "shop") for n in range(3)),
    *(IdentityKey(f"+3120555010{n}", "phone") for n in range(2)),
    *(IdentityKey(f"browser-{n}", "cookie") for n in range(3)),
    IdentityKey("device-1", "device"),
]
EVENTS = st.lists(
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True).map(lambda keys: known_by(*keys)), max_size=25
)


@given(EVENTS, st.booleans())
def test_two_known_people_are_never_joined(events: list[IdentitySet], trusted: bool) -> None:
    store = Store()

    for event in events:
        before = {key: owner for key, owner in store.owners.items() if key.kind in KNOWN}
        store.take([event], trusted=trusted)

        assert not set(store.aliases) & store.people, "no customer was absorbed"
        assert {key: store.owners[key] for key in before} == before, "no naming identity went to somebody else"
        assert not set(store.aliases.values()) & set(store.aliases), "aliases are one step"


@given(EVENTS, st.lists(st.integers(1, 6), min_size=25, max_size=25))
def test_batches_of_any_size_tell_the_same_story(events: list[IdentitySet], sizes: list[int]) -> None:
    one_by_one, batched = Store(), Store()
    singles = [one_by_one.take([event])[0][0] for event in events]

    answers: list[Resolved] = []
    rest = list(events)
    for size in sizes:  # at least as many as events
        answers += batched.take(rest[:size])[0]
        rest = rest[size:]

    assert _story(batched, answers) == _story(one_by_one, singles)


def _story(store: Store, answers: Sequence[Resolved]) -> list[int]:
    """Who is who, without the ids: each person by the order in which they came."""
    order: dict[UUID | None, int] = {}
    return [order.setdefault(store.person(answer), len(order)) for answer in answers]


@given(EVENTS)
def test_hearing_it_all_again_begins_no_new_customers(events: list[IdentitySet]) -> None:
    store = Store()
    store.take(events)
    people, owners = set(store.people), {key: owner for key, owner in store.owners.items() if key.kind in KNOWN}

    store.take(events)

    assert store.people == people
    assert {key: store.owners[key] for key in owners} == owners


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        (IdentityKind.EMAIL, "  Marta@Pedal.EXAMPLE ", "marta@pedal.example"),
        (IdentityKind.EMAIL, "Jörg@bücher.example", "jörg@bücher.example"),
        (IdentityKind.EMAIL, "info@bücher.example", "info@xn--bcher-kva.example"),
        (IdentityKind.EMAIL, "nobody", None),
        (IdentityKind.PHONE, "+31 (0)10 555 01 42", "+31105550142"),
        (IdentityKind.PHONE, "010 555 0142", "+31105550142"),
        (IdentityKind.PHONE, "12", None),
        (IdentityKind.EXTERNAL, " 1181 ", "1181"),
        (IdentityKind.EXTERNAL, "a\x00b", None),
        (IdentityKind.EXTERNAL, "x" * 255, None),
        (IdentityKind.COOKIE, "a1b2c3d4e5", "a1b2c3d4e5"),
        (IdentityKind.COOKIE, "<script>alert(1)</script>", None),
    ],
)
def test_identities_have_one_form(kind: IdentityKind, value: str, normal: str | None) -> None:
    key = identity_key(kind, value, region="NL")

    assert (key and key.value) == normal


def test_fields_are_cleaned_and_only_known_ones_taken() -> None:
    good, problems = clean_fields({"name": " Marta\n Oliveira ", "country": "nl", "vip": "yes", "city": "x" * 121})

    assert good == {"name": "Marta Oliveira", "country": "NL"}
    assert set(problems) == {"vip", "city"}
