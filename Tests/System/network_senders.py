"""Senders that log themselves: Python's handler, logger, nc, openssl; each sends many messages, and every field is compared."""
import logging
import logging.handlers
import os
import socket
import subprocess
import time

from network_kit import HOST, Receiver, certificates, expect_fields, free_port, programs, select
from service_kit import wait_for

COUNT = 3_000
OWN = {"pid": str(os.getpid()), "uid": str(os.getuid()), "gid": str(os.getgid())}
TEXTS = [f"{number} {'x' * (number % 300)} [b] \"q\" caf\u00e9" for number in range(COUNT)]


def log_with_python(handler, pause=0.0):
    """Sends every text through the standard library's handler."""
    handler.setFormatter(logging.Formatter("Serverlog: %(message)s"))
    try:
        for number, text in enumerate(TEXTS):
            handler.emit(logging.LogRecord("x", logging.WARNING, "f.py", 1, text, None, None))
            if pause and number % 50 == 49:
                time.sleep(pause)
    finally:
        handler.close()


def expect_python(receiver, host, sender):
    """The handler sends neither time nor host."""
    flags = ["no_timestamp", "host_from_peer"]
    expect_fields(
        receiver.events(COUNT),
        ({"hostname": host, "appname": "Serverlog", "facility": "local0", "severity": "warning", "message": text, "from": sender}
         for text in TEXTS), leave_out=("timestamp", "flags"))
    for event in receiver.events(COUNT):
        assert set(flags) <= set(event["flags"]) <= {*flags, "trailer_removed"}, event


def test_pythons_handler_over_tcp_which_ends_messages_with_nul(folder):
    port = free_port()
    with Receiver(folder, f'listen: "tcp://127.0.0.1:{port}"') as receiver:
        log_with_python(logging.handlers.SysLogHandler(
            ("127.0.0.1", port), facility=logging.handlers.SysLogHandler.LOG_LOCAL0, socktype=socket.SOCK_STREAM))
        expect_python(receiver, "127.0.0.1", {"peer": "127.0.0.1"})
        assert receiver.counter("connections") == 1


def test_pythons_handler_over_udp(folder):
    port = free_port(socket.SOCK_DGRAM)
    with Receiver(folder, f'listen: "udp://127.0.0.1:{port}"') as receiver:
        # Nobody tells a sender of datagrams to wait.
        log_with_python(logging.handlers.SysLogHandler(
            ("127.0.0.1", port), facility=logging.handlers.SysLogHandler.LOG_LOCAL0), pause=0.01)
        expect_python(receiver, "127.0.0.1", {"peer": "127.0.0.1"})


def test_pythons_handler_over_a_socket_like_dev_log(folder):
    with Receiver(folder, 'listen: "unixgram:log"') as receiver:
        log_with_python(logging.handlers.SysLogHandler(str(folder / "log"), facility=logging.handlers.SysLogHandler.LOG_LOCAL0))
        expect_python(receiver, HOST, OWN)


def test_pythons_handler_over_a_unix_stream(folder):
    with Receiver(folder, 'listen: "unix:log"') as receiver:
        log_with_python(logging.handlers.SysLogHandler(
            str(folder / "log"), facility=logging.handlers.SysLogHandler.LOG_LOCAL0, socktype=socket.SOCK_STREAM))
        expect_python(receiver, HOST, OWN)


# -- logger -----------------------------------------------------------------------------------------------------------


def logger(*arguments, texts=None):
    """Sends texts from its standard input, or its arguments."""
    data = None if texts is None else "".join(text + "\n" for text in texts).encode()
    subprocess.run(["logger", *map(str, arguments)], input=data, stdin=subprocess.DEVNULL if data is None else None, check=True, timeout=60)


def expect_logger(receiver, texts, is_modern, sender, host=HOST, severity="err"):
    """What logger sends with `-t app -p auth.err --id=4711`."""
    wanted = {"hostname": host, "appname": "app", "procid": "4711", "facility": "auth", "severity": severity, "from": sender}
    found = receiver.events(len(texts))
    if is_modern:
        wanted.update({"version": 1, "msgid": "ID7"})
        assert all("timeQuality" in event["structured_data"] for event in found)
    leave_out = ["timestamp"] + (["structured_data"] if is_modern else [])
    for event in found:
        event.pop("flags", None)
    expect_fields(found, ({**wanted, "message": text} for text in texts), leave_out)


OPTIONS = ["-t", "app", "-p", "auth.err", "--id=4711"]
SHORT = [f"message {number} with [brackets] and \"quotes\" \u00e9" for number in range(COUNT)]


def test_logger_over_tcp_in_both_forms_and_framings(folder):
    for number, (form, framing) in enumerate(
            (form, framing) for form in ("--rfc3164", "--rfc5424") for framing in ([], ["--octet-count"])):
        port = free_port()
        below = folder / str(number)
        below.mkdir()
        more = ["--msgid", "ID7"] if form == "--rfc5424" else []
        with Receiver(below, f'listen: "tcp://127.0.0.1:{port}"') as receiver:
            logger("-n", "127.0.0.1", "-P", port, "--tcp", form, *more, *framing, *OPTIONS, texts=SHORT)
            expect_logger(receiver, SHORT, form == "--rfc5424", {"peer": "127.0.0.1"})
            assert receiver.counter("framing_errors") == 0 and receiver.counter("incomplete_frames") == 0


def test_logger_over_udp_in_both_forms(folder):
    texts = SHORT[:200]
    for form in ("--rfc3164", "--rfc5424"):
        port = free_port(socket.SOCK_DGRAM)
        below = folder / form.strip("-")
        below.mkdir()
        more = ["--msgid", "ID7"] if form == "--rfc5424" else []
        with Receiver(below, f'listen: "udp://127.0.0.1:{port}", receive_buffer: 1MiB') as receiver:
            logger("-n", "127.0.0.1", "-P", port, "--udp", form, *more, *OPTIONS, texts=texts)
            expect_logger(receiver, texts, form == "--rfc5424", {"peer": "127.0.0.1"})


def test_logger_writes_to_unix_sockets_of_both_kinds(folder):
    for kind in ("unixgram", "unix"):
        below = folder / kind
        below.mkdir()
        with Receiver(below, f'listen: "{kind}:log"') as receiver:
            logger("-u", below / "log", *OPTIONS, texts=SHORT)
            found = receiver.events(COUNT)
            # On a local socket logger names no host; the process is another one than the id that it was told to write.
            for event in found:
                event.pop("flags", None)
                sender = event.pop("from")
                assert (sender["uid"], sender["gid"]) == (OWN["uid"], OWN["gid"]) and int(sender["pid"]) > 0, sender
            expect_fields(
                found, ({"hostname": HOST, "appname": "app", "procid": "4711", "facility": "auth", "severity": "err", "message": text}
                        for text in SHORT), ("timestamp",))


def test_logger_sends_one_message_of_its_arguments_and_prefixes_of_lines(folder):
    port = free_port()
    with Receiver(folder, f'listen: "tcp://127.0.0.1:{port}"') as receiver:
        logger("-n", "127.0.0.1", "-P", port, "--tcp", *OPTIONS, "one", "message")
        receiver.events(1)
        logger("-n", "127.0.0.1", "-P", port, "--tcp", "--prio-prefix", "-t", "app", texts=["<11>a", "<30>b", "c"])
        found = select(receiver.events(4), "facility", "severity", "message")
        assert found == [
            ("auth", "err", "one message"), ("user", "err", "a"), ("daemon", "info", "b"),
            # logger keeps the last prefix.
            ("daemon", "info", "c")], found


# -- nc and openssl ---------------------------------------------------------------------------------------------------


def lines(count=COUNT):
    """RFC 5424 messages, and what is read from them."""
    wanted = [{"timestamp": f"2026-10-09T22:33:{number % 60:02}.000{number % 1000:03}Z", "hostname": f"host{number % 7}", "appname": "app",
               "procid": str(number), "msgid": "ID", "facility": "local0", "severity": "info", "version": 1, "message": text}
              for number, text in enumerate(TEXTS[:count])]
    data = [f"<134>1 {event['timestamp']} {event['hostname']} app {event['procid']} ID - {event['message']}".encode() for event in wanted]
    return data, wanted


def with_sender(wanted, sender):
    return ({**event, "from": sender} for event in wanted)


def netcat(*arguments, data):
    program = programs()
    subprocess.run([os.path.join(program.root, "bin/nc.openbsd"), *map(str, arguments)], input=data, check=True, timeout=60,
                   env=program.environment())


def test_nc_sends_lines_over_tcp_and_unix_streams(folder):
    data, wanted = lines()
    port = free_port()
    with Receiver(folder, f'listen: ["tcp://127.0.0.1:{port}", "unix:log"]') as receiver:
        netcat("-N", "127.0.0.1", port, data=b"\n".join(data) + b"\n")
        expect_fields(receiver.events(COUNT), with_sender(wanted, {"peer": "127.0.0.1"}))
        netcat("-N", "-U", folder / "log", data=b"".join(b"%d %s" % (len(line), line) for line in data))
        found = receiver.events(2 * COUNT)[COUNT:]
        for event in found:
            sender = event.pop("from")
            assert (sender["uid"], sender["gid"]) == (OWN["uid"], OWN["gid"]) and "peer" not in sender
        expect_fields(found, wanted)


def test_a_line_without_its_end_is_flagged_and_counted(folder):
    port = free_port()
    with Receiver(folder, f'listen: "tcp://127.0.0.1:{port}"') as receiver:
        netcat("-N", "127.0.0.1", port, data=b"<13>app: whole\n<13>app: hal")
        events = receiver.events(2)
        assert select(events, "message") == [("whole",), ("hal",)]
        assert "truncated" not in events[0]["flags"] and "truncated" in events[1]["flags"], events
        wait_for(lambda: receiver.counter("incomplete_frames") == 1, what="the counter")


def test_openssl_sends_lines_and_counted_messages_over_tls(folder):
    certificates(folder)
    data, wanted = lines()
    port = free_port()
    options = (f'listen: "tls://127.0.0.1:{port}", '
               "tls: { certificate: server.pem, key: server.key, client_ca: ca.pem }")
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-no_ign_eof", "-CAfile", "ca.pem",
               "-verify_return_error", "-servername", "localhost"]
    with Receiver(folder, options) as receiver:
        own = [*command, "-cert", "client.pem", "-key", "client.key"]
        subprocess.run(own, input=b"\n".join(data) + b"\n", cwd=folder, check=True, capture_output=True, timeout=60)
        sender = {"peer": "127.0.0.1", "tls_peer": "sender.example.org"}
        expect_fields(receiver.events(COUNT), with_sender(wanted, sender))
        counted = b"".join(b"%d %s" % (len(line), line) for line in data)
        subprocess.run(own, input=counted, cwd=folder, check=True, capture_output=True, timeout=60)
        expect_fields(receiver.events(2 * COUNT)[COUNT:], with_sender(wanted, sender))
        # Without a certificate, and with one that another authority has signed, nothing is read.
        for more in ([], ["-cert", "stranger.pem", "-key", "stranger.key"]):
            subprocess.run([*command, *more], input=data[0] + b"\n", cwd=folder, capture_output=True, timeout=60)
        wait_for(lambda: receiver.counter("handshake_failures") == 2, what="two failed handshakes")
        receiver.events(2 * COUNT)


def test_foreign_protocols_are_answered_counted_and_told(folder):
    certificates(folder)
    port = free_port()
    with Receiver(folder, f'listen: "tcp://127.0.0.1:{port}"') as receiver:
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer
        tls = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], input=b"", capture_output=True, timeout=60)
        assert tls.returncode != 0
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            assert client.recv(100) == b""
        wait_for(lambda: receiver.counter("foreign_protocols") == 3, what="three foreign protocols")
        for word in ("HTTP", "TLS", "SSH"):
            assert f"speaks {word} to tcp://127.0.0.1:{port}" in receiver.service.said(), word
        assert not (folder / "main.ndjson").exists() or (folder / "main.ndjson").read_bytes() == b""
