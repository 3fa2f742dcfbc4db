"""Files are brought in as in the tests of the customers importer."""

from rapport.stores.customers.tests.importing.conftest import bring, run, storage

__all__ = ["bring", "run", "storage"]
