from __future__ import annotations

import gzip
import json
import struct
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rapport.foundation.lib import ids
from rapport.stores.ledger.errors import BadBody
from rapport.stores.ledger.rules import bodies, properties, rows, vocabulary
from rapport.stores.ledger.rules.items import Checked, Checker
from rapport.stores.ledger.types import Group, Kind, NewTouchpoint, Refused

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ITEM = {"customer": {"email": "marta@pedal.example"}, "channel": "web", "kind": "page_viewed"}


def check(**changes: Any) -> Checked | tuple[Any, ...]:
    (item,) = bodies.read(json.dumps([{**ITEM, **changes}]).encode()).items
    assert isinstance(item, NewTouchpoint), item
    return Checker(now=NOW, source="api", own_sources=False).check(item)


def pointers(**changes: Any) -> set[str]:
    found = check(**changes)
    assert not isinstance(found, Checked)
    return {problem.pointer for problem in found}


def test_an_item_without_more_is_taken_as_having_happened_now() -> None:
    found = check()

    assert isinstance(found, Checked)
    assert (found.occurred_at, found.words) == (NOW, ("web", "page_viewed", "none", "api"))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"channel": "E-Mail"}, "/channel"),
        ({"channel": ""}, "/channel"),
        ({"kind": "x" * 61}, "/kind"),
        ({"kind": "'; drop table touchpoint; --"}, "/kind"),
        ({"direction": "sideways"}, "/direction"),
        ({"source": "rapport"}, "/source"),
        ({"source": "web:0123456789ab"}, "/source"),
        ({"source_id": "x" * 201}, "/source_id"),
        ({"source_id": "a\nb"}, "/source_id"),
        ({"occurred_at": "2026-11-21T12:00:01Z"}, "/occurred_at"),
        ({"occurred_at": "1899-12-31T23:59:59Z"}, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at"),
        ({"subject": "x" * 501}, "/subject"),
        ({"amount": "12.50"}, "/currency"),
        ({"amount": "12.50", "currency": "eur"}, "/currency"),
        ({"currency": "EUR"}, "/amount"),
        ({"amount": "1.00005", "currency": "EUR"}, "/amount"),
        ({"amount": "NaN", "currency": "EUR"}, "/amount"),
        ({"amount": "-Infinity", "currency": "EUR"}, "/amount"),
        ({"amount": "1e400", "currency": "EUR"}, "/amount"),
        ({"amount": "100000000000000", "currency": "EUR"}, "/amount"),
        ({"properties": {"a": "x" * 33_000}}, "/properties"),
        ({"properties": []}, "/properties"),
        ({"properties": {"a": "\x00"}}, "/properties"),
        ({"content": "x" * 100_001}, "/content"),
        ({"customer": {"email": "nobody"}}, "/customer/email"),
        ({"customer": {"phone": "12"}}, "/customer/phone"),
        ({"customer": {"cookie": "<b>"}}, "/customer/cookie"),
        ({"customer": {"external": {"Shop Ify": "1"}}}, "/customer/external/Shop Ify"),
        ({"customer": {"external": {"a/b": ""}}}, "/customer/external/a~1b"),
        ({"customer": {"external": {str(n): "1" for n in range(21)}}}, "/customer/external"),
        ({"customer": {"email": "a@b.example", "fields": {"vip": "yes"}}}, "/customer/fields/vip"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in pointers(**changes)


def test_everything_that_can_be_stored_is() -> None:
    found = check(
        occurred_at="2026-11-21T12:00:00+01:00", direction="in", source="till-2", source_id=77, subject=" Two\tbikes\u202e ",
        amount="-0.5", currency="EUR", properties={"größe": "XL", "n": 1.5e3, "deep": [[[{}]]]}, content="A\r\nB\x00",
    )  # fmt: skip

    assert isinstance(found, Checked)
    assert found.occurred_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert (found.source_id, found.subject, found.amount, found.content) == ("77", "Two bikes", Decimal("-0.5"), "A\nB")


@pytest.mark.parametrize(
    ("raw", "fits"),
    [
        (b'{"id": "4e123000-0000"}', True),
        (rb'{"a": "\u00e9\ud83d\ude00"}', True),
        (rb'{"a": "\\u0000"}', True),
        (rb'{"a": "\u0000"}', False),
        (rb'{"a": "\ud800x"}', False),
        (b'{"a": 1e99}', True),
        (b'{"a": 1e131071}', False),
        (b'{"a": 1e0000131071}', False),
        (b'{"a": 1E-16383}', False),
        (b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', True),
        (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", False),
        (b'{"a": "' + b"9" * 300 + b'"}', True),
    ],
)
def test_properties_that_postgresql_could_not_read_are_found(raw: bytes, fits: bool) -> None:
    assert (properties.problem(raw) == "") is fits


@pytest.mark.parametrize(
    ("raw", "pointer", "reason"),
    [
        ({**ITEM, "kindd": 1}, "/kindd", "There is no such field."),
        ({"customer": {}, "channel": "web"}, "/kind", "This is needed."),
        ({**ITEM, "kind": 3}, "/kind", "This must be a text, not a whole number."),
        ({**ITEM, "occurred_at": "2026-11-20"}, "/occurred_at", "An instant with its time zone"),
        ({**ITEM, "occurred_at": "2026-11-20T10:00:00"}, "/occurred_at", "An instant with its time zone"),
        ({**ITEM, "customer": {"id": "7"}}, "/customer/id", "Invalid UUID."),
        (3, "", "This must be an object, not a whole number."),
    ],
)
def test_what_cannot_even_be_read_says_where(raw: Any, pointer: str, reason: str) -> None:
    good, bad = bodies.read(json.dumps({"touchpoints": [ITEM, raw]}).encode()).items

    assert isinstance(good, NewTouchpoint)
    assert isinstance(bad, Refused)
    assert bad.problems[0].pointer == pointer
    assert bad.problems[0].reason.startswith(reason)


def test_one_object_a_list_an_envelope_and_lines_are_read_alike() -> None:
    one, two = json.dumps(ITEM), json.dumps({**ITEM, "kind": "order_placed"})

    assert bodies.read(one.encode()).single
    assert [
        [item.kind for item in read.items]
        for read in (
            bodies.read(f"[{one},{two}]".encode()),
            bodies.read(f' {{"touchpoints": [{one},{two}]}}'.encode()),
            bodies.read(f"{one}\n\n{two}\n".encode(), lines=True),
        )
        if all(isinstance(item, NewTouchpoint) for item in read.items)
    ] == [["page_viewed", "order_placed"]] * 3


def test_a_broken_line_costs_only_itself() -> None:
    first, second = bodies.read(f'{{"cust\n{json.dumps(ITEM)}'.encode(), lines=True).items

    assert isinstance(first, Refused)
    assert isinstance(second, NewTouchpoint)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"[", 400),
        (b'{"touchpoints": 3}', 400),
        (b'{"touchpoints": [}', 400),
        (b"\xff\xfe[]", 400),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (json.dumps([ITEM] * 5001).encode(), 413),
    ],
)
def test_bodies_that_are_no_touch_points_at_all(body: bytes, status: int) -> None:
    with pytest.raises(BadBody) as caught:
        bodies.read(body)

    assert caught.value.status == status


def test_gzip_is_unpacked_member_by_member_and_never_beyond_the_limit() -> None:
    assert bodies.gunzipped(gzip.compress(b"a") + gzip.compress(b"b")) == b"ab"
    for data, status in [
        (gzip.compress(b"\0" * (bodies.LARGEST_BODY + 1)), 413),
        (gzip.compress(b"text")[:-4], 400),
        (b"no gzip", 400),
    ]:
        with pytest.raises(BadBody) as caught:
            bodies.gunzipped(data)
        assert caught.value.status == status


@given(st.binary(max_size=200))
@example(b"[1, {}, []]")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for lines in (False, True):
        try:
            read = bodies.read(body, lines=lines)
        except BadBody:
            continue
        for item in read.items:
            assert isinstance(item, NewTouchpoint | Refused)


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_inbox_key_is_that_of_the_library(source: str, source_id: str) -> None:
    try:
        source.encode(), source_id.encode()
    except UnicodeEncodeError:
        return

    assert UUID(bytes=rows.inbox_keys(source)(source_id)) == ids.key_id(source, source_id)


@given(st.integers(1, 300))
def test_new_ids_are_uuids_of_version_seven_in_order(count: int) -> None:
    made = rows.new_ids(count, NOW)

    assert made == sorted(made)
    assert [rows.uuid_of(one) for one in made] == [UUID(bytes=one) for one in made]
    assert len(set(made)) == count
    assert {(UUID(bytes=one).version, UUID(bytes=one).variant) for one in made} == {(7, "specified in RFC 4122")}
    assert int.from_bytes(made[0][:6], "big") == int(NOW.timestamp() * 1000)


@given(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=4))
@example(Decimal("0"))
@example(Decimal("-0.0001"))
@example(Decimal("10000"))
def test_amounts_are_packed_in_groups_of_four_digits(amount: Decimal) -> None:
    packed = rows.numeric(amount)
    size, count, weight, sign, _scale = struct.unpack(">ihhHh", packed[:12])
    groups = struct.unpack(f">{count}h", packed[12:])

    assert size == len(packed) - 4
    value = sum((Decimal(group) * Decimal(10_000) ** (weight - n) for n, group in enumerate(groups)), Decimal(0))
    assert (-value if sign else value) == amount


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))
def test_instants_are_microseconds_since_2000(naive: datetime, hours: int) -> None:
    at = naive.replace(tzinfo=timezone(timedelta(hours=hours)))

    assert datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=rows.microseconds(at)) == at


def test_words_nobody_registered_are_shown_sensibly() -> None:
    kind = vocabulary.guessed_kind("fax_received")

    assert (str(kind.label), kind.group) == ("Fax received", None)
    assert vocabulary.guessed_kind("order_packed").group is Group.ORDERS
    assert vocabulary.guessed_channel("tv").group is Group.CONTACT


def test_a_headline_is_the_subject_or_the_phrase_or_the_label() -> None:
    kind = Kind(name="page_viewed", label="Page viewed", phrase="Looked at {title}")

    assert vocabulary.headline(kind, "Prices", {"title": "x"}) == "Prices"
    assert vocabulary.headline(kind, "", {"title": "{kind} <b>"}) == "Looked at {kind} <b>"
    assert vocabulary.headline(kind, "", {"title": ["no text"]}) == "Page viewed"
    assert vocabulary.headline(kind, "", {}) == "Page viewed"
