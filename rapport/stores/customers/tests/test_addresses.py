from collections.abc import Callable
from uuid import uuid4

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Address
from rapport.stores.customers.services import addresses
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import changes_of, make_customer

MAASHAVEN = {"street": "Maashaven 12", "postal_code": "3081", "city": "Rotterdam", "country": "nl"}


def test_address_is_added_with_history_and_undo(actor: Actor) -> None:
    marta = make_customer()

    address, operation = addresses.add_address(actor=actor, customer_id=marta.pk, values=MAASHAVEN)

    assert str(address) == "Maashaven 12, 3081 Rotterdam, NL"
    line = history(actor=actor, record_type="customer", ids=[marta.pk])[0]
    assert (line.action, line.actor_name, line.can_undo) == ("added", "Ada", True)
    change = line.fields[0]
    assert change.part is not None
    assert (change.before, change.part.describe(change.after)) == (None, "Main: Maashaven 12, 3081 Rotterdam, NL")

    undo(actor=actor, operation_id=operation.id)

    assert not Address.objects.exists()


def test_change_and_removal_are_taken_back_in_turn(actor: Actor) -> None:
    marta = make_customer()
    address, _ = addresses.add_address(actor=actor, customer_id=marta.pk, values=MAASHAVEN)
    _, moved = addresses.update_address(
        actor=actor, customer_id=marta.pk, address_id=address.pk, values={"street": "Kade 1"}
    )
    removed = addresses.remove_address(actor=actor, customer_id=marta.pk, address_id=address.pk)

    undo(actor=actor, operation_id=removed.id)
    back = Address.objects.get()
    assert moved is not None
    undo(actor=actor, operation_id=moved.id)

    assert (back.pk, back.street) == (address.pk, "Kade 1")
    assert Address.objects.get().street == "Maashaven 12"


def test_later_change_is_kept_when_an_earlier_one_is_taken_back(actor: Actor) -> None:
    marta = make_customer()
    address, added = addresses.add_address(actor=actor, customer_id=marta.pk, values=MAASHAVEN)
    addresses.update_address(actor=actor, customer_id=marta.pk, address_id=address.pk, values={"street": "Kade 1"})

    undone = undo(actor=actor, operation_id=added.id)

    assert (undone.restored, undone.kept) == (0, 1)
    assert Address.objects.get().street == "Kade 1"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "street"),
        ({"street": "  ", "country": "NL"}, "street"),
        ({"street": "x" * 241}, "street"),
        ({"city": "Delft", "country": "Netherlands"}, "country"),
        ({"city": "Delft", "country": "1!"}, "country"),
        ({"city": "Delft", "purpose": "secret"}, "purpose"),
    ],
)
def test_refused_address_changes_nothing(actor: Actor, values: dict[str, str], field: str) -> None:
    marta = make_customer()

    with pytest.raises(Invalid) as refused:
        addresses.add_address(actor=actor, customer_id=marta.pk, values=values)

    assert list(refused.value.problems) == [field]
    assert not Address.objects.exists()
    assert changes_of(marta) == 0


def test_address_of_another_customer_is_not_found(actor: Actor) -> None:
    marta, rui = make_customer(), make_customer("Rui")
    address, _ = addresses.add_address(actor=actor, customer_id=marta.pk, values=MAASHAVEN)

    with pytest.raises(NotFound):
        addresses.remove_address(actor=actor, customer_id=rui.pk, address_id=address.pk)
    with pytest.raises(NotFound):
        addresses.add_address(actor=actor, customer_id=uuid4(), values=MAASHAVEN)

    assert Address.objects.get().pk == address.pk


def test_address_of_a_merged_customer_is_the_survivors(actor: Actor) -> None:
    marta, twin = make_customer(), make_customer("M. Oliveira")
    address, _ = addresses.add_address(actor=actor, customer_id=twin.pk, values=MAASHAVEN)
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    addresses.update_address(actor=actor, customer_id=twin.pk, address_id=address.pk, values={"city": "Delft"})

    address.refresh_from_db()
    assert (address.city, address.customer_id) == ("Delft", twin.pk)
    assert history(actor=actor, record_type="customer", ids=[marta.pk])[0].label == "Maashaven 12, 3081 Delft, NL"


def test_reader_may_not_change_addresses(
    actor: Actor, ben: User, actor_for: Callable[[User], Actor], set_role: Callable[[User, str], None]
) -> None:
    marta = make_customer()
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        addresses.add_address(actor=actor_for(ben), customer_id=marta.pk, values=MAASHAVEN)

    assert not Address.objects.exists()
