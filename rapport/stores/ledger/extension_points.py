"""What other apps plug into the ledger. Channels and kinds are open: what nobody registered still comes in and shows."""

from __future__ import annotations

from rapport.foundation.lib.registry import Registry
from rapport.stores.ledger.types import AfterAppend, Channel, ComposerLink, Kind, WithAppend

channels: Registry[Channel] = Registry("channel")
kinds: Registry[Kind] = Registry("kind of touch point")

# Called once for each batch, after its commit, in the workspace it belongs to. What a listener raises is logged.
after_append: Registry[AfterAppend] = Registry("listener to new touch points")

# Called for each batch inside its transaction, last, so that what a listener writes stands or falls with the batch. It
# adds to the time of every append: one small statement at most.
with_append: Registry[WithAppend] = Registry("companion of new touch points")

# Ways to write to the customer, beside the tabs of the composer.
composer_links: Registry[ComposerLink] = Registry("link of the composer")
