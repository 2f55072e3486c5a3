"""The `forward` output to receivers of the tests' own: what it sends to the byte, to whom, and what becomes of it when they fail."""
import json
import ssl
import time
import zlib

from forward_kit import FIRST_NS, Collector, Sender, listening, unpack_entries
from forward_values import Chance, Pairs, as_packed, event_time, messagepack, unpack
from network_kit import certificates, free_port
from service_kit import Service, wait_for

RETRY = "retry: { initial: 20ms, max: 200ms }"


def forwarder(folder, address, options="", lines="", more=""):
    """A service that follows a file of JSON lines and sends them on; not started."""
    folder.mkdir(exist_ok=True)
    (folder / "in.log").write_text(lines)
    addresses = json.dumps(address if isinstance(address, list) else [address])
    return Service(folder, f"inputs:\n  log: {{ type: file, include: [in.log], format: json }}\nrules: [tag.lua]\n"
                   f"outputs:\n  net: {{ type: forward, address: {addresses}, {RETRY}{options} }}\n{more}",
                   {"tag.lua": "function process(event, meta) meta.tag = event.tag end\n"})


def lines(first, last):
    return "".join(json.dumps({"timestamp": f"2026-10-09T22:33:{number % 60:02}.{number:09}+02:00", "tag": f"t{number // 500}", "n": number,
                               "s": f"caf\u00e9 {number} {'z' * (number % 200)}", "f": number / 7, "big": 2**63 + number, "deep":
                               {"list": [number, None, True, -0.5], "empty": {}}, "null": None}, ensure_ascii=number % 2 == 0) + "\n"
                   for number in range(first, last))


def sent(number):
    """The entry of a line."""
    ns = (1791577980 + number % 60) * 10**9 + number
    return [event_time(ns), Pairs([
        ("tag", f"t{number // 500}"), ("n", number), ("s", f"caf\u00e9 {number} {'z' * (number % 200)}"), ("f", number / 7),
        ("big", 2**63 + number), ("deep", Pairs([("list", [number, None, True, -0.5]), ("empty", Pairs())])), ("null", None)])]


def own(service):
    """The counters of the output."""
    return next(output for output in service.status()["outputs"] if output["name"] == "net")


def numbers(collector, inflate=None):
    return [dict(fields)["n"] for _, _, fields in collector.entries(inflate)]


def await_numbers(collector, count, seconds=30):
    """Waits until every number has come; returns how many came more than once."""
    wait_for(lambda: len(set(numbers(collector))) >= count, seconds, f"{count} numbers at the collector")
    found = numbers(collector)
    assert set(found) == set(range(count)), sorted(set(range(count)) - set(found))[:20]
    return len(found) - count


# -- what is sent ---------------------------------------------------------------------------------------------------------


def test_messages_have_every_field_the_time_to_the_nanosecond_and_whole_chunks(folder):
    for compression in ("none", "gzip"):
        def inflate(stream, options):
            # One member, and nothing behind it: not all receivers read more.
            unpacker = zlib.decompressobj(31)
            data = unpacker.decompress(stream) + unpacker.flush()
            assert unpacker.eof and not unpacker.unused_data
            return data
        with Collector() as collector:
            running = forwarder(folder / compression, f"tcp://127.0.0.1:{collector.port}",
                                f", compression: {compression}, chunk_size: 16KiB", lines(0, 6_000))
            try:
                running.start()
                wait_for(lambda: running.ledger()["delivered"] == 6_000, what="every event")
                running.stop()
            finally:
                running.end()
            found = collector.entries(inflate if compression == "gzip" else None)
            for number, (tag, moment, fields) in enumerate(found):
                assert [tag, moment, fields] == [f"t{number // 500}", *sent(number)], (number, tag, moment, fields)
            assert len(found) == 6_000
            names = set()
            for message in collector.taken():
                tag, stream, options = message
                options = dict(options)
                assert isinstance(tag, str) and isinstance(stream, bytes)
                plain = inflate(stream, options) if compression == "gzip" else stream
                assert set(options) == ({"size", "chunk", "compressed"} if compression == "gzip" else {"size", "chunk"}), options
                assert options["size"] == len(unpack_entries(plain)) and len(plain) <= 16 << 10
                assert options.get("compressed", "gzip") == "gzip"
                names.add(options["chunk"])
            assert len(names) == len(collector.taken()) > 50, "a name for each chunk"


def test_values_of_every_kind_are_sent_as_python_reads_them(folder):
    """From a `forward` input to a `forward` output: random maps against python3-msgpack on both sides."""
    count = 5_000
    chance = Chance(seed=12)
    pack = messagepack().packb
    with Collector() as collector:
        output = f'{{ type: forward, address: "tcp://127.0.0.1:{collector.port}" }}'
        with listening(folder / "a", output=output, rules={}) as (running, port), Sender(port) as sender:
            values = []
            for start in range(0, count, 500):
                values += [chance.map() for _ in range(500)]
                stream = b"".join(b"\x92" + pack(event_time(FIRST_NS + number)) + values[number] for number in range(start, start + 500))
                sender.send(pack([f"tag{start}", stream, {"chunk": str(start)}]))
                # Acknowledged here means acknowledged there.
                assert sender.answer() == {"ack": str(start)}
                assert len(collector.entries()) == start + 500
        for number, (tag, moment, fields) in enumerate(collector.entries()):
            assert (tag, moment) == (f"tag{number // 500 * 500}", event_time(FIRST_NS + number))
            expected = as_packed(unpack(values[number]))
            assert repr(fields) == repr(expected), (number, fields, expected)


def test_without_acknowledgements_chunks_have_no_name(folder):
    with Collector() as collector:
        running = forwarder(folder, f"tcp://127.0.0.1:{collector.port}", ", require_ack: false, tag: \"all\"", lines(0, 2_000))
        try:
            running.start()
            wait_for(lambda: running.ledger()["delivered"] == 2_000, what="every event")
            wait_for(lambda: len(numbers(collector)) == 2_000, what="every number")
            running.stop()
        finally:
            running.end()
        assert all(message[0] == "all" and set(dict(message[2])) == {"size"} for message in collector.taken())
        assert [fields for _, *fields in collector.entries()] == [sent(number) for number in range(2_000)]


# -- receivers that fail --------------------------------------------------------------------------------------------------


def test_what_is_not_acknowledged_is_not_delivered_and_goes_out_again(folder):
    silent = [True]
    with Collector(lambda message: not silent[0]) as collector:
        running = forwarder(folder, f"tcp://127.0.0.1:{collector.port}", ", ack_timeout: 500ms", lines(0, 1_000))
        try:
            running.start()
            wait_for(lambda: "not acknowledged for `ack_timeout` (500 ms)" in running.said(), what="the complaint")
            assert running.ledger()["delivered"] == 0
            silent[0] = False
            wait_for(lambda: running.ledger()["delivered"] == 1_000, what="every event")
            assert await_numbers(collector, 1_000) > 0
            assert own(running)["chunks_resent"] > 0 and own(running)["chunks_unacknowledged"] == 0
            names = [dict(message[2])["chunk"] for message in collector.taken()]
            assert len(names) == len(set(names)), "a chunk that goes out again has another name"
            running.stop()
        finally:
            running.end()


def test_a_receiver_that_hangs_up_costs_repetitions_only(folder):
    taken = [0]

    def sometimes(message):
        # Each fifth chunk is taken and not acknowledged; the connection ends.
        taken[0] += 1
        if taken[0] % 5 == 0:
            collector.hang_up()
            return False
        return True

    with Collector(sometimes) as collector:
        running = forwarder(folder, f"tcp://127.0.0.1:{collector.port}", ", chunk_size: 8KiB, buffer: { type: disk }", lines(0, 5_000))
        try:
            running.start()
            repeated = await_numbers(collector, 5_000, 60)
            wait_for(lambda: own(running)["chunks_unacknowledged"] == 0, what="the last acknowledgement")
            counters = own(running)
            # What comes twice is what was sent again, and no more than that.
            assert 0 < repeated <= counters["chunks_resent"] * (8 << 10) // 100, (repeated, counters)
            print(f"    {repeated} of 5000 twice, {counters['chunks_sent']} chunks sent, {counters['chunks_resent']} of them again")
            running.stop()
        finally:
            running.end()


def test_the_key_is_shown_and_asked_for(folder):
    with Collector(key="secret", users={"anna": "pass"}) as collector:
        running = forwarder(folder / "right", f"tcp://127.0.0.1:{collector.port}",
                            ", shared_key: secret, self_hostname: web1, username: anna, password: pass", lines(0, 2_000))
        try:
            running.start()
            assert await_numbers(collector, 2_000) == 0
            word, name, _, _, user, _ = collector.visits[0]
            assert (word, name, user) == ("PING", "web1", "anna")
            running.stop()
        finally:
            running.end()
        for name, options, complaint in (
                ("key", "shared_key: other, username: anna, password: pass", "it refuses us: shared_key mismatch"),
                ("user", "shared_key: secret, username: anna, password: no", "it refuses us: username/password mismatch"),
                ("nobody", "shared_key: secret", "it asks for a user; give `username` and `password`"),
                ("name", "shared_key: secret, username: anna, password: pass, self_hostname: collector", "it has the same name as we"),
                ("none", "tag: x", "the receiver asks for a key; give `shared_key`")):
            running = forwarder(folder / name, f"tcp://127.0.0.1:{collector.port}", f", {options}", lines(0, 10))
            try:
                running.start()
                wait_for(lambda: complaint in running.said(), what=complaint)
                assert running.ledger()["delivered"] == 0
                running.kill()
            finally:
                running.end()
        assert len(numbers(collector)) == 2_000
    with Collector(key="secret", keepalive=False) as collector:
        running = forwarder(folder / "once", f"tcp://127.0.0.1:{collector.port}", ", shared_key: secret, chunk_size: 64KiB",
                            lines(0, 2_000))
        try:
            running.start()
            assert await_numbers(collector, 2_000) == 0
            running.stop()
        finally:
            running.end()


# -- TLS and several addresses ----------------------------------------------------------------------------------------------


def test_tls_is_spoken_with_whom_is_trusted_only(folder):
    files = certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem", files / "server.key")
    context.load_verify_locations(files / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    pair = f"certificate: {files}/client.pem, key: {files}/client.key"
    with Collector(context=context) as collector:
        for name, host, tls, complaint in (
                ("other-ca", "localhost", f"ca: {files}/other-ca.pem, {pair}",
                 f"the peer's certificate for `localhost` does not lead to an authority in `{files}/other-ca.pem`"),
                ("name", "127.0.0.1", f"ca: {files}/ca.pem, {pair}", "the peer's certificate is for `localhost`, and not for `127.0.0.1`"),
                ("stranger", "localhost", f"ca: {files}/ca.pem, certificate: {files}/stranger.pem, key: {files}/stranger.key",
                 "the peer does not know the authority that signed our certificate"),
                ("no-pair", "localhost", f"ca: {files}/ca.pem",
                 "the peer wants a certificate from us; set `tls.certificate` and `tls.key`")):
            running = forwarder(folder / name, f"tls://{host}:{collector.port}", f", tls: {{ {tls} }}", lines(0, 10))
            try:
                running.start()
                wait_for(lambda: complaint in (own(running)["last_error"] or ""), what=complaint)
                assert running.ledger()["delivered"] == 0 and not collector.taken()
                running.kill()
            finally:
                running.end()
        running = forwarder(folder / "right", f"tls://localhost:{collector.port}",
                            f", tls: {{ ca: {files}/ca.pem, {pair} }}, compression: gzip", lines(0, 3_000))
        try:
            running.start()
            wait_for(lambda: running.ledger()["delivered"] == 3_000, what="every event")
            running.stop()
        finally:
            running.end()
        found = collector.entries(lambda stream, _: zlib.decompress(stream, 31))
        assert [fields for _, *fields in found] == [sent(number) for number in range(3_000)]


def append(running, first, last):
    with open(running.folder / "in.log", "a") as file:
        file.write(lines(first, last))


def test_the_next_address_takes_over_and_the_first_one_is_gone_back_to(folder):
    port = free_port()
    with Collector() as second:
        running = forwarder(folder, [f"tcp://127.0.0.1:{port}", f"tcp://127.0.0.1:{second.port}"],
                            ", failback: 200ms, buffer: { type: disk }", lines(0, 500))
        try:
            running.start()
            wait_for(lambda: len(numbers(second)) == 500, what="what goes to the second address")
            with Collector(port=port) as first:
                count = 500
                while len(numbers(first)) == 0:
                    append(running, count, count + 10)
                    count += 10
                    wait_for(lambda: running.ledger()["delivered"] == count, what="every event")
                    assert count < 5_000, "nothing came back to the first address"
                assert f"back to tcp://127.0.0.1:{port}" in running.said()
                append(running, count, count + 500)
                wait_for(lambda: len(numbers(first) + numbers(second)) == count + 500, what="every event")
                before = len(numbers(second))
                assert numbers(first)[-500:] == list(range(count, count + 500))
            # The first one is gone again.
            append(running, count + 500, count + 1_000)
            wait_for(lambda: len(numbers(second)) >= before + 500, what="what goes to the second address again")
            found = numbers(first) + numbers(second)
            assert set(found) == set(range(count + 1_000)), "something is missing"
            running.stop()
        finally:
            running.end()


def test_with_round_robin_all_addresses_take_turns_and_one_takes_over_for_another(folder):
    with Collector() as first, Collector() as second, Collector() as third:
        collectors = [first, second, third]
        running = forwarder(folder, [f"tcp://127.0.0.1:{each.port}" for each in collectors], ", balance: round_robin, failback: 200ms",
                            lines(0, 100))
        try:
            running.start()
            count = 100
            for _ in range(20):
                wait_for(lambda: running.ledger()["delivered"] == count, what="every event")
                append(running, count, count + 100)
                count += 100
            wait_for(lambda: running.ledger()["delivered"] == count, what="every event")
            shares = [len(numbers(each)) for each in collectors]
            assert all(share >= 400 for share in shares), shares
            second.end()
            for _ in range(10):
                append(running, count, count + 100)
                count += 100
                wait_for(lambda: running.ledger()["delivered"] == count, what="every event")
                time.sleep(0.02)
            found = [number for each in collectors for number in numbers(each)]
            assert set(found) == set(range(count)), "something is missing"
            print(f"    shares {shares}, then {[len(numbers(each)) for each in collectors]}")
            running.stop()
        finally:
            running.end()
