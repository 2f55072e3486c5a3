"""The `forward` input: acknowledgements that can be relied upon, whom it lets in, and what it makes of peers that mean no good."""
import contextlib
import gzip
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading

from forward_kit import Collector, Sender, counter, entries, events, listening, packed, service, wanted
from forward_values import event_time, messagepack
from network_kit import certificates, expect_fields, free_port
from service_kit import read_lines, wait_for

# -- acknowledgements ----------------------------------------------------------------------------------------------------


def test_nothing_is_acknowledged_before_a_slow_or_failing_output_has_it(folder):
    gate = threading.Event()
    with Collector(lambda message: gate.wait(30)) as collector:
        output = f'{{ type: forward, address: "tcp://127.0.0.1:{collector.port}" }}'
        with listening(folder / "slow", output=output) as (running, port), Sender(port) as sender, Sender(port) as other:
            for number in range(20):
                sender.send(messagepack().packb(["t", packed(entries(number * 100, number * 100 + 100)), {"chunk": f"c{number}"}]))
            other.send(messagepack().packb(["t", packed(entries(2_000, 2_100)), {"chunk": "other"}]))
            assert sender.is_silent(1.5) and other.is_silent(0), "acknowledged before the output had anything"
            gate.set()
            assert [sender.answer() for _ in range(20)] == [{"ack": f"c{number}"} for number in range(20)]
            assert other.answer() == {"ack": "other"}
            assert len(collector.entries()) == 2_100
    # A folder that cannot be made: below a file.
    below = folder / "failing"
    below.mkdir()
    (below / "blocked").write_text("")
    with listening(below, output="{ type: file, path: blocked/out.ndjson, retry: { initial: 50ms, max: 100ms } }") as (running, port):
        with Sender(port) as sender:
            sender.send(messagepack().packb(["t", packed(entries(0, 100)), {"chunk": "c"}]))
            assert sender.is_silent(1)
            (below / "blocked").unlink()
            assert sender.answer() == {"ack": "c"}
            assert len(read_lines(below / "blocked" / "out.ndjson")) == 100


# -- who is let in --------------------------------------------------------------------------------------------------------


def deliver(sender, tag, first, last):
    """Sends a chunk and waits until it is acknowledged."""
    sender.send(messagepack().packb([tag, packed(entries(first, last)), {"chunk": f"{tag} {first}"}]))
    assert sender.answer() == {"ack": f"{tag} {first}"}


def test_who_knows_the_key_is_let_in_and_nobody_else(folder):
    with listening(folder, ', shared_key: "secret key", self_hostname: center') as (running, port):
        with Sender(port) as sender:
            pong = sender.handshake("secret key")
            assert pong[:4] == ["PONG", True, "", "center"], pong
            for number in range(0, 3_000, 100):
                deliver(sender, "t", number, number + 100)
        with Sender(port) as sender:
            assert sender.handshake("wrong key") == ["PONG", False, "shared_key mismatch", "", ""]
            with contextlib.suppress(OSError):
                sender.send(messagepack().packb(["t", packed(entries(0, 10)), {"chunk": "x"}]))
            assert sender.answer() is None
        # Who sends without asking is not listened to, however much it is.
        for data in (messagepack().packb(["t", packed(entries(0, 10)), {"chunk": "x"}]), b"\x93" + b"\xdb\x00\x10\x00\x00" + b"x" * 100_000,
                     messagepack().packb(["PING", "sender", "salt"]), b"\xc1"):
            with Sender(port) as sender:
                assert sender.answer()[0] == "HELO"
                with contextlib.suppress(OSError):
                    sender.send(data)
                answer = sender.answer()
                assert answer is None or answer[:2] == ["PONG", False], answer
        expect_fields(events(running, 3_000), (wanted(number, "t") for number in range(3_000)))
        assert counter(running, "authentication_failures") >= 3, running.status()["inputs"]
        assert "shared_key mismatch" in running.said()


def test_users_are_asked_for_on_top_of_the_key_also_over_tls(folder):
    files = certificates(folder)
    trusting = ssl.create_default_context(cafile=str(files / "ca.pem"))
    port = free_port()
    running = service(folder, f'listen: "tls://127.0.0.1:{port}", shared_key: key, users: "anna:secret\\nbert:other", '
                      f"tls: {{ certificate: {files}/server.pem, key: {files}/server.key }}").start()
    try:
        for user, password in (("anna", "secret"), ("bert", "other")):
            with Sender(port, trusting) as sender:
                assert sender.handshake("key", user=user, password=password)[1] is True
                deliver(sender, user, 0, 500)
        for key, user, password in (("key", "anna", "other"), ("key", "carl", "secret"), ("key", "", ""), ("no", "anna", "secret")):
            with Sender(port, trusting) as sender:
                pong = sender.handshake(key, user=user, password=password)
                assert pong[1] is False and pong[2] in ("username/password mismatch", "shared_key mismatch"), pong
                assert sender.answer() is None
        expect_fields(events(running, 1_000), (wanted(number, user) for user in ("anna", "bert") for number in range(500)))
        assert counter(running, "authentication_failures") == 4
        running.stop()
    finally:
        running.end()


def test_certificates_of_senders_are_asked_for(folder):
    files = certificates(folder)
    port = free_port()
    running = service(
        folder, f'listen: "tls://127.0.0.1:{port}", tls: {{ certificate: {files}/server.pem, key: {files}/server.key, '
        f'client_ca: {files}/ca.pem, permitted_names: ["*.example.org"] }}').start()

    def context(name=None, authority="ca"):
        made = ssl.create_default_context(cafile=str(files / f"{authority}.pem"))
        if name:
            made.load_cert_chain(files / f"{name}.pem", files / f"{name}.key")
        return made

    try:
        with Sender(port, context("client")) as sender:
            for number in range(0, 1_000, 100):
                deliver(sender, "t", number, number + 100)
        # None, one of another authority, one of another name.
        for name in (None, "stranger", "server"):
            with contextlib.suppress(OSError), Sender(port, context(name)) as sender:
                sender.send(messagepack().packb(["t", packed(entries(0, 10)), {"chunk": "x"}]))
                assert sender.answer() is None
        # Senders that do not trust us, or look for another name, and one that speaks no TLS.
        for trusting, name in ((context("client", "other-ca"), "localhost"), (context("client"), "elsewhere.example.org")):
            try:
                Sender(port, trusting, name).close()
                raise RuntimeError("a sender trusted a certificate that it should not")
            except ssl.SSLError:
                pass
        with Sender(port) as sender:
            sender.send(messagepack().packb(["t", packed(entries(0, 10)), {"chunk": "x"}]))
            # The alert of TLS reads as numbers.
            assert all(isinstance(answer, int) for answer in iter(sender.answer, None))
        expect_fields(events(running, 1_000), (wanted(number, "t", tls_peer="sender.example.org") for number in range(1_000)))
        wait_for(lambda: counter(running, "handshake_failures") >= 5, what="the failed handshakes")
        running.stop()
    finally:
        running.end()


def test_heartbeats_are_answered_and_cost_nothing(folder):
    with listening(folder, ", udp_heartbeat: true") as (running, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heart, Sender(port) as sender:
            heart.settimeout(10)
            for number in range(200):
                heart.sendto(b"\0" * (1 + number % 50), ("127.0.0.1", port))
                assert heart.recvfrom(100) == (b"\0", ("127.0.0.1", port))
                # Newer versions open a connection and close it, or send nil.
                socket.create_connection(("127.0.0.1", port)).close()
                sender.send(b"\xc0")
            deliver(sender, "t", 0, 100)
        wait_for(lambda: counter(running, "connections_open") == 0, what="the end of all connections")
        assert counter(running, "connections") == 201
        expect_fields(events(running, 100), (wanted(number, "t") for number in range(100)))
        for name in ("chunks_refused", "foreign_protocols", "lost_bytes", "connections_broken"):
            assert counter(running, name) == 0, name
        assert "warning" not in running.said(), running.said()


# -- what means no good ---------------------------------------------------------------------------------------------------


def refused_messages():
    """Messages that are refused whole, after which the connection is closed, by what is wrong with them."""
    pack = messagepack().packb
    stream = packed(entries(0, 10))
    chunk = {"chunk": "x"}
    return {
        "no MessagePack": b"\x93\xa1t\xc1", "a huge array": b"\xdd\xff\xff\xff\xff", "a huge text": b"\x92\xdb\xff\xff\xff\xff",
        "a huge map": b"\x92\xa1t\xdf\xff\xff\xff\xff", "a huge extension": b"\x92\xa1t\xc9\xff\xff\xff\xff\x00",
        "huge arrays in arrays": b"\xdc\xff\xff" * 40, "a nesting bomb": b"\x91" * (1 << 20 | 1),
        "more than max_chunk_size": pack(["t", stream + b"\xc0" * (1 << 20), chunk]),
        "an array of one": pack(["t"]), "a tag that is a number": pack([7, stream, chunk]), "no tag": pack([None, stream, chunk]),
        "an endless tag": pack(["t" * 5_000, stream, chunk]), "no record": pack(["t", 1_700_000_000]),
        "a chunk that is a number": pack(["t", stream, {"chunk": 7}]), "a chunk that is a map": pack(["t", stream, {"chunk": {}}]),
        "an endless chunk": pack(["t", stream, {"chunk": "c" * 2_000}]),
        "an unknown compression": pack(["t", stream, {"chunk": "x", "compressed": "lz4"}]),
        "a compression that is none": pack(["t", stream, {"chunk": "x", "compressed": "gzip"}]),
        "half a gzip": pack(["t", gzip.compress(stream)[:-9], {"chunk": "x", "compressed": "gzip"}]),
        "a damaged gzip": pack(["t", gzip.compress(stream)[:-6] + b"\0" * 6, {"chunk": "x", "compressed": "gzip"}]),
        "half a zstd": pack(["t", b"\x28\xb5\x2f\xfd\x04\x00\x41", {"chunk": "x", "compressed": "zstd"}]),
        "a gzip bomb": pack(["t", gzip.compress(stream + b"\xc0" * (8 << 20)), {"chunk": "x", "compressed": "gzip"}]),
        "half an entry": pack(["t", stream[:-1], chunk]),
        "an entry with a huge map": pack(["t", stream + b"\x92\x01\xdf\xff\xff\xff\xff", chunk]),
        "half an entry, compressed": pack(["t", gzip.compress(stream[:-1]), {"chunk": "x", "compressed": "gzip"}]),
    }


def test_wrong_data_is_refused_whole_and_counted_and_costs_nobody_else_anything(folder):
    foreign = {"HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "TLS": bytes.fromhex("1603010200010001fc0303") + os.urandom(600),
               "SSH": b"SSH-2.0-OpenSSH_9.2\r\n", "gzip": gzip.compress(b"x" * 100), "syslog": b"<13>Oct 11 22:14:15 web1 app: text\n"}
    with listening(folder, ", max_chunk_size: 1MiB, max_inflated_size: 4MiB") as (running, port), Sender(port) as good:
        number = 0
        for what, data in {**refused_messages(), **foreign}.items():
            counted = "foreign_protocols" if what in foreign else "chunks_refused"
            before = counter(running, counted)
            with Sender(port) as sender:
                with contextlib.suppress(OSError):
                    sender.send(data)
                assert sender.answer() is None, what
            assert counter(running, counted) == before + 1, (what, running.said())
            deliver(good, "t", number, number + 50)
            number += 50
        # A message that is not there in full when its connection ends.
        lost = counter(running, "lost_bytes")
        for length in (1, 10, 300):
            with Sender(port) as sender:
                sender.send(messagepack().packb(["t", packed(entries(0, 10)), {"chunk": "x"}])[:length])
        wait_for(lambda: counter(running, "lost_bytes") == lost + 311, what="the count of lost bytes")
        expect_fields(events(running, number), (wanted(each, "t") for each in range(number)))
        said = running.said()
        for reason in ("closed: a message is no MessagePack", "closed: it speaks HTTP"):
            assert reason in said, said
        assert running.ledger()["dead_lettered"] == 0


def test_entries_that_are_no_events_are_dead_letters_and_the_others_pass(folder):
    pack = messagepack().packb
    good = entries(0, 4)
    deep = b"\x91" * 600 + b"\xc0"
    bad = {b"\x92\x01\x90": "record is not a map", b"\x91\x01": "not an array of a time and a record", b"\xc0": "not an array",
           b"\x92\xa1x\x80": "time is neither", b"\x92\x01\x81\x80\x01": "map or an array as a key",
           b"\x92\x01\x81\xa1k" + deep: "nested more than 512 levels"}
    with listening(folder) as (running, port), Sender(port) as sender:
        for index, entry in enumerate(bad):
            stream = pack([*good[0]]) + pack([*good[1]]) + entry + pack([*good[2]]) + pack([*good[3]])
            sender.send(pack(["t", stream, {"chunk": f"c{index}"}]))
            assert sender.answer() == {"ack": f"c{index}"}
        # Metrics and traces of Fluent Bit are kept whole.
        sender.send(pack(["t", packed(good), {"chunk": "metrics", "fluent_signal": 1}]))
        assert sender.answer() == {"ack": "metrics"}
        expect_fields(events(running, 4 * len(bad)), [wanted(number, "t") for number in range(4)] * len(bad))
        # Acknowledged means that the dead letters are on disk.
        letters = [json.loads(line) for line in running.verb("dead-letters list", "--format", "json", check=0).stdout.splitlines()]
        assert len(letters) == len(bad) + 1, letters
        for letter, reason in zip(letters, [*bad.values(), "`fluent_signal` is 1"]):
            assert reason in letter["error"], (letter, reason)
        assert running.ledger()["dead_lettered"] == len(bad) + 1


# -- what an event costs --------------------------------------------------------------------------------------------------


def test_an_event_allocates_nothing(folder):
    library = folder / "allocations.so"
    source = pathlib.Path(__file__).with_name("allocations.c")
    subprocess.run(["clang", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    pack = messagepack().packb

    def count(events, mode):
        """Allocations of a service from start to end that takes 50 chunks of so many events."""
        below = folder / f"{mode}-{events}"
        running = service(below, f'listen: "unix:{below}/s"', output="{ type: discard }", rules={})
        running.environment |= {"LD_PRELOAD": str(library), "ALLOCATIONS": str(below / "count")}
        listed = [[event_time(1_700_000_000_000_000_000 + n), {"n": n, "s": f"text {n}", "o": {"a": [1, n]}}] for n in range(events)]
        body = listed if mode == "forward" else b"".join(map(pack, listed))
        try:
            running.start()
            with Sender(below / "s") as sender:
                for index in range(50):
                    sender.send(pack(["t", gzip.compress(body, 1) if mode == "gzip" else body,
                                      {"chunk": str(index), "compressed": "gzip" if mode == "gzip" else "text"}]))
                    assert sender.answer() == {"ack": str(index)}
            assert running.ledger()["received"] == 50 * events
            running.stop()
        finally:
            running.end()
        return int((below / "count").read_text())

    for mode in ("forward", "packed", "gzip"):
        # A chunk has its price, and its events have none.
        few = count(1_000, mode)
        added = count(3_000, mode) - few
        print(f"    {mode}: {few} allocations for 50 chunks of 1000 events with start and end, {added} more for chunks of 3000")
        assert added < 2_000, f"{mode}: {added} allocations for 100000 more events"
