"""Pages of records: lists, views, filters, bulk acts, undo."""

from __future__ import annotations

from django.urls import path

from rapport.foundation.records.views import (
    bin,  # noqa: A004 (the noun of its page)
    bulk,
    cells,
    exports,
    fields,
    filters,
    history,
    imports,
    lists,
    records,
    saved_views,
    search,
)

app_name = "records"
urlpatterns = [
    path("lists/<slug:page>/", lists.show, name="list"),
    path("lists/<slug:page>/filter", filters.filter_form, name="filter"),
    path("lists/<slug:page>/bulk", bulk.act, name="bulk"),
    path("lists/<slug:page>/bulk/members", bulk.members, name="bulk-members"),
    path("lists/<slug:page>/views/new", saved_views.new_view, name="view-new"),
    path("lists/<slug:page>/views/mark", saved_views.mark_view, name="view-mark"),
    path("views/<uuid:view_id>/name", saved_views.rename_view, name="view-name"),
    path("views/<uuid:view_id>", saved_views.change_view, name="view"),
    path("lists/<slug:page>/rows/<uuid:row_id>/<slug:field>", cells.cell, name="cell"),
    path("runs/<uuid:run_id>", bulk.run, name="run"),
    path("runs/<uuid:run_id>/cancel", bulk.cancel, name="run-cancel"),
    path("operations/<uuid:operation_id>/undo", bulk.undo, name="undo"),
    path("changes", history.changes, name="changes"),
    path("bin", bin.show, name="bin"),
    path("bin/<slug:record_type>/restore", bin.restore, name="bin-restore"),
    path("fields/", fields.show, name="fields"),
    path("fields/new", fields.new, name="field-new"),
    path("fields/<uuid:field_id>", fields.edit, name="field"),
    path("fields/<uuid:field_id>/retire", fields.retire, name="field-retire"),
    path("fields/<uuid:field_id>/reinstate", fields.reinstate, name="field-reinstate"),
    path("fields/<uuid:field_id>/move", fields.move, name="field-move"),
    path("pick", search.pick, name="pick"),
    path("imports/", imports.show, name="imports"),
    path("imports/new", imports.new, name="import-new"),
    path("imports/<uuid:import_id>", imports.detail, name="import"),
    path("imports/<uuid:import_id>/plan", imports.plan, name="import-plan"),
    path("imports/<uuid:import_id>/format", imports.read_as, name="import-format"),
    path("imports/<uuid:import_id>/cell", imports.mend, name="import-cell"),
    path("imports/<uuid:import_id>/refused", imports.refused, name="import-refused"),
    path("imports/<uuid:import_id>/<slug:word>", imports.act, name="import-act"),
    path("lists/<slug:page>/export", exports.new, name="export"),
    path("exports/", exports.show, name="exports"),
    path("exports/<uuid:run_id>", exports.run, name="export-run"),
    path("exports/<uuid:run_id>/cancel", exports.cancel, name="export-cancel"),
    path("exports/<uuid:run_id>/file", exports.file, name="export-file"),
    # Last, so that no record type takes an address from the pages above.
    path("<slug:record_type>/", records.listing, name="records"),
    path("<slug:record_type>/new", records.new, name="record-new"),
    path("<slug:record_type>/<uuid:record_id>/", records.detail, name="record"),
    path("<slug:record_type>/<uuid:record_id>/edit", records.edit, name="record-edit"),
    path("<slug:record_type>/<uuid:record_id>/facts/<slug:name>", records.fact, name="record-fact"),
    path("<slug:record_type>/<uuid:record_id>/tags", records.tags, name="record-tags"),
    path("<slug:record_type>/<uuid:record_id>/bin", records.put_into_bin, name="record-bin"),
    path("<slug:record_type>/<uuid:record_id>/history", records.history_of, name="record-history"),
]
