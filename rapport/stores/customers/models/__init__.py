from rapport.stores.customers.models.customers import Address, Customer, CustomerFile
from rapport.stores.customers.models.followups import FollowUp
from rapport.stores.customers.models.identities import CustomerAlias, DuplicateProposal, Identity, Merge
from rapport.stores.customers.models.phases import (
    CustomerPhase,
    Lifecycle,
    PhaseByHand,
    PhaseDue,
    PhaseSettings,
    SourceCost,
)
from rapport.stores.customers.models.relationships import Relationship, RelationshipType
from rapport.stores.customers.models.scores import Score, ScoreChange, ScoreSnapshot

__all__ = [
    "Address",
    "Customer",
    "CustomerAlias",
    "CustomerFile",
    "CustomerPhase",
    "DuplicateProposal",
    "FollowUp",
    "Identity",
    "Lifecycle",
    "Merge",
    "PhaseByHand",
    "PhaseDue",
    "PhaseSettings",
    "Relationship",
    "RelationshipType",
    "Score",
    "ScoreChange",
    "ScoreSnapshot",
    "SourceCost",
]
