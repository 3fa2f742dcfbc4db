"""What the ledger plugs into the house."""

from __future__ import annotations

from rapport.foundation.records.extension_points import behaviour_compilers
from rapport.stores.ledger.queries.behaviour import compile_behaviour

behaviour_compilers.register("customer", compile_behaviour)
