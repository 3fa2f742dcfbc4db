"""What is filled when many customers come in at once."""

from __future__ import annotations

from rapport.stores.customers.models import Address, Customer, CustomerAlias, Identity, Relationship

TABLES = tuple(model._meta.db_table for model in (Customer, Identity, Address, Relationship, CustomerAlias))
