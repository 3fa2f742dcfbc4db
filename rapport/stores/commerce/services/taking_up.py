"""Orders from the ledger: an order_placed touch point with lines makes an order, and later ones tell what became of it.

The worker is woken after each batch, and looks every few minutes by itself, so that nothing depends on being woken: it
reads on from a mark that lies before anything still being written. Each touch point leaves one row that keeps it from
being taken up twice; a row says what became of it, also when nothing could. Nothing here writes to the ledger.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.utils import DatabaseError, OperationalError
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.stores.commerce.models import TakenTouchpoint, TakeUpMark
from rapport.stores.commerce.queries.news import BATCH, again, news
from rapport.stores.commerce.rules import reading
from rapport.stores.commerce.rules.reading import Heard
from rapport.stores.commerce.services.retractions import follow_retractions
from rapport.stores.commerce.services.taken_notes import Notes, note_of
from rapport.stores.commerce.services.taking_up_orders import TakenOrders
from rapport.stores.commerce.services.taking_up_subscriptions import take_subscriptions
from rapport.stores.commerce.types import Taken

_SLACK = timedelta(minutes=5)  # clocks of the application's machines and of the database differ
_log = logging.getLogger(__name__)


def take_up() -> int:
    """Take up all there is; returns how many touch points were dealt with. Two at a time wait for each other."""
    dealt_with, horizon = 0, None
    while True:
        with transaction.atomic():
            mark = _locked_mark()
            horizon = horizon or _horizon()
            heard = news(mark.recorded_until)
            _take(heard)
            dealt_with += len(heard)
            if len(heard) < BATCH:
                follow_retractions(mark.recorded_until)
                _take(again(TakenTouchpoint.objects.filter(outcome=Taken.RETRACTED)))  # some stand again
                mark.recorded_until = max(mark.recorded_until or horizon, horizon)
                mark.save(update_fields=["recorded_until"])
                return dealt_with


def _locked_mark() -> TakeUpMark:
    TakeUpMark.objects.get_or_create(id=1)
    return TakeUpMark.objects.select_for_update().get(id=1)


def _horizon() -> datetime:
    """Before this nothing new can appear: whatever is not committed yet began later. Read before the ledger is."""
    with connection.cursor() as cursor:
        cursor.execute("select min(xact_start) from pg_stat_activity where datname = current_database()")
        (oldest,) = cursor.fetchone() or (None,)
    now = clock.now()
    return min(oldest or now, now) - _SLACK


def _take(heard: Sequence[Heard]) -> None:
    """All at once; where the database refuses something, halve until it is found, and note that."""
    if not heard:
        return
    try:
        with transaction.atomic():
            _take_batch(heard)
    except OperationalError:
        raise
    except DatabaseError as error:
        if len(heard) == 1:
            _log.warning("A touch point of kind %s could not be taken up: %s", heard[0].kind, error)
            problem = [["", _("The database cannot store this.")]]
            TakenTouchpoint.objects.bulk_create([note_of(heard[0], Taken.REFUSED, problems=problem)])
        else:
            _take(heard[: len(heard) // 2])
            _take(heard[len(heard) // 2 :])


def _take_batch(heard: Sequence[Heard]) -> None:
    notes = Notes()
    TakenOrders(notes, clock.now()).take(heard)
    take_subscriptions([one for one in heard if one.kind in reading.SUBSCRIPTIONS], notes)
    notes.save()
