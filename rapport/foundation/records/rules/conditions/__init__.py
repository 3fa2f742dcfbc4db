"""The condition language: one typed tree with a JSON form, checks that point at the node, and a rendering in words."""

from rapport.foundation.records.rules.conditions.codec import MAX_BYTES, decode, encode, from_json, read, to_json
from rapport.foundation.records.rules.conditions.describe import Chip, Description, describe, menu_label, verb_label
from rapport.foundation.records.rules.conditions.operators import (
    COUNTS,
    MOMENTS,
    OPERATORS,
    POSITIVE,
    PROPERTIES,
    TAKES,
    Operator,
    Takes,
)
from rapport.foundation.records.rules.conditions.problems import ConditionError, Problem
from rapport.foundation.records.rules.conditions.tree import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Between,
    Condition,
    InSet,
    Last,
    Money,
    Node,
    Not,
    Occurrence,
    PropertyTest,
    Related,
    Since,
    Span,
    Value,
    Within,
)
from rapport.foundation.records.rules.conditions.validate import validate
from rapport.foundation.records.rules.conditions.vocabulary import Vocabulary

__all__ = [
    "COUNTS", "EVERYTHING", "MAX_BYTES", "MOMENTS", "OPERATORS", "POSITIVE", "PROPERTIES", "TAKES",
    "AllOf", "AnyOf", "Attribute", "Behaviour", "Between", "Chip", "Condition", "ConditionError", "Description",
    "InSet", "Last", "Money", "Node", "Not", "Occurrence", "Operator", "Problem", "PropertyTest", "Related", "Since",
    "Span", "Takes", "Value", "Vocabulary", "Within",
    "decode", "describe", "encode", "from_json", "menu_label", "read", "to_json", "validate", "verb_label",
]  # fmt: skip
