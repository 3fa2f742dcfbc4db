from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django import Settings

from rapport.touchpoints.channels.email.rules.composing import compose
from rapport.touchpoints.channels.email.services.handing import Line
from rapport.touchpoints.channels.email.tests.factories import make_mail, server_of
from rapport.touchpoints.channels.email.tests.servers import Running, certificate, server_context, smtp_server
from rapport.touchpoints.channels.outcomes import Accepted, Closed, Deferred, Failed, Outcome, Unknown

MARTA = "marta@pedal.example"


def hand(line: Line, recipient: str = MARTA, text: str = "Hello") -> Outcome:
    content = compose(make_mail(to_address=recipient, text=text))
    return line.hand_over(sender="ines@firm.example", recipient=recipient, content=content)


def test_a_mail_arrives_whole(server: Running) -> None:
    with Line(server_of(server)) as line:
        outcome = hand(line, text="Ünïcode\n.a line that begins with a dot\n..two\nend")

    assert isinstance(outcome, Accepted)
    assert server.post.recipients == [MARTA]
    read = server.post.read()
    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "Ünïcode\n.a line that begins with a dot\n..two\nend\n"
    assert read["To"] == "Marta Oliveira <marta@pedal.example>"


def test_a_line_is_kept_between_mails(server: Running) -> None:
    with Line(server_of(server)) as line:
        outcomes = [hand(line, f"c{n}@pedal.example") for n in range(5)]

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert server.post.connections == 1


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("rcpt", "450 4.2.1 Busy", Deferred),
        ("rcpt", "550 5.1.1 No such user", Failed),
        ("data", "451 4.3.0 Later", Deferred),
        ("data", "554 5.7.1 Not wanted", Failed),
        ("data", "drop", Unknown),
        ("data", "keep and drop", Unknown),
    ],
)
def test_answers_of_the_server_are_told_apart(server: Running, step: str, answer: str, kind: type[Outcome]) -> None:
    server.post.answers[MARTA, step] = answer

    with Line(server_of(server)) as line:
        first = hand(line)
        second = hand(line, "tom@pedal.example")

    assert isinstance(first, kind)
    assert isinstance(second, Accepted)  # the next one is not hindered
    assert server.post.recipients[-1:] == ["tom@pedal.example"]


def test_a_line_that_the_server_closed_meanwhile_is_opened_again(server: Running) -> None:
    with Line(server_of(server)) as line:
        hand(line)
        assert line._smtp is not None
        assert line._smtp.sock is not None
        line._smtp.sock.shutdown(socket.SHUT_RDWR)

        outcome = hand(line)

    assert isinstance(outcome, Accepted)
    assert server.post.connections == 2
    assert len(server.post.mails) == 2


def test_a_refused_password_closes_the_sender_for_good(server: Running) -> None:
    with Line(server_of(server, password="wrong")) as line:
        outcome = hand(line)

    assert isinstance(outcome, Closed)
    assert (outcome.reason, outcome.lasting) == ("sign_in_refused", True)
    assert server.post.mails == []


def test_nobody_there_closes_the_sender_for_a_while() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with Line(server_of(Running("127.0.0.1", port, None))) as line:  # type: ignore[arg-type]  # nothing listens there
        outcome = hand(line)

    assert isinstance(outcome, Closed)
    assert (outcome.reason, outcome.lasting) == ("nobody_there", False)


def test_private_networks_are_closed_unless_the_installation_opens_them(server: Running, settings: Settings) -> None:
    settings.MAIL_MAY_BE_PRIVATE = False

    with Line(server_of(server)) as line:
        outcome = hand(line)

    assert isinstance(outcome, Closed)
    assert outcome.reason == "private_host"
    assert server.post.connections == 0


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted_lines_check_the_certificate(tmp_path: Path, settings: Settings, security: str) -> None:
    files = certificate(tmp_path)
    context = server_context(files)
    with smtp_server(**{security: context}) as running:
        named = server_of(running, host="localhost", security=security)

        with Line(named) as line:
            stranger = hand(line)
        settings.MAIL_CERTIFICATES = str(files[0])
        with Line(named) as line:
            known = hand(line)
        with Line(server_of(running, host="127.0.0.1", security=security)) as line:
            other_name = hand(line)

    assert isinstance(stranger, Closed)
    assert stranger.reason == "wrong_certificate"
    assert isinstance(known, Accepted)
    assert isinstance(other_name, Closed)
    assert other_name.reason == "wrong_certificate"


def test_a_server_without_starttls_gets_no_password(server: Running) -> None:
    with Line(server_of(server, security="starttls")) as line:
        outcome = hand(line)

    assert isinstance(outcome, Closed)
    assert (outcome.reason, outcome.lasting) == ("no_tls", True)


@contextmanager
def scripted(*says: bytes) -> Iterator[Running]:
    """A server that says these lines, whatever it hears, and then hangs up."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def talk() -> None:
            line, _ = listening.accept()
            with line:
                for words in says:
                    line.sendall(words)
                    line.recv(65536)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield Running("127.0.0.1", listening.getsockname()[1], None)  # type: ignore[arg-type]  # what talks here keeps no post
        thread.join(10)


def test_something_else_on_the_port_is_told_as_such() -> None:
    with scripted(b"SSH-2.0-OpenSSH_9.9\r\n") as running, Line(server_of(running)) as line:
        outcome = hand(line)

    assert isinstance(outcome, Closed)
    assert outcome.reason in ("wrong_protocol", "lost")


def test_a_line_that_breaks_before_data_has_handed_nothing_over() -> None:
    greeting = (b"220 hello\r\n", b"250 hi\r\n", b"250 sender ok\r\n")
    with scripted(*greeting) as running, Line(server_of(running, username="")) as line:
        outcome = hand(line)

    assert isinstance(outcome, Closed)
    assert (outcome.reason, outcome.lasting) == ("lost", False)


def test_a_line_that_breaks_after_the_last_dot_leaves_the_fate_unknown() -> None:
    talk = (b"220 hello\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")
    with scripted(*talk) as running, Line(server_of(running, username="")) as line:
        outcome = hand(line)

    assert isinstance(outcome, Unknown)


def test_an_address_with_foreign_letters_needs_a_server_that_takes_it() -> None:
    with scripted(b"220 hello\r\n", b"250 plain\r\n") as running, Line(server_of(running, username="")) as line:
        outcome = line.hand_over(sender="ines@firm.example", recipient="jürgen@pedal.example", content=b"x")

    assert outcome == Failed("address_not_taken", "SMTPUTF8")
