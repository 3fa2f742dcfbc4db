from rapport.foundation.records.models.fields import CustomField
from rapport.foundation.records.models.operations import Change, Operation

__all__ = ["Change", "CustomField", "Operation"]
