from rapport.stores.commerce.models.orders import Order, OrderLine, Payment, Refund, Return, Shipment
from rapport.stores.commerce.models.products import Price, PriceList, Product
from rapport.stores.commerce.models.settings import Rate, TouchCost
from rapport.stores.commerce.models.subscriptions import Subscription
from rapport.stores.commerce.models.taken import NumberSeries, TakenTouchpoint, TakeUpMark

__all__ = [
    "NumberSeries",
    "Order",
    "OrderLine",
    "Payment",
    "Price",
    "PriceList",
    "Product",
    "Rate",
    "Refund",
    "Return",
    "Shipment",
    "Subscription",
    "TakeUpMark",
    "TakenTouchpoint",
    "TouchCost",
]
