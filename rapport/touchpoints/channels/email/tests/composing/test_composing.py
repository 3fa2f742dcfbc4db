from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.lib import ids
from rapport.touchpoints.channels.email.rules.cleaning import clean
from rapport.touchpoints.channels.email.rules.composing import (
    compose,
    message_id_of,
    row_id_of,
    text_of,
    thread_headers,
)
from rapport.touchpoints.channels.email.tests.factories import make_mail
from rapport.touchpoints.channels.email.types import Attachment


def read(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)  # type: ignore[return-value]  # its policy makes an EmailMessage


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_text_comes_with_its_html_twin() -> None:
    message = read(compose(make_mail(text="Dear Marta,\n\nsee https://firm.example/a?b=1&c=2.\nBye <now>")))

    assert part(message, "plain") == "Dear Marta,\n\nsee https://firm.example/a?b=1&c=2.\nBye <now>\n"
    html = part(message, "html")
    assert '<a href="https://firm.example/a?b=1&amp;c=2">' in html
    assert "<p>Dear Marta,</p>" in html
    assert "Bye &lt;now&gt;" in html


def test_html_comes_with_its_text_twin() -> None:
    html = '<style>p{}</style><p>Dear <b>Marta</b>,</p><p>see <a href="https://firm.example/x">the plan</a><br>Bye</p>'

    message = read(compose(make_mail(text="", html=html)))

    assert part(message, "plain") == "Dear Marta,\n\nsee the plan (https://firm.example/x)\nBye\n"


def test_answers_name_what_they_answer() -> None:
    message = read(compose(make_mail(in_reply_to="<b@x.example>", references=("<a@x.example>",))))

    assert message["In-Reply-To"] == "<b@x.example>"
    assert message["References"] == "<a@x.example> <b@x.example>"


def test_long_threads_keep_their_beginning_and_their_end() -> None:
    chain = thread_headers("<last@x>", tuple(f"<{n}@x>" for n in range(100)))

    assert len(chain) == 20
    assert (chain[0], chain[-1]) == ("<0@x>", "<last@x>")


def test_one_click_stops_it() -> None:
    message = read(compose(make_mail(unsubscribe_url="https://crm.example/u/abc")))

    assert message["List-Unsubscribe"] == "<https://crm.example/u/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Auto-Submitted" not in message


def test_what_nobody_pressed_a_button_for_says_so() -> None:
    assert read(compose(make_mail(is_automatic=True)))["Auto-Submitted"] == "auto-generated"


def test_attachments_travel_as_they_are() -> None:
    files = (
        Attachment("plan.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
        Attachment("bad\r\nX-Evil: 1.txt", "nonsense", b"abc"),
    )

    message = read(compose(make_mail(attachments=files)))

    found = [(one.get_filename(), one.get_content_type(), one.get_content()) for one in message.iter_attachments()]
    assert found == [
        ("plan.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
        ("bad X-Evil: 1.txt", "application/octet-stream", b"abc"),
    ]
    assert "X-Evil" not in message


@given(st.text(max_size=200), st.text(max_size=80))
def test_nothing_people_write_becomes_a_header(subject: str, name: str) -> None:
    sent = compose(make_mail(subject=f"{subject}\r\nBcc: spy@evil.example", to_name=f"{name}\nBcc: spy@evil.example"))

    message = read(sent)

    assert message["Bcc"] is None
    assert message["To"].addresses[0].addr_spec == "marta@pedal.example"
    assert max(len(line) for line in sent.split(b"\r\n")) <= 998
    assert sent.isascii()


def test_the_message_id_leads_back_to_the_row() -> None:
    row = ids.new_id()

    assert row_id_of(message_id_of(row, "ines@firm.example")) == row
    assert row_id_of("<CAF=abc@mail.example>") is None


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p onclick='x()'>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
        ('<a href="javascript:x()">go</a>', '<a rel="noopener noreferrer nofollow">go</a>'),
        ('<a href="data:text/html,x">go</a>', '<a rel="noopener noreferrer nofollow">go</a>'),
        ('<form action="https://evil.example"><input name="p">Sign in</form>', "Sign in"),
        ('<p style="position:fixed;color:red">x</p>', '<p style="color:red">x</p>'),
    ],
)
def test_html_is_cleaned(html: str, kept: str) -> None:
    assert clean(html).replace("color: red", "color:red").replace(";", "") == kept.replace(";", "")


def test_pictures_from_elsewhere_are_left_out_when_they_would_tell_who_looks() -> None:
    html = '<img src="https://spy.example/x.gif" alt="x"><img src="data:image/png;base64,AA==">'

    assert "spy.example" not in clean(html, images=False)
    assert "data:image/png" in clean(html, images=False)
    assert "spy.example" in clean(html)


@given(st.text(max_size=300))
def test_any_html_can_be_read_as_text(html: str) -> None:
    text_of(html)
