from rapport.foundation.records.models.bulk_runs import BulkRun
from rapport.foundation.records.models.fields import CustomField
from rapport.foundation.records.models.imports import (
    ExportRun,
    Import,
    ImportBatch,
    ImportProblem,
    ImportState,
    RememberedMapping,
)
from rapport.foundation.records.models.operations import Change, Operation
from rapport.foundation.records.models.own_records import OwnRecord, OwnType
from rapport.foundation.records.models.saved_views import SavedView, ViewMark

__all__ = [
    "BulkRun",
    "Change",
    "CustomField",
    "ExportRun",
    "Import",
    "ImportBatch",
    "ImportProblem",
    "ImportState",
    "Operation",
    "OwnRecord",
    "OwnType",
    "RememberedMapping",
    "SavedView",
    "ViewMark",
]
