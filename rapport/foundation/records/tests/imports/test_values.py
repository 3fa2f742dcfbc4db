"""Reading cells: the values people and programs write, and what is said when they can't be read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import RFC_4122, UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.lib.text import folded, folded_many
from rapport.foundation.records.rules.codec import BadValue, encode
from rapport.foundation.records.rules.columns import ColumnParser, detect_options, guess_kind, parse_value
from rapport.foundation.records.rules.dates import DateOrder, detect_date_order
from rapport.foundation.records.rules.numbers import detect_decimal
from rapport.foundation.records.rules.values import ParseOptions
from rapport.foundation.records.services.copying import new_id_texts
from rapport.foundation.records.types import Choice, Field, FieldKind

TIERS = (Choice("gold", "Golden"), Choice("silver", "Silver"), Choice("old_tier", "Old", retired=True))


def field(kind: FieldKind, **extra: Any) -> Field:
    return Field(name="x", label="X", kind=kind, **extra)


def read(kind: FieldKind, cell: Any, options: ParseOptions | None = None, **extra: Any) -> Any:
    return parse_value(cell, field(kind, **extra), options)


def why(kind: FieldKind, cell: Any, options: ParseOptions | None = None, **extra: Any) -> str:
    with pytest.raises(BadValue) as caught:
        read(kind, cell, options, **extra)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cell", "order", "expected"),
    [
        ("2024-02-29", "dmy", date(2024, 2, 29)),
        ("29.02.2024", "dmy", date(2024, 2, 29)),
        ("29/2/24", "dmy", date(2024, 2, 29)),
        ("2/29/2024", "mdy", date(2024, 2, 29)),
        ("2024/2/29", "mdy", date(2024, 2, 29)),
        ("24-02-29", "ymd", date(2024, 2, 29)),
        ("19970101", "dmy", date(1997, 1, 1)),
        ("31011997", "dmy", date(1997, 1, 31)),
        ("Feb 29, 2024", "dmy", date(2024, 2, 29)),
        ("29th of February 2024", "dmy", date(2024, 2, 29)),
        ("Thu, 29 Feb 2024", "dmy", date(2024, 2, 29)),
        ("29. März 2024", "dmy", date(2024, 3, 29)),
        ("2024-02-29 00:00:00", "dmy", date(2024, 2, 29)),
        ("45351", "excel", date(2024, 2, 29)),
        ("1709164800", "unix", date(2024, 2, 29)),
        (datetime(2024, 2, 29, 13, 0), "dmy", date(2024, 2, 29)),
        (45351.0, "excel", date(2024, 2, 29)),
    ],
)
def test_dates_are_read_as_people_write_them(cell: Any, order: str, expected: date) -> None:
    assert read(FieldKind.DATE, cell, ParseOptions(date_order=DateOrder(order))) == expected


@pytest.mark.parametrize(
    ("cell", "order", "reason"),
    [
        ("31.02.2024", "dmy", "31.02.2024 is not a date: February 2024 has 29 days, not 31."),
        ("2023-02-29", "dmy", "2023-02-29 is not a date: February 2023 has 28 days, not 29."),
        ("12/31/2024", "dmy", "12/31/2024 is not a date with the day first: there is no month 31. Choose month first for this column."),
        ("31/12/2024", "mdy", "31/12/2024 is not a date with the month first: there is no month 31. Choose day first for this column."),
        ("soon", "dmy", "soon is not a date. Write it as 2026-11-30."),
        ("1/1/0024", "dmy", "1/1/0024 is not a date: the year 24 is too early. Write all four digits."),
        ("45351", "dmy", "45351 is not a date. Write it as 2026-11-30."),
    ],
)  # fmt: skip
def test_a_date_that_is_none_says_why(cell: str, order: str, reason: str) -> None:
    assert why(FieldKind.DATE, cell, ParseOptions(date_order=DateOrder(order))) == reason


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-02-29T10:00:00Z", datetime(2024, 2, 29, 10, 0, tzinfo=UTC)),
        ("2024-02-29 10:00", datetime(2024, 2, 29, 9, 0, tzinfo=UTC)),
        ("29.07.2024 10:00", datetime(2024, 7, 29, 8, 0, tzinfo=UTC)),
        ("29/2/2024 3:04 PM", datetime(2024, 2, 29, 14, 4, tzinfo=UTC)),
        ("2024-02-29 10:00:00 +0100", datetime(2024, 2, 29, 9, 0, tzinfo=UTC)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("29.02.2024", datetime(2024, 2, 28, 23, 0, tzinfo=UTC)),
    ],
)
def test_instants_without_a_zone_are_local_time(cell: str, expected: datetime) -> None:
    assert read(FieldKind.INSTANT, cell, ParseOptions(timezone="Europe/Berlin")) == expected


def test_an_hour_that_no_clock_shows_is_refused() -> None:
    assert "no such time of day" in why(FieldKind.INSTANT, "2024-02-29 25:00")


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d"]))
def test_every_date_survives_being_written_and_read(day: date, form: str) -> None:
    written = f"{day:{form}}"
    if form == "%Y%m%d" and not 1800 <= day.year < 2200:
        return

    assert read(FieldKind.DATE, written) == day


@given(
    st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_every_instant_survives_being_written_and_read(moment: datetime, zone: str) -> None:
    assert read(FieldKind.INSTANT, encode(moment), ParseOptions(timezone=zone)) == moment
    assert read(FieldKind.INSTANT, moment.astimezone(ZoneInfo("Asia/Kolkata")).isoformat()) == moment


@given(
    st.lists(st.dates(min_value=date(1970, 1, 1), max_value=date(2099, 1, 1)), min_size=20),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]),
)
def test_the_order_of_a_column_is_detected_or_called_uncertain(days: list[date], form: str) -> None:
    order, certain = detect_date_order([f"{day:{form}}" for day in days])

    if certain and any(day.day > 12 for day in days):
        assert order is (DateOrder.DAY_FIRST if form == "%d/%m/%Y" else DateOrder.MONTH_FIRST)
    if all(day.day > 12 for day in days):
        assert certain


def test_a_doubtful_order_is_called_doubtful() -> None:
    assert detect_date_order(["03/04/2024", "05/06/2024"]) == (DateOrder.DAY_FIRST, False)
    assert detect_date_order(["03.04.2024"]) == (DateOrder.DAY_FIRST, True)
    assert detect_date_order(["1700000000"]) == (DateOrder.UNIX, True)
    assert detect_date_order(["45351", "45352.5"]) == (DateOrder.EXCEL, True)


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("12", ".", "12"),
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1 234,5", ",", "1234.5"),
        ("1'234.50", ".", "1234.50"),
        ("1,23,456", ".", "123456"),
        ("(12)", ".", "-12"),
        ("12-", ".", "-12"),
        ("−3", ".", "-3"),
        (".5", ".", "0.5"),
        ("1e5", ".", "100000"),
        (0.1 + 0.2, ".", "0.3"),
        (7, ".", "7"),
    ],
)
def test_numbers_are_read_as_people_write_them(cell: Any, decimal: str, expected: str) -> None:
    assert read(FieldKind.NUMBER, cell, ParseOptions(decimal=decimal)) == Decimal(expected)


@pytest.mark.parametrize(
    ("cell", "decimal", "part"),
    [
        ("1,5", ".", "Write 1.5, or change the mark for this column."),
        ("1.5", ",", "Write 1,5, or change the mark for this column."),
        ("12%", ".", "without the percent sign"),
        ("nan", ".", "nan is not a number."),
        ("Infinity", ".", "is not a number"),
        ("1e99", ".", "too large"),
        ("9" * 16, ".", "too large"),
        ("twelve", ".", "twelve is not a number."),
        (True, ".", "is not a number"),
        (float("nan"), ".", "is not a number"),
    ],
)
def test_a_number_that_is_none_says_why(cell: Any, decimal: str, part: str) -> None:
    assert part in why(FieldKind.NUMBER, cell, ParseOptions(decimal=decimal))


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=2), st.sampled_from(".,"))
def test_every_number_survives_being_written_and_read(number: Decimal, decimal: str) -> None:
    plain = format(number, "f").replace(".", decimal)
    grouped = format(number, ",.2f").translate({ord(","): "." if decimal == "," else ",", ord("."): decimal})

    assert read(FieldKind.NUMBER, plain, ParseOptions(decimal=decimal)) == number
    assert read(FieldKind.NUMBER, grouped, ParseOptions(decimal=decimal)) == number


@given(st.lists(st.decimals(min_value=0, max_value=10**6, places=2), min_size=1), st.sampled_from(".,"))
def test_the_decimal_mark_of_a_column_with_cents_is_found(numbers: list[Decimal], decimal: str) -> None:
    written = [format(number, "f").replace(".", decimal) for number in numbers]

    assert detect_decimal(written) == (decimal, True)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12.50", ("12.50", "EUR")),
        ("€ 12.50", ("12.50", "EUR")),
        ("12.50 eur", ("12.50", "EUR")),
        ("US$5", ("5.00", "USD")),
        ("-£3", ("-3.00", "GBP")),
        ("(€ 5)", ("-5.00", "EUR")),
        ("12.- CHF", ("12.00", "CHF")),
        ("CHF 1'234.50", ("1234.50", "CHF")),
        ("5 zł", ("5.00", "PLN")),
        ("¥1200", ("1200", "JPY")),
        (29.33, ("29.33", "EUR")),
    ],
)
def test_money_is_an_amount_with_its_currency(cell: Any, expected: tuple[str, str]) -> None:
    assert read(FieldKind.MONEY, cell, ParseOptions(currency="EUR")) == {"amount": expected[0], "currency": expected[1]}


@pytest.mark.parametrize(
    ("cell", "currency", "part"),
    [
        ("5", "", "has no currency. Write it as 12.50 EUR"),
        ("EUR 5 $", "EUR", "names two currencies"),
        ("kr 5", "EUR", "kr is not a currency"),
        ("hello", "EUR", "is not an amount of money"),
    ],
)
def test_money_that_is_none_says_why(cell: str, currency: str, part: str) -> None:
    assert part in why(FieldKind.MONEY, cell, ParseOptions(currency=currency))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Ann Lee <Ann@Example.ORG>", "ann@example.org"),
        ("mailto:ann@example.org", "ann@example.org"),
        (" ann@example.org; ", "ann@example.org"),
        ("none", None),
    ],
)
def test_addresses_are_taken_out_of_their_wrapping(cell: str, expected: str | None) -> None:
    assert read(FieldKind.EMAIL, cell) == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("ann", "ann is not an e-mail address: it has no @."),
        ("ann@", "ann@ is not an e-mail address: nothing stands after the @."),
        ("@x.org", "@x.org is not an e-mail address: nothing stands before the @."),
        ("ann lee@x.org", "ann lee@x.org is not an e-mail address: it has a blank inside."),
        ("a@x.org, b@x.org", "a@x.org, b@x.org holds more than one e-mail address. Keep one here and move the others to a column of their own."),
        ("ann@localhost", "ann@localhost is not an e-mail address: the part after the @ has no ending such as .com."),
    ],
)  # fmt: skip
def test_an_address_that_is_none_says_why(cell: str, reason: str) -> None:
    assert why(FieldKind.EMAIL, cell) == reason


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("+49 151 1234567", "", "+491511234567"),
        ("0151 / 1234567", "DE", "+491511234567"),
        ("0049 151 1234567", "", "+491511234567"),
        ("(020) 7946 0018", "GB", "+442079460018"),
        (4915112345678.0, "", "+4915112345678"),
        ("n/a", "", None),
    ],
)
def test_phone_numbers_come_in_one_form(cell: Any, region: str, expected: str | None) -> None:
    assert read(FieldKind.PHONE, cell, ParseOptions(region=region)) == expected


@pytest.mark.parametrize(
    ("cell", "region", "part"),
    [
        ("0151 1234567", "", "has no country code. Write it as +31 20 555 0100, or choose a country"),
        ("+1 555 123 4567 ext 12", "", "has an extension. Write +15551234567 here"),
        ("12", "", "12 is not a phone number."),
        ("+1 5551234567890", "", "not a possible phone number"),
    ],
)
def test_a_number_nobody_can_call_says_why(cell: str, region: str, part: str) -> None:
    assert part in why(FieldKind.PHONE, cell, ParseOptions(region=region))


def test_choices_are_known_by_value_and_label_whatever_their_case() -> None:
    for cell in ("gold", "GOLD", "golden", " Golden "):
        assert read(FieldKind.CHOICE, cell, choices=TIERS) == "gold"
    assert read(FieldKind.MULTI_CHOICE, "gold; SILVER, Golden", choices=TIERS) == ["gold", "silver"]


def test_an_unknown_choice_names_the_nearest_or_all() -> None:
    assert why(FieldKind.CHOICE, "Goldn", choices=TIERS) == "Goldn is not one of the choices. Did you mean Golden?"
    assert why(FieldKind.CHOICE, "blue", choices=TIERS) == "blue is not one of the choices: Golden, Silver."
    assert "is retired" in why(FieldKind.CHOICE, "old tier", choices=TIERS)


def test_booleans_speak_several_languages() -> None:
    assert [read(FieldKind.BOOLEAN, cell) for cell in ("Yes", "ja", "1", "x", True)] == [True] * 5
    assert [read(FieldKind.BOOLEAN, cell) for cell in ("no", "Nein", "0", False, 0)] == [False] * 5
    assert "neither yes nor no" in why(FieldKind.BOOLEAN, "perhaps")


def test_tags_lose_their_signs_and_doubles() -> None:
    assert read(FieldKind.TAGS, "#VIP, vip; Fair 2026|bikes") == ["VIP", "Fair 2026", "bikes"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("example.org", "https://example.org"),
        ("HTTP://Example.org/A", "http://Example.org/A"),
        ("bücher.de/ä?x=1", "https://bücher.de/ä?x=1"),
        ("example.org:8080/p", "https://example.org:8080/p"),
    ],
)
def test_web_addresses_get_their_scheme(cell: str, expected: str) -> None:
    assert read(FieldKind.URL, cell) == expected


@pytest.mark.parametrize(
    "cell", ["javascript:alert(1)", "ftp://example.org", "data:text/html,x", "not a site", "http://"]
)
def test_what_no_browser_should_open_is_refused(cell: str) -> None:
    assert "is not a web address" in why(FieldKind.URL, cell)


def test_members_are_found_by_name_address_and_id() -> None:
    ada = uuid4()
    options = ParseOptions(members={"ada lovelace": ada, "ada@example.com": ada})

    assert read(FieldKind.MEMBER, "Ada Lovelace", options) == ada
    assert read(FieldKind.MEMBER, "Ada <ADA@example.com>", options) == ada
    assert read(FieldKind.MEMBER, str(ada), options) == ada
    assert "is not a colleague here" in why(FieldKind.MEMBER, str(uuid4()), options)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("  a   b ", "a b"),
        ("a\nb", "a b"),
        ("e\u0301", "é"),
        ("a\u200bb", "ab"),
        (12345.0, "12345"),
        (date(2024, 2, 29), "2024-02-29"),
        (["a", "b"], "a; b"),
        ("   ", None),
    ],
)
def test_texts_are_tidied(cell: Any, expected: str | None) -> None:
    assert read(FieldKind.TEXT, cell) == expected


def test_damaged_or_endless_texts_are_refused() -> None:
    assert "NUL byte" in why(FieldKind.TEXT, "a\x00b")
    assert "not in the encoding" in why(FieldKind.TEXT, "caf\udce9")
    assert "600 characters, where 500 fit" in why(FieldKind.TEXT, "x" * 600)
    assert "where 2 fit" in why(FieldKind.TEXT, "Germany", ParseOptions(max_length=2))


def test_null_is_a_surname_but_no_number() -> None:
    assert read(FieldKind.TEXT, "Null") == "Null"
    assert read(FieldKind.NUMBER, "NULL") is None


@given(st.lists(st.one_of(st.none(), st.text(alphabet=st.characters(exclude_categories=["Cs"]))), max_size=20))
def test_a_column_says_the_same_as_its_cells_one_by_one(cells: list[str | None]) -> None:
    for kind in (
        FieldKind.TEXT,
        FieldKind.LONG_TEXT,
        FieldKind.EMAIL,
        FieldKind.NUMBER,
        FieldKind.BOOLEAN,
        FieldKind.URL,
    ):
        parsed = ColumnParser(field(kind), ParseOptions()).parse(cells)
        assert len(parsed.values) == len(cells)
        for position, cell in enumerate(cells):
            alone, problem = None, None
            try:
                alone = parse_value(cell, field(kind))
            except BadValue as bad:
                problem = str(bad)
            assert (parsed.values[position], parsed.problems.get(position)) == (alone, problem)


@given(st.text(), st.sampled_from([kind for kind in FieldKind if kind not in (FieldKind.RELATION,)]))
def test_no_cell_breaks_the_parser(cell: str, kind: FieldKind) -> None:
    try:
        value = parse_value(cell, field(kind, choices=TIERS), ParseOptions(currency="EUR", region="DE"))
    except BadValue:
        return
    assert not isinstance(value, str) or not re.search("[\x00\ud800-\udfff]", value)


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_parsed_text_parses_to_itself(cell: str) -> None:
    once = read(FieldKind.TEXT, cell)

    assert read(FieldKind.TEXT, once) == once


def test_options_follow_from_the_first_values() -> None:
    dates, sure = detect_options(field(FieldKind.DATE), ["12/31/2024", "1/2/2024"], ParseOptions())
    numbers, sure_too = detect_options(field(FieldKind.NUMBER), ["1,50"], ParseOptions())

    assert (dates.date_order, sure, numbers.decimal, sure_too) == (DateOrder.MONTH_FIRST, True, ",", True)


@pytest.mark.parametrize(
    ("samples", "kind"),
    [
        (["1", "2.5"], "number"),
        (["00420"], "text"),
        (["2024-01-01", "01.02.2024"], "date"),
        (["2024-01-01 10:00"], "instant"),
        (["yes", "no"], "boolean"),
        (["a@x.org"], "email"),
        (["€ 5", "6 EUR"], "money"),
        (["+4915112345678"], "phone"),
        (["https://x.org"], "url"),
        (["Ann", "Ben"], "text"),
        ([["a"], ["b"]], "tags"),
        (["x" * 300], "long_text"),
        ([], "text"),
    ],
)
def test_a_new_field_gets_the_narrowest_kind_that_fits(samples: list[Any], kind: str) -> None:
    assert guess_kind(samples) == kind


CONTACT = st.one_of(
    st.sampled_from(["", "Ann@Example.org", "ann@example.org ", "a@b", "Ann <ann@example.org>", "ann@exämple.org", "x" * 65 + "@example.org", "n/a", "'+31205550100", "+31205550100", "+31 20 555 0100", "+4915112345678", "+490151123456", "+1", "+0123456", "020 555 0100", "+9999999999", "two\nlines"]),
    st.text(max_size=8),
    st.integers(10**5, 10**15).map(lambda number: f"+{number}"),
    st.from_regex(r"[a-zA-Z0-9._%+-]{1,6}@[a-zA-Z0-9.-]{1,8}\.[a-zA-Z]{1,3}", fullmatch=True),
)  # fmt: skip


@pytest.mark.parametrize("kind", [FieldKind.EMAIL, FieldKind.PHONE, FieldKind.TAGS, FieldKind.BOOLEAN])
@given(cells=st.lists(CONTACT, max_size=12), again=st.integers(1, 6))
def test_a_column_read_at_once_says_what_its_cells_say_one_by_one(
    kind: FieldKind, cells: list[str], again: int
) -> None:
    cells = cells * again
    parsed = ColumnParser(field(kind), ParseOptions()).parse(cells)

    for position, cell in enumerate(cells):
        alone, problem = None, None
        try:
            alone = parse_value(cell, field(kind))
        except BadValue as bad:
            problem = str(bad)
        assert (parsed.values[position], parsed.problems.get(position)) == (alone, problem)


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["Köln", "Ann  Lee", " Ann", "ÇA", "two\nlines"]))))
def test_texts_folded_together_are_those_folded_alone(words: list[str]) -> None:
    assert folded_many(words) == [folded(word) for word in words]


def test_ids_rise_in_the_order_of_rows_and_are_version_7() -> None:
    made = [UUID(text) for text in new_id_texts(10_000)]

    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert new_id_texts(0) == []
