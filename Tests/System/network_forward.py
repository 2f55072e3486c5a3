"""The `forward` input with the senders that people have: Debian's fluent-logger, and Fluentd and Fluent Bit as the tests play them."""
import gzip
import json
import os
import struct
import subprocess

from forward_kit import FIRST_NS, Sender, counter, entries, events, listening, packed, record, service, wanted
from forward_values import Chance, as_json, event_time, libraries, messagepack, text_of_time, unpack
from network_kit import expect_fields, free_port
from service_kit import read_lines, wait_for

# -- fluent-logger ------------------------------------------------------------------------------------------------------

# Emits the numbers of each line `FIRST LAST` that it reads, and says how many could not be sent at once.
LOGGER = """
import sys
from fluent import sender
host, port, precise = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "precise"
logger = sender.FluentSender("app", host=host, port=port, nanosecond_precision=precise, bufmax=1 << 24)
for line in sys.stdin:
    first, last = map(int, line.split())
    failed = 0
    for number in range(first, last):
        time = 1_700_000_000.5 + number * 0.001 if precise else 1_700_000_000 + number
        record = {"number": number, "text": "caf\\u00e9 %d" % number, "nested": {"list": [number, None, True, 0.5], "empty": {}},
                  "big": 2 ** 63 + number, "negative": -number, "ratio": number / 7, "none": None, "yes": True,
                  "long": "x" * (number % 400)}
        failed += not logger.emit_with_time("web" if number % 2 else None, time, record)
    print(failed, flush=True)
logger.close()
"""


class Logger:
    """fluent-logger in a process of its own, with Debian's Python."""

    def __init__(self, host, port, precision="precise"):
        self.precision = precision
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", LOGGER, host, str(port), precision], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(libraries())})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            assert self.process.wait(20) == 0
        finally:
            self.process.kill()
            self.process.stdout.close()

    def emit(self, first, last):
        """Emits numbers; returns how many of them waited in the logger."""
        self.process.stdin.write(f"{first} {last}\n")
        return int(self.process.stdout.readline())

    def wanted(self, count, sender):
        """What has to come of so many numbers."""
        for number in range(count):
            moment = 1_700_000_000.5 + number * 0.001
            ns = int(moment) * 10**9 + int(moment % 1 * 10**9) if self.precision == "precise" else (1_700_000_000 + number) * 10**9
            yield {"timestamp": text_of_time(ns), "number": number, "text": f"caf\u00e9 {number}",
                   "nested": {"list": [number, None, True, 0.5], "empty": {}}, "big": 2**63 + number, "negative": -number,
                   "ratio": number / 7, "none": None, "yes": True, "long": "x" * (number % 400),
                   "from": {"tag": "app.web" if number % 2 else "app", **sender}}


def test_fluent_logger_sends_over_tcp_with_whole_seconds_and_with_nanoseconds(folder):
    for precision in ("whole", "precise"):
        with listening(folder / precision) as (running, port):
            with Logger("127.0.0.1", port, precision) as logger:
                assert logger.emit(0, 3_000) == 0
                expect_fields(events(running, 3_000), logger.wanted(3_000, {"peer": "127.0.0.1"}))
            wait_for(lambda: counter(running, "connections_open") == 0, what="the end of the connection")
            assert counter(running, "chunks_refused") == 0 and counter(running, "lost_bytes") == 0


def test_fluent_logger_sends_to_a_unix_socket_and_comes_again_after_a_restart(folder):
    running = service(folder, f'listen: "unix:{folder}/fluent"').start()
    try:
        with Logger(f"unix://{folder}/fluent", 0) as logger:
            assert logger.emit(0, 2_000) == 0
            events(running, 2_000)
            running.stop()
            # Nobody is there: the logger keeps what it is given, and sends it with what comes next.
            assert logger.emit(2_000, 2_500) == 500
            running.start()
            assert logger.emit(2_500, 4_000) == 0
            known = {"pid": str(logger.process.pid)}
            expect_fields(events(running, 4_000), logger.wanted(4_000, known))
        running.stop()
    finally:
        running.end()


def test_fluent_logger_goes_on_over_tcp_after_a_restart(folder):
    port = free_port()
    running = service(folder, f'listen: "tcp://127.0.0.1:{port}"').start()
    try:
        with Logger("127.0.0.1", port) as logger:
            for turn in range(3):
                assert logger.emit(turn * 1_000, turn * 1_000 + 600) == 0
                events(running, turn * 1_000 + 600)
                running.stop()
                assert logger.emit(turn * 1_000 + 600, turn * 1_000 + 1_000) == 400
                running.start()
            assert logger.emit(3_000, 3_001) == 0
            expect_fields(events(running, 3_001), logger.wanted(3_001, {"peer": "127.0.0.1"}))
        running.stop()
    finally:
        running.end()


# -- every mode of the protocol -----------------------------------------------------------------------------------------

def compress(data, name):
    """One stream of gzip, or of zstd by the program of that name."""
    if name == "gzip":
        return gzip.compress(data)
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def chunks(first, last, tag):
    """The entries in one chunk for each mode, in turn: bytes, and the name that has to be acknowledged (None where there is none)."""
    pack = messagepack().packb
    stream = packed(entries(first, last))
    count = last - first
    halves = packed(entries(first, first + count // 2)), packed(entries(first + count // 2, last))
    name = f"{tag} {first}"
    binary = b"\xff\x00" + name.encode()
    yield pack([tag, entries(first, last), {"chunk": name, "size": count}]), name
    yield pack([tag, stream, {"chunk": name, "size": count, "fluent_signal": 0, "unknown": [1, {"x": None}], 7: b"\xff"}]), name
    # Old senders write the stream as text, and call their chunks by bytes.
    yield b"\x93" + pack(tag) + struct.pack(">BI", 0xDB, len(stream)) + stream + pack({"chunk": binary}), binary
    yield pack([tag, gzip.compress(stream), {"chunk": name, "compressed": "gzip", "size": count}]), name
    yield pack([tag, gzip.compress(halves[0]) + gzip.compress(halves[1]), {"compressed": "gzip", "chunk": name}]), name
    yield pack([tag, compress(stream, "zstd"), {"chunk": name, "compressed": "zstd"}]), name
    yield pack([tag, stream, {"compressed": "text", "chunk": name, "size": 1}]), name
    yield pack([tag, stream]), None
    yield pack([tag, entries(first, last), None]), None
    yield b"".join(pack([tag, *entry, {"chunk": f"{name} {index}"}]) for index, entry in enumerate(entries(first, last))), None


def test_every_mode_of_the_protocol_brings_each_field_and_is_acknowledged(folder):
    per_chunk, modes = 100, 10
    with listening(folder) as (running, port), Sender(port) as sender:
        first, all_wanted = 0, []
        for turn in range(4):
            for mode in range(modes):
                tag = f"app.{mode}"
                data, name = list(chunks(first, first + per_chunk, tag))[mode]
                if turn % 2:
                    # Byte by byte at first, then in pieces.
                    for at in range(0, 40):
                        sender.send(data[at:at + 1])
                    for at in range(40, len(data), 701):
                        sender.send(data[at:at + 701])
                else:
                    sender.send(data)
                sender.send(b"\xc0")
                if name is not None:
                    answer = sender.answer()
                    assert answer in ({"ack": name}, {b"ack": name}), (mode, answer)
                    # Acknowledged means delivered.
                    assert len(read_lines(folder / "main.ndjson")) == first + per_chunk
                elif mode == modes - 1:
                    for index in range(per_chunk):
                        assert sender.answer() == {"ack": f"{tag} {first} {index}"}
                else:
                    events(running, first + per_chunk)
                all_wanted += [wanted(number, tag) for number in range(first, first + per_chunk)]
                first += per_chunk
        expect_fields(events(running, first), all_wanted)
        assert counter(running, "chunks_refused") == 0


def test_times_and_metadata_of_every_kind(folder):
    pack, msgpack = messagepack().packb, messagepack()
    times = [
        (1_700_000_000, "2023-11-14T22:13:20Z", None), (1_700_000_000.25, "2023-11-14T22:13:20.250000Z", None),
        (event_time(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123456789Z", None),
        (event_time((2**32 - 1) * 10**9 + 999_999_999), "2106-02-07T06:28:15.999999999Z", None),
        (msgpack.Timestamp(1_700_000_000, 5), "2023-11-14T22:13:20.000000005Z", None),
        (msgpack.Timestamp(-1, 0), "1969-12-31T23:59:59Z", None),
        (0, None, ["no_timestamp"]), (None, None, ["no_timestamp"]), (event_time(0), None, ["no_timestamp"]),
        (2**64 - 1, None, ["no_timestamp", "value_invalid"]), (float("nan"), None, ["no_timestamp", "value_invalid"]),
        ([event_time(FIRST_NS), {"host": "web1", "n": 1}], text_of_time(FIRST_NS), None),
        ([1_700_000_000, {}], "2023-11-14T22:13:20Z", None)]
    with listening(folder) as (running, port), Sender(port) as sender:
        sender.send(pack(["t", b"".join(pack([time, {"n": number}]) for number, (time, _, _) in enumerate(times)), {"chunk": "a"}]))
        assert sender.answer() == {"ack": "a"}
        for number, (event, (time, text, flags)) in enumerate(zip(events(running, len(times)), times, strict=True)):
            known = {"tag": "t", "peer": "127.0.0.1"}
            if isinstance(time, list) and time[1]:
                known["metadata"] = {"host": "web1", "n": 1}
            expected = {**({"timestamp": text} if text else {}), "n": number, "from": known, **({"flags": flags} if flags else {})}
            assert event == expected, (number, event, expected)
        # A record's own time wins; the entry's is known beside it.
        sender.send(pack(["t", FIRST_NS // 10**9, {"timestamp": "2026-10-09T22:33:20.100+02:00"}, {"chunk": "b"}]))
        assert sender.answer() == {"ack": "b"}
        assert events(running, len(times) + 1)[-1] == {
            "timestamp": "2026-10-09T22:33:20.100+02:00", "from": {"tag": "t", "peer": "127.0.0.1", "time": "2023-11-14T22:13:20Z"}}


def test_values_of_every_kind_arrive_as_python_reads_them(folder):
    """Random maps against python3-msgpack: every field, type by type, and the flag of what JSON has no word for."""
    count = 6_000
    chance = Chance(seed=11)
    with listening(folder) as (running, port), Sender(port) as sender:
        expected = []
        for start in range(0, count, 500):
            stream = b""
            for number in range(start, start + 500):
                value = chance.map()
                fields, is_odd = as_json(unpack(value))
                known = {"tag": "v", "peer": "127.0.0.1"}
                expected.append({"timestamp": text_of_time(FIRST_NS + number), **fields, "from": known,
                                 **({"flags": ["value_invalid"]} if is_odd else {})})
                stream += b"\x92" + messagepack().packb(event_time(FIRST_NS + number)) + value
            sender.send(messagepack().packb(["v", stream, {"chunk": str(start), "size": 500}]))
            assert sender.answer() == {"ack": str(start)}
        for number, (event, fields) in enumerate(zip(events(running, count), expected, strict=True)):
            # Types count as well: 1 is neither 1.0 nor true.
            assert json.dumps(event, sort_keys=True) == json.dumps(fields, sort_keys=True), (number, event, fields)
        assert running.ledger()["dead_lettered"] == 0
