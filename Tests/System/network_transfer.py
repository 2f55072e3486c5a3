"""Two Sluices, one of which sends to the other: events that are too long, and signs of life."""
import contextlib
import json
import socket
import struct
import threading
import time
import zlib

from network_kit import free_port
from network_pair import NUMBER, await_all, counter, numbers, receiver, sender, under_load
from service_kit import Service, read_lines, wait_for


def test_an_event_that_the_receiver_does_not_take_costs_that_event_only(folder):
    port = free_port()
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}", ", max_frame_size: 1MiB")
    host = Service(folder / "a", f"""
inputs:
  app: {{ type: file, include: [app.log], format: plain, max_frame_size: 8MiB }}
rules: [number.lua]
outputs:
  center: {{ type: sluice, address: "tcp://127.0.0.1:{port}", buffer: {{ type: disk }}, retry: {{ initial: 10ms }} }}
""", NUMBER)
    long = "x" * (3 << 20)
    lines = [f"{number} {long if number in (300, 700) else 'short'}" for number in range(1_000)]
    (folder / "a" / "app.log").write_text("".join(line + "\n" for line in lines))
    try:
        center.start()
        host.start()
        wait_for(lambda: len(read_lines(folder / "b" / "main.ndjson")) == 998, what="the short events")
        assert numbers(center) == [number for number in range(1_000) if number not in (300, 700)]
        wait_for(lambda: host.status()["outputs"][0]["dead_lettered"] == 2, what="the dead letters")
        assert host.ledger()["dead_lettered"] == 0, "delivered to the disk buffer, and given up behind it"
        letters = [json.loads(line) for line in host.verb("dead-letters list", "--format", "json", check=0).stdout.splitlines()]
        assert [letter["event"]["message"][:4] for letter in letters] == ["300 ", "700 "], [str(letter)[:200] for letter in letters]
        for letter in letters:
            assert "exceeds the receiver's `max_frame_size` (1048576 bytes); raise it there" in letter["error"], letter["error"]
        # With room enough at the receiver they go the same way.
        center.stop()
        center.configure(center.file.read_text().replace("1MiB", "8MiB"))
        center.start()
        host.verb("dead-letters redrive", "--all", check=0)
        wait_for(lambda: len(read_lines(folder / "b" / "main.ndjson")) == 1_000, what="the long events")
        assert numbers(center)[998:] == [300, 700]
        host.stop()
        center.stop()
    finally:
        host.end()
        center.end()


def test_what_a_killed_sender_repeats_is_never_more_than_it_says(folder):
    """What its buffer still had and what it reads again: the receiver cannot tell these, because the sender has a new identity."""
    port = free_port()
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}")
    host = sender(folder / "a", f"tcp://127.0.0.1:{port}")
    said = 0
    with under_load(folder, center, host) as writer:
        for _ in range(6):
            time.sleep(0.4)
            said += counter(host, "inputs", "replayed")
            host.kill()
            host.start()
            said += counter(host, "outputs", "restored")
        count = writer.finish()
        repeated = await_all(center, count)
        said += counter(host, "inputs", "replayed")
        assert repeated <= said, (repeated, said)
        print(f"    {count} events, {repeated} twice, at most {said} by its counters")
        host.stop()
        center.stop()


def frame(kind, body):
    """A frame of the protocol between two Sluices."""
    data = struct.pack("<IB", len(body), kind) + body
    return data + struct.pack("<I", zlib.crc32(data))


def frames(connection, pass_on=lambda data: None):
    """The types of the frames that come behind the greeting, with the time of each; ends with the connection."""
    data = b""
    while len(data) < 8:
        more = connection.recv(4_096)
        pass_on(more)
        data += more
    data = data[8:]
    while True:
        while len(data) >= 5 and len(data) >= 9 + int.from_bytes(data[:4], "little"):
            yield data[4], time.monotonic()
            data = data[9 + int.from_bytes(data[:4], "little"):]
        more = connection.recv(65_536)
        if not more:
            return
        pass_on(more)
        data += more


class Listened(threading.Thread):
    """Stands between a sender and a receiver and notes what the receiver says."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.port = port
        self.said = []

    def run(self):
        with contextlib.suppress(OSError):
            sender, _ = self.listener.accept()
            with socket.create_connection(("127.0.0.1", self.port), 20) as receiver:
                receiver.settimeout(None)
                threading.Thread(target=self.pass_on, args=(sender, receiver), daemon=True).start()
                for kind, at in frames(receiver, sender.sendall):
                    self.said.append((kind, at))

    @staticmethod
    def pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)


def test_both_sides_show_every_ten_seconds_that_they_are_there(folder):
    """A receiver whose output is down, and a sender that has nothing to send."""
    port = free_port()
    listener = socket.create_server(("127.0.0.1", 0))
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}")
    center.configure(center.file.read_text().replace("type: file, path: main.ndjson", 'type: tcp, address: "tcp://127.0.0.1:1"'))
    relay = Listened(port)
    waiting = sender(folder / "a", relay.address, ", ack_timeout: 12s")
    idle = sender(folder / "c", f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    hello, welcome, data, acknowledged, ping = range(1, 6)
    for host in (waiting, idle):
        (host.folder / "logs").mkdir()
        (host.folder / "logs" / "x.log").write_text("1 one\n")
    try:
        relay.start()
        for service in (center, waiting, idle):
            service.start()
        connection, _ = listener.accept()
        connection.settimeout(20)
        connection.sendall(b"SLUICE\1\0" + frame(welcome, struct.pack("<QQIB", 0, 0, 16 << 20, 3)))
        heard = frames(connection)
        assert [next(heard)[0] for _ in range(2)] == [hello, data]
        connection.sendall(frame(acknowledged, struct.pack("<Q", 1)))
        since = time.monotonic()
        kind, at = next(heard)
        assert kind == ping and 9 < at - since < 13, (kind, at - since)
        wait_for(lambda: len(relay.said) >= 2, what="the receiver's sign of life")
        (first, begun), (second, at) = relay.said[:2]
        assert (first, second) == (welcome, ping) and 9 < at - begun < 13, relay.said
        # With `ack_timeout` a little longer than that, nothing is taken for dead.
        time.sleep(max(0, begun + 13 - time.monotonic()))
        assert counter(waiting, "outputs", "failures") == 0, waiting.said()
    finally:
        for service in (center, waiting, idle):
            service.end()
        listener.close()
        relay.listener.close()
