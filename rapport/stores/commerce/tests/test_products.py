"""Products: what they may be, and what becomes of lines that named them before."""

from __future__ import annotations

from typing import Any

import pytest

from rapport.foundation.records.services import records
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.commerce.models import OrderLine, Product
from rapport.stores.commerce.tests.factories import line, make_order, make_product
from rapport.stores.customers.tests.factories import make_customer

pytestmark = pytest.mark.django_db


def test_product_keeps_a_tidy_category_and_the_workspaces_currency(workspace: Any) -> None:
    product = make_product(category="Bikes /Cargo", currency="")

    assert (product.category, product.currency, product.is_sold) == ("Bikes / Cargo", "EUR", True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"price": "-1"}, "price"),
        ({"cost": "-1"}, "cost"),
        ({"price": "0.00001"}, "price"),
        ({"tax_percent": "120"}, "tax_percent"),
        ({"currency": "XYZ"}, "currency"),
        ({"sku": "TAKEN"}, "sku"),
        ({"sku": "x" * 81}, "sku"),
    ],
)
def test_bad_products_are_refused_by_field(workspace: Any, values: dict[str, Any], field: str) -> None:
    make_product(sku="TAKEN")

    with pytest.raises(Invalid) as refused:
        make_product(**{"sku": "NEW", **values})

    assert field in refused.value.problems
    assert Product.objects.count() == 1


def test_variants_hang_on_one_product_and_never_on_each_other(workspace: Any) -> None:
    bike = make_product(sku="A")
    blue = make_product(sku="B", variant_of=str(bike.pk), variant="Blue")

    with pytest.raises(Invalid) as of_a_variant:
        make_product(sku="C", variant_of=str(blue.pk))
    with pytest.raises(Invalid) as with_variants:
        records.update_record(
            actor=SYSTEM, record_type="product", record_id=bike.pk, values={"variant_of": str(blue.pk)}
        )

    assert "variant_of" in of_a_variant.value.problems
    assert "variant_of" in with_variants.value.problems


def test_lines_that_named_the_sku_before_belong_to_the_product_now(workspace: Any) -> None:
    make_order(make_customer(), line(sku="NEW"))

    product = make_product(sku="NEW")

    assert OrderLine.objects.get().product_id == product.pk


def test_undoing_a_product_removes_it_unless_it_was_sold(actor: Actor) -> None:
    bare, sold = make_product(sku="A", actor=actor), make_product(sku="B", actor=actor)
    make_order(make_customer(), line(sku="B"))

    undo(actor=actor, operation_id=bare.operation_id)
    undo(actor=actor, operation_id=sold.operation_id)

    assert [row.sku for row in Product.objects.all()] == ["B"]
    assert Product.objects.get().deleted_at is not None
