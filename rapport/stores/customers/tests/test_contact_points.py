import pytest

from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Actor, FieldAccess, RecordRules, RolePolicy
from rapport.stores.customers.models import Customer, Identity
from rapport.stores.customers.services import contact_points
from rapport.stores.customers.services.contact_points import Taken
from rapport.stores.customers.tests.factories import changes_of, make_customer


def known_by(customer: Customer) -> list[tuple[str, str, bool]]:
    rows = Identity.objects.filter(customer_id=customer.pk).order_by("kind", "value")
    return list(rows.values_list("kind", "value", "is_primary"))


def test_first_address_of_a_kind_is_shown_on_the_customer(actor: Actor) -> None:
    marta = make_customer()

    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value=" Marta@Pedal.example ")
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value="m@home.example")

    marta.refresh_from_db()
    assert marta.email == "marta@pedal.example"
    assert known_by(marta) == [("email", "m@home.example", False), ("email", "marta@pedal.example", True)]


def test_national_number_is_read_with_the_customers_country(actor: Actor) -> None:
    marta = make_customer(country="NL")

    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="phone", value="020 555 0100")

    marta.refresh_from_db()
    assert marta.phone == "+31205550100"


def test_removing_the_first_lets_the_next_follow_and_undo_brings_all_back(actor: Actor) -> None:
    marta = make_customer(email="marta@pedal.example")
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value="m@home.example")
    before = known_by(marta)
    first = Identity.objects.get(value="marta@pedal.example")

    operation = contact_points.remove_identity(actor=actor, customer_id=marta.pk, identity_id=first.pk)
    marta.refresh_from_db()
    assert (marta.email, known_by(marta)) == ("m@home.example", [("email", "m@home.example", True)])

    undo(actor=actor, operation_id=operation.id)

    marta.refresh_from_db()
    assert (marta.email, known_by(marta)) == ("marta@pedal.example", before)
    assert Identity.objects.get(value="marta@pedal.example").pk == first.pk


def test_adding_can_be_taken_back(actor: Actor) -> None:
    marta = make_customer()
    operation = contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value="m@home.example")

    undo(actor=actor, operation_id=operation.id)

    marta.refresh_from_db()
    assert (marta.email, known_by(marta)) == ("", [])


def test_another_can_be_made_the_first(actor: Actor) -> None:
    marta = make_customer(email="marta@pedal.example")
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value="m@home.example")
    other = Identity.objects.get(value="m@home.example")

    operation = contact_points.make_primary(actor=actor, customer_id=marta.pk, identity_id=other.pk)

    marta.refresh_from_db()
    assert marta.email == "m@home.example"
    assert known_by(marta) == [("email", "m@home.example", True), ("email", "marta@pedal.example", False)]
    assert operation is not None
    undo(actor=actor, operation_id=operation.id)
    assert known_by(marta) == [("email", "m@home.example", False), ("email", "marta@pedal.example", True)]


def test_address_of_somebody_else_is_refused_and_says_whose_it_is(actor: Actor) -> None:
    marta, rui = make_customer(email="m@home.example"), make_customer("Rui")

    with pytest.raises(Taken) as taken:
        contact_points.add_identity(actor=actor, customer_id=rui.pk, kind="email", value="M@home.example")

    assert taken.value.customer_id == marta.pk
    assert "Marta Oliveira" in str(taken.value)
    assert (known_by(rui), changes_of(rui)) == ([], 0)


@pytest.mark.parametrize(
    ("kind", "value", "namespace"),
    [
        ("email", "nobody", ""),
        ("phone", "12", ""),
        ("external", "", "shopify"),
        ("external", "7", "Shop <b>"),
        ("cookie", "abcdefgh", ""),
    ],
)
def test_what_names_nobody_is_refused(actor: Actor, kind: str, value: str, namespace: str) -> None:
    marta = make_customer()

    with pytest.raises(Invalid):
        contact_points.add_identity(actor=actor, customer_id=marta.pk, kind=kind, value=value, namespace=namespace)

    assert (known_by(marta), changes_of(marta)) == ([], 0)


def test_external_id_keeps_its_system(actor: Actor) -> None:
    marta = make_customer()

    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="external", value="K-77", namespace=" Shopify ")

    assert list(Identity.objects.values_list("namespace", "value")) == [("shopify", "K-77")]


def test_role_that_hides_addresses_neither_adds_nor_reads_them(actor: Actor) -> None:
    marta = make_customer(email="m@home.example")
    hidden = RecordRules(actor.role.rules("customer").actions, {"email": FieldAccess.HIDDEN})
    blind = Actor(actor.member_id, "Ada", RolePolicy("blind", "Blind", records={"customer": hidden}))
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value="second@home.example")

    with pytest.raises(Invalid):
        contact_points.add_identity(actor=blind, customer_id=marta.pk, kind="email", value="third@home.example")

    seen = history(actor=blind, record_type="customer", ids=[marta.pk])
    assert [line.action for line in seen] == ["created"]
    assert len(history(actor=actor, record_type="customer", ids=[marta.pk])) == 2
