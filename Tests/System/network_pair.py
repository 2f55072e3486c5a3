"""Two Sluices, one of which sends to the other, through networks and deaths of every kind; and records that are posted over HTTP."""
import collections
import contextlib
import gzip
import http.client
import json
import os
import random
import select as readiness
import socket
import subprocess
import threading
import time

from network_kit import certificates, free_port
from service_delivery import Writer, whole_numbers
from service_kit import Service, read_lines, wait_for

NUMBER = {"number.lua": "function process(event) event.number = math.tointeger(tonumber(event.message:match('^(%d+)'))) end"}


def sender(folder, address, options="", rules=None, kind="sluice"):
    """A service that reads files and sends what is in them by a protocol with acknowledgements, with a disk buffer."""
    folder.mkdir(exist_ok=True)
    return Service(folder, f"""
inputs:
  lines: {{ type: file, include: ["logs/*"], format: plain }}
rules: [number.lua]
outputs:
  center: {{ type: {kind}, address: "{address}", buffer: {{ type: disk }}, retry: {{ initial: 50ms, max: 500ms }}{options} }}
""", rules or NUMBER)


def receiver(folder, listen, options="", kind="sluice"):
    """A service that takes events from others and writes them to a file."""
    folder.mkdir(exist_ok=True)
    return Service(folder, f"""
inputs:
  hosts: {{ type: {kind}, listen: "{listen}"{options} }}
outputs:
  main: {{ type: file, path: main.ndjson }}
""")


def numbers(service):
    return [json.loads(line)["number"] for line in read_lines(service.folder / "main.ndjson")]


def await_all(service, count, seconds=120):
    """Waits until every number has come; returns how many came more than once."""
    path = service.folder / "main.ndjson"
    wait_for(lambda: len(read_lines(path)) >= count, seconds, f"{count} lines at the receiver")
    wait_for(lambda: len(set(numbers(service))) >= count, seconds, f"{count} numbers at the receiver")
    found = collections.Counter(numbers(service))
    assert set(found) == set(range(1, count + 1)), sorted(set(range(1, count + 1)) - set(found))[:20]
    return sum(found.values()) - count


def counter(service, end, name):
    return service.status()[end][0].get(name, 0)


class Relay(threading.Thread):
    """Stands between two programs on loopback: delays, stalls, and cuts connections at any byte."""

    def __init__(self, target, seed, misbehaves=True):
        super().__init__(daemon=True)
        self.target, self.random, self.misbehaves = target, random.Random(seed), misbehaves
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        self.cuts = collections.Counter()
        self.threads = []

    def run(self):
        self.listener.settimeout(0.05)
        while not self.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self.listener.accept()
                thread = threading.Thread(target=self.serve, args=(client,), daemon=True)
                thread.start()
                self.threads.append(thread)

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.target)) as server:
            left = self.random.choice([self.random.randrange(200), self.random.randrange(20_000), self.random.randrange(200_000)])
            manner = self.random.choice(["close", "reset", "stall", "half"])
            if not self.misbehaves:
                left = 1 << 60
            while not self.stopped.is_set():
                for source in readiness.select([client, server], [], [], 0.05)[0]:
                    data = source.recv(min(left + 1, 65536))
                    if not data:
                        return
                    if self.misbehaves and self.random.random() < 0.2:
                        time.sleep(self.random.random() * 0.01)
                    target = server if source is client else client
                    target.sendall(data[:left])
                    left -= len(data)
                    if left < 0 and self.misbehaves:
                        return self.cut(manner, client, server)

    def cut(self, manner, client, server):
        self.cuts[manner] += 1
        if manner == "stall":
            # Both sides believe for a while that the other one is there.
            self.stopped.wait(0.3)
        elif manner == "half":
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            self.stopped.wait(0.1)
        elif manner == "reset":
            for end in (client, server):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def end(self):
        self.stopped.set()
        self.join()
        self.listener.close()


def test_events_arrive_at_another_sluice_as_they_are(folder):
    files = certificates(folder)
    port = free_port()
    meta = {"meta.lua": "function process(event, meta)\n"
                        "  event.known = { origin = meta.origin, input = meta.input, peer = meta.peer, format = meta.format, tag = meta.tag }\nend"}
    center = Service(folder / "b", f"""
inputs:
  hosts:
    type: sluice
    listen: "tls://127.0.0.1:{port}"
    token: secret
    tls: {{ certificate: {files}/server.pem, key: {files}/server.key }}
rules: [meta.lua]
outputs:
  main: {{ type: file, path: main.ndjson }}
""", meta)
    host = Service(folder / "a", f"""
inputs:
  app: {{ type: file, include: [app.log], format: json }}
rules: [tag.lua]
outputs:
  center:
    type: sluice
    address: "tls://localhost:{port}"
    token: secret
    compression: zstd
    tls: {{ ca: {files}/ca.pem }}
""", {"tag.lua": "function process(event, meta) meta.tag = 'from-a' end"})
    values = ['{"a":1.0,"b":[],"c":null,"d":9007199254740993,"e":{"x":[1,{"y":"\\u00e9\\/"}]}}',
              '{"timestamp":"2026-10-09T22:33:20.100+02:00","s":"\\ud83d\\ude00 tab\\t","big":123456789012345678901234567890,"exp":1E+2}']
    (folder / "a" / "app.log").write_text("".join(value + "\n" for value in values * 500))
    try:
        center.start()
        host.start()
        wait_for(lambda: len(read_lines(folder / "b" / "main.ndjson")) == 1_000, what="all events")
        for line, value in zip(read_lines(folder / "b" / "main.ndjson"), values * 500, strict=True):
            known = ',"known":{"format":"json","input":"hosts","origin":"app","peer":"127.0.0.1","tag":"from-a"}}'
            assert line.decode() == value[:-1] + known, line
        assert counter(center, "inputs", "replayed") == 0
        host.stop()
        center.stop()
    finally:
        host.end()
        center.end()


def test_a_wrong_token_is_said_on_both_sides_and_nothing_is_lost(folder):
    port = free_port()
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}", ", token: right")
    host = sender(folder / "a", f"tcp://127.0.0.1:{port}", ", token: wrong")
    (folder / "a" / "logs").mkdir()
    (folder / "a" / "logs" / "x.log").write_text("1 one\n2 two\n")
    try:
        center.start()
        host.start()
        wait_for(lambda: "another token than the receiver" in host.said(), what="the sender's complaint")
        wait_for(lambda: counter(center, "inputs", "authentication_failures") > 0, what="the receiver's counter")
        assert "another token than the receiver" in center.said()
        host.stop()
        host.configure(host.file.read_text().replace("wrong", "right"))
        host.start()
        assert await_all(center, 2) == 0
    finally:
        host.end()
        center.end()


@contextlib.contextmanager
def under_load(folder, *parts):
    """Starts relays and services, yields a writer whose lines the sender in `a` reads, and ends everything."""
    writer = Writer(folder / "a" / "logs", files=1, batch=60, pause=0.01)
    try:
        for part in parts:
            part.start()
        writer.start()
        yield writer
    finally:
        writer.finish()
        for part in reversed(parts):
            part.end()


def test_a_relay_that_cuts_and_stalls_loses_and_repeats_nothing(folder):
    port = free_port()
    relay = Relay(port, seed=1)
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}")
    host = sender(folder / "a", f"tcp://127.0.0.1:{relay.port}", ", compression: none, ack_timeout: 2s, write_timeout: 2s")
    with under_load(folder, relay, center, host) as writer:
        wait_for(lambda: sum(relay.cuts.values()) >= 40, 120, "40 cuts")
        count = writer.finish()
        relay.misbehaves = False
        repeated = await_all(center, count)
        assert repeated == 0, repeated
        assert numbers(center) == sorted(numbers(center)), "order"
        assert set(relay.cuts) == {"close", "reset", "stall", "half"}, relay.cuts
        print(f"    {count} events, {dict(relay.cuts)}, {counter(host, 'outputs', 'failures')} failures at the sender")
        host.stop()
        center.stop()


def killed_under_load(folder, victim, repeated_max, kind="sluice"):
    """Kills one side 20 times while lines are written: everything arrives, with so many repetitions at each death."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    sides = {"receiver": receiver(folder / "b", address, kind=kind), "sender": sender(folder / "a", address, kind=kind)}
    chance = random.Random(3)
    path = folder / "b" / "main.ndjson"
    with under_load(folder, *sides.values()) as writer:
        for _ in range(20):
            time.sleep(chance.random() * 0.3)
            sides[victim].kill()
            time.sleep(chance.random() * 0.2)
            sides[victim].start()
        count = writer.finish()
        wait_for(lambda: set(whole_numbers(path, 20)) >= set(range(1, count + 1)), 120, f"{count} numbers at the receiver")
        found = whole_numbers(path, 20)
        assert set(found) == set(range(1, count + 1))
        repeated = len(found) - count
        assert repeated <= 20 * repeated_max and repeated <= count, (repeated, count)
        print(f"    {count} events, {repeated} twice")
        for side in sides.values():
            side.stop()


# What was not acknowledged at each death: a batch, and what one look at the files gives.
def test_a_receiver_that_is_killed_20_times_costs_repetitions_only(folder):
    killed_under_load(folder, "receiver", 10_000)


def test_a_sender_that_is_killed_20_times_costs_repetitions_only(folder):
    killed_under_load(folder, "sender", 10_000)


def test_a_receiver_without_its_folder_is_sent_what_it_has_not_acknowledged(folder):
    port = free_port()
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}")
    host = sender(folder / "a", f"tcp://127.0.0.1:{port}")
    with under_load(folder, center, host) as writer:
        for _ in range(3):
            time.sleep(0.5)
            center.kill()
            subprocess.run(["rm", "-r", folder / "b" / "data"], check=True)
            center.start()
        count = writer.finish()
        assert await_all(center, count) <= count


@contextlib.contextmanager
def partitionable():
    """A network namespace of its own behind a pair of veth devices; yields what runs a command there, its address, and ours."""
    name = f"sluice{os.getpid()}"
    here, there = f"sl{os.getpid()}a"[:15], f"sl{os.getpid()}b"[:15]

    def ip(*arguments, check=True):
        return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=check, timeout=20)

    made = ip("netns", "add", name, check=False)
    if made.returncode:
        yield None
        return
    try:
        made = ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name, check=False)
        if made.returncode:
            yield None
            return
        ip("addr", "add", "198.18.77.1/30", "dev", here)
        ip("link", "set", here, "up")
        ip("-n", name, "addr", "add", "198.18.77.2/30", "dev", there)
        ip("-n", name, "link", "set", there, "up")
        yield name, "198.18.77.1", lambda state: ip("link", "set", here, state)
    finally:
        ip("link", "del", here, check=False)
        ip("netns", "del", name, check=False)


def test_a_partition_of_the_network_loses_nothing(folder):
    with partitionable() as network:
        if network is None:
            print("    skipped: no network namespace can be made here (`ip netns add` is not permitted)")
            return
        name, address, link = network
        port = free_port()
        center = receiver(folder / "b", f"tcp://{address}:{port}")
        host = sender(folder / "a", f"tcp://{address}:{port}", ", ack_timeout: 2s, write_timeout: 2s, connect_timeout: 1s")
        writer = Writer(folder / "a" / "logs", files=1, batch=60, pause=0.01)
        try:
            center.start()
            start_inside(host, name)
            writer.start()
            wait_for(lambda: len(read_lines(folder / "b" / "main.ndjson")) > 0, what="the first events")
            for seconds in (0.5, 3, 5):
                time.sleep(0.5)
                link("down")
                time.sleep(seconds)
                link("up")
            count = writer.finish()
            repeated = await_all(center, count)
            assert repeated == 0, repeated
            assert "ack_timeout" in host.said() or "connect" in host.said() or "broke" in host.said(), host.said()
        finally:
            writer.finish()
            host.end()
            center.end()


def start_inside(service, namespace):
    """Starts a service in a network namespace."""
    from service_kit import SLUICE
    with open(service.folder / "service.log", "ab") as log:
        service.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, SLUICE, "run", "-c", service.file], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd=service.folder, env=service.environment)
    wait_for(service.is_ready, what="readiness")


# -- http ------------------------------------------------------------------------------------------------------------


def posting(folder, options="", output="{ type: file, path: main.ndjson }"):
    """A service with an `http` input and its port."""
    port = free_port()
    service = Service(folder, f"""
inputs:
  posted: {{ type: http, listen: "tcp://127.0.0.1:{port}"{options} }}
outputs:
  main: {output}
""")
    return service, port


def curl(*arguments, data=b""):
    """Status, header and body of what curl gets."""
    result = subprocess.run(["curl", "-sS", "-i", "--max-time", "60", *map(str, arguments)], input=data, capture_output=True, timeout=90)
    assert result.returncode == 0, (result.returncode, result.stderr)
    head, _, body = result.stdout.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body.decode()


def test_what_is_posted_is_delivered_before_it_is_answered(folder):
    service, port = posting(folder, ", token: secret, path: /logs")
    url = f"http://127.0.0.1:{port}/logs"
    token = ["-H", "Authorization: Bearer secret"]
    try:
        service.start()
        count = 0
        for number in range(20):
            body = "".join(json.dumps({"n": count + each}) + "\n" for each in range(500)).encode()
            count += 500
            kind, data = [("application/x-ndjson", body), ("application/json", b"[" + b",".join(body.splitlines()) + b"]")][number % 2]
            extra = []
            if number % 3 == 0:
                data, extra = gzip.compress(data), ["-H", "Content-Encoding: gzip"]
            if number % 5 == 0:
                extra += ["-H", "Transfer-Encoding: chunked"]
            status, _, answer = curl(url, *token, *extra, "-H", f"Content-Type: {kind}", "--data-binary", "@-", data=data)
            assert (status, answer) == (200, '{"accepted":500}\n'), (status, answer)
            # Answered means delivered.
            assert len(read_lines(folder / "main.ndjson")) == count
        assert [json.loads(line)["n"] for line in read_lines(folder / "main.ndjson")] == list(range(count))
        assert curl(url, "-H", "Authorization: Bearer wrong", "-d", "{}")[0] == 401
        assert curl(url, "-d", "{}")[0] == 401
        status, _, answer = curl(url, *token, "-H", "Content-Type: application/json", "--data-binary", "@-", data=b'{"n":1}\n{"n":')
        assert status == 400 and json.loads(answer)["line"] == 2, answer
        assert curl(f"http://127.0.0.1:{port}/", "-X", "GET")[0] == 200
        assert curl(url, "-X", "GET", *token)[0] == 405
        assert len(read_lines(folder / "main.ndjson")) == count
        # More than 1 MiB: curl asks before it sends.
        text = b"x" * 200 + b"\n"
        status, _, answer = curl(url, *token, "-H", "Content-Type: text/plain", "-H", "Expect: 100-continue", "--data-binary", "@-",
                                 data=text * 20_000)
        assert (status, answer) == (200, '{"accepted":20000}\n')
        service.ledger()
        service.stop()
    finally:
        service.end()


def test_posts_go_over_tls(folder):
    files = certificates(folder)
    port = free_port()
    service = Service(folder, f"""
inputs:
  posted:
    type: http
    listen: "tls://127.0.0.1:{port}"
    tls: {{ certificate: {files}/server.pem, key: {files}/server.key }}
outputs:
  main: {{ type: file, path: main.ndjson }}
""")
    try:
        service.start()
        status, _, _ = curl(f"https://localhost:{port}/", "--cacert", files / "ca.pem", "-H", "Content-Type: text/plain", "--data-binary", "@-",
                            data=b"one\ntwo\n")
        assert status == 200
        assert [json.loads(line)["message"] for line in read_lines(folder / "main.ndjson")] == ["one", "two"]
        service.stop()
    finally:
        service.end()


def test_a_slow_output_tells_senders_to_come_again_and_nothing_answered_is_lost(folder):
    gate = folder / "gate"
    script = folder / "slow.sh"
    script.write_text(f"#!/bin/sh\nwhile [ ! -e {gate} ]; do sleep 0.1; done\nexec cat >> {folder}/out.ndjson\n")
    script.chmod(0o755)
    service, port = posting(
        folder, ", confirm_timeout: 1s", output=f"{{ type: exec, command: [{script}], buffer: {{ max_events: 2000 }} }}")
    answers = collections.Counter()
    body = "".join(json.dumps({"message": "y" * 400, "n": number}) + "\n" for number in range(2_000)).encode()
    try:
        service.start()
        deadline = time.monotonic() + 60
        while not answers[429] and time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            answers[response.status] += 1
            if response.status == 429:
                assert response.getheader("Retry-After"), dict(response.headers)
            connection.close()
        assert answers[429] and not answers[200], answers
        gate.touch()

        def accepted():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/", b'{"last":true}', {"Content-Type": "application/json"})
            return connection.getresponse().status == 200

        wait_for(accepted, 60, "an answer with 200")
        wait_for(lambda: b'{"last":true}' in read_lines(folder / "out.ndjson"), 30, "what was answered")
        print(f"    {dict(answers)}")
        service.stop()
    finally:
        gate.touch()
        service.end()
