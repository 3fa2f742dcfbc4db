from rapport.stores.warehouse.models.writing import Arrival, Erased, Run

__all__ = ["Arrival", "Erased", "Run"]
