"""Inputs that acknowledge what they were sent: everything that was acknowledged is in the outputs, however the input ends."""
import collections
import contextlib
import http.client
import json
import signal
import threading
import time

from forward_kit import Collector, Sender, service, unpack_entries
from forward_values import messagepack
from network_kit import free_port
from service_kit import Service, read_lines, wait_for


class Load(threading.Thread):
    """Sends batches of events `{c, n, pad}` until told to stop, and notes which were acknowledged."""

    def __init__(self, port, number, window=8, events=50, pad=0):
        super().__init__(daemon=True)
        self.port, self.number, self.window, self.events, self.pad = port, number, window, events, "p" * pad
        self.acknowledged, self.sent = set(), 0
        self.stopped = threading.Event()

    def finish(self):
        self.stopped.set()
        self.join(30)
        assert not self.is_alive()


class Chunks(Load):
    """By the forward protocol, as Fluentd does: so many chunks are under way at a time."""

    def run(self):
        pack = messagepack().packb
        while not self.stopped.is_set():
            with contextlib.suppress(OSError), Sender(self.port, seconds=5) as sender:
                under_way = 0
                while not self.stopped.is_set():
                    while under_way < self.window:
                        name = f"{self.number}-{self.sent}"
                        stream = b"".join(pack([1_700_000_000, {"c": name, "n": n, "pad": self.pad}]) for n in range(self.events))
                        self.sent += 1
                        under_way += 1
                        sender.send(pack(["load", stream, {"chunk": name}]))
                    answer = sender.answer()
                    if answer is None:
                        break
                    self.acknowledged.add(answer["ack"])
                    under_way -= 1
            time.sleep(0.01)


class Posts(Load):
    """Over HTTP: one request after the other."""

    def run(self):
        while not self.stopped.is_set():
            name = f"{self.number}-{self.sent}"
            self.sent += 1
            body = json.dumps([{"c": name, "n": n, "pad": self.pad} for n in range(self.events)])
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("POST", "/", body, {"Content-Type": "application/json"})
                if connection.getresponse().status == 200:
                    self.acknowledged.add(name)
                connection.close()
            time.sleep(0.002)


def expect_acknowledged(loads, found):
    """Every event of every chunk that was acknowledged is among those `(chunk, number)` that the output has."""
    counts = collections.Counter(chunk for chunk, _ in set(found))
    assert sum(len(load.acknowledged) for load in loads) > 50
    for load in loads:
        for name in load.acknowledged:
            assert counts[name] == load.events, (name, counts[name])
    print(f"    {sum(load.sent for load in loads)} chunks sent, {sum(len(load.acknowledged) for load in loads)} acknowledged")


def ended_under_load(folder, source, loads):
    """Ends the service three times while its output stands and lanes have no room: what is given up then must not be acknowledged."""
    taken = []
    gate = threading.Event()
    gate.set()

    def gated(message):
        gate.wait(30)
        taken.extend((dict(fields)["c"], dict(fields)["n"]) for _, fields in unpack_entries(message[1]))
        return True

    with Collector(gated, keeps=False) as collector:
        running = Service(folder, f"inputs:\n  hosts: {{ {source} }}\noutputs:\n  main: {{ type: forward, address: \"tcp://127.0.0.1:"
                          f"{collector.port}\", buffer: {{ max_events: 1 }} }}\nshutdown_timeout: 500ms\n")
        try:
            running.start()
            for load in loads:
                load.start()
            for _ in range(3):
                before = sum(len(load.acknowledged) for load in loads)
                wait_for(lambda: sum(len(load.acknowledged) for load in loads) >= before + 20, 30, "acknowledgements")
                gate.clear()
                # Until everything is full that there is between the senders and the output.
                time.sleep(0.7)
                running.signal(signal.SIGTERM)
                # Long enough for the input to give up, and short enough for it to hear that what it had sent before is delivered.
                time.sleep(1.5)
                gate.set()
                assert running.process.wait(30) == 0, running.said()
                running.start()
            for load in loads:
                load.finish()
            running.stop()
            expect_acknowledged(loads, taken)
            log = (folder / "service.log").read_text()
            assert "EventLoop" not in log, log
            return log.count("took no more; senders that wait for an acknowledgement send them again")
        finally:
            for load in loads:
                load.stopped.set()
            running.end()


def test_what_was_acknowledged_is_there_when_the_service_ends_under_load(folder):
    port = free_port()
    # A few events are all that a lane has room for.
    loads = [Chunks(port, number, window=3, events=1, pad=2_000_000) for number in range(4)]
    given_up = ended_under_load(folder, f'type: forward, listen: "tcp://127.0.0.1:{port}"', loads)
    assert given_up > 0, "no end came while lanes had no room"
    print(f"    {given_up} of 3 ends gave events up")


def test_what_was_answered_with_200_is_there_when_the_service_ends_under_load(folder):
    port = free_port()
    loads = [Posts(port, number, events=3, pad=700_000) for number in range(8)]
    ended_under_load(folder, f'type: http, listen: "tcp://127.0.0.1:{port}", max_frame_size: 4MiB', loads)


def test_what_was_acknowledged_is_there_when_the_input_is_taken_out_and_put_back(folder):
    port = free_port()
    with_input = f'listen: "tcp://127.0.0.1:{port}"'
    running = service(folder, with_input, rules={}, output="{ type: file, path: main.ndjson, buffer: { max_events: 500 } }",
                      more="reload: { watch: false }\n")
    text = running.file.read_text()
    without = text.replace(f"hosts: {{ type: forward, {with_input} }}", "nothing: { type: internal }")
    loads = [Chunks(port, number) for number in range(6)]
    try:
        running.start()
        for load in loads:
            load.start()
        for turn in range(6):
            before = sum(len(load.acknowledged) for load in loads)
            wait_for(lambda: sum(len(load.acknowledged) for load in loads) >= before + 30, 30, "acknowledgements")
            running.configure(without if turn % 2 == 0 else text)
            running.verb("reload", "--wait", check=0)
            if turn % 2 == 0:
                running.configure(text)
                running.verb("reload", "--wait", check=0)
        for load in loads:
            load.finish()
        wait_for(lambda: running.ledger()["in_flight"] == 0, what="an empty pipeline")
        found = (json.loads(line) for line in read_lines(folder / "main.ndjson"))
        expect_acknowledged(loads, ((event["c"], event["n"]) for event in found if "c" in event))
        running.stop()
    finally:
        for load in loads:
            load.stopped.set()
        running.end()
