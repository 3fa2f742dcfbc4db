from rapport.stores.customers.models.customers import Address, Customer, CustomerFile
from rapport.stores.customers.models.identities import CustomerAlias, DuplicateProposal, Identity, Merge
from rapport.stores.customers.models.relationships import Relationship, RelationshipType

__all__ = [
    "Address",
    "Customer",
    "CustomerAlias",
    "CustomerFile",
    "DuplicateProposal",
    "Identity",
    "Merge",
    "Relationship",
    "RelationshipType",
]
