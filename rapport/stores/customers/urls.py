"""Pages of customers."""

from __future__ import annotations

from django.urls import path

from rapport.foundation.records.views import lists
from rapport.stores.customers.views import (
    customers,
    detail,
    export,
    files,
    followups,
    history,
    merges,
    neighbours,
    parts,
    phases,
    relationships,
)

app_name = "customers"
urlpatterns = [
    path("", lists.show, {"page": "customers"}, name="list"),
    path("persons/", lists.show, {"page": "persons"}, name="persons"),
    path("organisations/", lists.show, {"page": "organisations"}, name="organisations"),
    path("households/", lists.show, {"page": "households"}, name="households"),
    path("new", customers.new, name="new"),
    path("twins", customers.twins, name="twins"),
    path("duplicates/", merges.duplicates, name="duplicates"),
    path("duplicates/look", merges.look_for_duplicates, name="duplicates-look"),
    path("duplicates/<uuid:proposal_id>/dismiss", merges.dismiss, name="duplicate-dismiss"),
    path("relationship-types/", relationships.types, name="relationship-types"),
    path("relationship-types/<slug:name>", relationships.edit_type, name="relationship-type"),
    path("relationship-types/<slug:name>/remove", relationships.remove_type, name="relationship-type-remove"),
    path("follow-ups/", followups.follow_ups, name="follow-ups"),
    path("follow-ups/<uuid:follow_up_id>", followups.edit, name="follow-up"),
    path("follow-ups/<uuid:follow_up_id>/close", followups.close, name="follow-up-close"),
    path("<uuid:customer_id>/follow-ups/new", followups.new, name="follow-up-new"),
    path("life-cycle/", phases.rules, name="phase-rules"),
    path("sources/", phases.sources, name="sources"),
    path("sources/<uuid:cost_id>/remove", phases.remove_cost, name="source-cost-remove"),
    path("<uuid:customer_id>/phase", phases.set_phase, name="set-phase"),
    path("<uuid:customer_id>/", detail.detail, name="detail"),
    path("<uuid:customer_id>/edit", customers.edit, name="edit"),
    path("<uuid:customer_id>/facts/<slug:name>", detail.fact, name="fact"),
    path("<uuid:customer_id>/neighbours", neighbours.show, name="neighbours"),
    path("<uuid:customer_id>/bin", customers.put_into_bin, name="bin"),
    path("<uuid:customer_id>/export", export.export, name="export"),
    path("<uuid:customer_id>/history", history.show, name="history"),
    path("<uuid:customer_id>/merge", merges.merge, name="merge"),
    path("<uuid:customer_id>/merges/<uuid:merge_id>/undo", merges.unmerge, name="unmerge"),
    path("<uuid:customer_id>/tags", parts.tags, name="tags"),
    path("<uuid:customer_id>/addresses/new", parts.add_address, name="address-new"),
    path("<uuid:customer_id>/addresses/<uuid:address_id>", parts.edit_address, name="address"),
    path("<uuid:customer_id>/addresses/<uuid:address_id>/remove", parts.remove_address, name="address-remove"),
    path("<uuid:customer_id>/identities/new", parts.add_identity, name="identity-new"),
    path("<uuid:customer_id>/identities/<uuid:identity_id>/remove", parts.remove_identity, name="identity-remove"),
    path("<uuid:customer_id>/identities/<uuid:identity_id>/first", parts.make_first, name="identity-first"),
    path("<uuid:customer_id>/relationships/new", relationships.add, name="relationship-new"),
    path("<uuid:customer_id>/relationships/<uuid:relationship_id>", relationships.edit, name="relationship"),
    path(
        "<uuid:customer_id>/relationships/<uuid:relationship_id>/remove",
        relationships.remove,
        name="relationship-remove",
    ),
    path("<uuid:customer_id>/files/new", files.add, name="file-new"),
    path("<uuid:customer_id>/files/<uuid:file_id>", files.download, name="file"),
    path("<uuid:customer_id>/files/<uuid:file_id>/remove", files.remove, name="file-remove"),
]
