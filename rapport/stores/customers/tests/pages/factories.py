"""Customers with something in every part of their page, and the addresses of pages."""

from __future__ import annotations

import io

from rapport.foundation.records.services import fields
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.services import addresses, contact_points, files
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation, make_relation

HOME = "/w/kestrel"
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def page(customer: Customer, rest: str = "") -> str:
    return f"{HOME}/customers/{customer.pk}/{rest}"


def furnished(actor: Actor, text: str = "Marta Oliveira") -> Customer:
    """A customer with something in every part of the page."""
    field = fields.create_field(
        actor=actor, record_type="customer", label=f"Shoe {text}"[:120], name="shoe", kind="text", group=text[:80]
    )
    choice = fields.create_field(
        actor=actor,
        record_type="customer",
        label="Card",
        name="card",
        kind="choice",
        choices=[{"value": "a", "label": text}],
    )
    assert (field.name, choice.name) == ("shoe", "card")
    marta = make_customer(
        text,
        email="marta@pedal.example",
        phone="+31105550142",
        job_title=text,
        city=text[:120],
        notes=text,
        tags=[text[:80]],
        website="https://pedal.example",
        shoe=text,
        card="a",
        owner=str(actor.member_id),
        organisation_name=text,
    )
    addresses.add_address(actor=actor, customer_id=marta.pk, values={"street": text, "city": text[:100]})
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="external", value=text, namespace="shop")
    files.add_file(actor=actor, customer_id=marta.pk, name=f"{text}.pdf", content=io.BytesIO(b"%PDF-1"), size_bytes=6)
    make_relation(marta, "works_at", make_organisation(text), role=text[:120])
    make_relation(marta, "knows", make_customer(f"Rui {text}"))
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=make_customer(f"Twin {text}").pk)
    return marta
