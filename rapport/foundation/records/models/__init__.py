from rapport.foundation.records.models.fields import CustomField
from rapport.foundation.records.models.operations import Change, Operation
from rapport.foundation.records.models.saved_views import SavedView, ViewMark

__all__ = ["Change", "CustomField", "Operation", "SavedView", "ViewMark"]
