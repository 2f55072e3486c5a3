"""Both ends of Fluent's forward protocol as the tests play them, on python3-msgpack: a sender like Fluentd's, and a receiver."""
import contextlib
import hashlib
import json
import os
import select as readiness
import socket
import threading
import time
import uuid

from forward_values import Pairs, event_time, messagepack, text_of_time
from network_kit import free_port
from service_kit import Service, read_lines, wait_for

# What is known of an event and is no field of its record goes along as one.
FROM = {"from.lua": """
function process(event, meta)
  event.from = { tag = meta.tag, peer = meta.peer, pid = meta.pid, time = meta.time, metadata = meta.metadata, tls_peer = meta.tls_peer }
  if #meta.flags > 0 then event.flags = array { table.unpack(meta.flags) } end
end
"""}
FILE = "{ type: file, path: main.ndjson }"


def service(folder, options, output=FILE, rules=FROM, more=""):
    """A service with a `forward` input; not started."""
    folder.mkdir(exist_ok=True)
    names = "".join(f"rules: [{name}]\n" for name in rules)
    return Service(folder, f"inputs:\n  hosts: {{ type: forward, {options} }}\n{names}outputs:\n  main: {output}\n{more}", rules)


@contextlib.contextmanager
def listening(folder, options="", **parts):
    """A running service on a port of its own, and the port; it is ended in order."""
    port = free_port()
    running = service(folder, f'listen: "tcp://127.0.0.1:{port}"{options}', **parts).start()
    try:
        yield running, port
        running.stop()
    finally:
        running.end()


def events(running, count, seconds=30):
    """All events as objects, once there are so many; more are a fault."""
    path = running.folder / "main.ndjson"
    try:
        wait_for(lambda: len(read_lines(path)) >= count, seconds, f"{count} events")
    except AssertionError as fault:
        raise AssertionError(f"{fault}; there are {len(read_lines(path))}; {running.said()}") from None
    found = [json.loads(line) for line in read_lines(path)]
    assert len(found) == count, (len(found), count, found[-2:])
    return found


def counter(running, name):
    return running.status()["inputs"][0].get(name, 0)


# -- events --------------------------------------------------------------------------------------------------------------

FIRST_NS = 1_700_000_000_000_000_001


def record(number):
    return {"number": number, "text": f"caf\u00e9 {number} {'y' * (number % 300)}",
            "deep": {"list": [number, -number, number / 3], "null": None}}


def wanted(number, tag, **known):
    """What has to come of ``record(number)`` with the time of its number."""
    return {"timestamp": text_of_time(FIRST_NS + number * 1_000_007), **record(number), "from": {"tag": tag, "peer": "127.0.0.1", **known}}


def entries(first, last):
    return [(event_time(FIRST_NS + number * 1_000_007), record(number)) for number in range(first, last)]

# -- a sender ----------------------------------------------------------------------------------------------------------


class Sender:
    """One connection to an input: what is written to it are the protocol's messages, what is read are acknowledgements."""

    def __init__(self, address, context=None, server_name="localhost", seconds=20):
        if isinstance(address, int):
            self.socket = socket.create_connection(("127.0.0.1", address), timeout=seconds)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(seconds)
            self.socket.connect(str(address))
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name)
        self.seconds = seconds
        self.unpacker = messagepack().Unpacker(raw=False, strict_map_key=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, seconds=None):
        """The next value that the receiver says; None when it has closed the connection."""
        deadline = time.monotonic() + (seconds or self.seconds)
        while True:
            for value in self.unpacker:
                return value
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.unpacker.feed(data)

    def is_silent(self, seconds):
        """Whether the receiver says nothing for so long, and stays."""
        return not any(True for _ in self.unpacker) and not readiness.select([self.socket], [], [], seconds)[0]

    def handshake(self, key, hostname="sender", user="", password="", greeting=None):
        """HELO, PING, PONG; returns what PONG said."""
        word, options = greeting or self.answer()
        assert word == "HELO", word
        salt = uuid.uuid4().hex

        def digest(*parts):
            return hashlib.sha512("".join(parts).encode()).hexdigest()

        self.send(messagepack().packb(
            ["PING", hostname, salt, digest(salt, hostname, options["nonce"], key), user,
             digest(options["auth"], user, password) if options["auth"] else ""]))
        pong = self.answer()
        if pong and pong[1]:
            assert pong[4] == digest(salt, pong[3], options["nonce"], key), "the receiver does not know the key"
        return pong


def packed(entries):
    """Entries `(time, record)` one behind the other."""
    pack = messagepack().packb
    return b"".join(pack([moment, record]) for moment, record in entries)


# -- a receiver --------------------------------------------------------------------------------------------------------


class Collector(threading.Thread):
    """Receives what an output sends. `policy` says of each message whether it is acknowledged; it is called on the connection's thread."""

    def __init__(self, policy=lambda message: True, context=None, key=None, users=None, port=0, hostname="collector", keepalive=True,
                 keeps=True):
        super().__init__(daemon=True)
        self.policy, self.context, self.key, self.users = policy, context, key, users
        self.hostname, self.keepalive, self.keeps = hostname, keepalive, keeps
        self.listener = socket.create_server(("127.0.0.1", port))
        self.listener.settimeout(0.05)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.messages, self.visits, self.faults, self.threads, self.connections = [], [], [], [], []
        self.stopped = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def run(self):
        while not self.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self.listener.accept()
                with self.lock:
                    self.connections.append(connection)
                thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
                thread.start()
                self.threads.append(thread)

    def serve(self, connection):
        try:
            with connection:
                connection.settimeout(60)
                self.hear(self.context.wrap_socket(connection, server_side=True) if self.context else connection)
        except OSError as fault:
            with self.lock:
                self.faults.append(str(fault))

    def hear(self, connection):
        msgpack = messagepack()
        unpacker = msgpack.Unpacker(
            raw=False, unicode_errors="surrogateescape", strict_map_key=False, object_pairs_hook=Pairs, max_buffer_size=1 << 28)
        nonce, auth, waits = os.urandom(16), os.urandom(16) if self.users else b"", self.key is not None
        if waits:
            connection.sendall(msgpack.packb(["HELO", {"nonce": nonce, "auth": auth, "keepalive": self.keepalive}]))
        while data := connection.recv(1 << 18):
            unpacker.feed(data)
            for message in unpacker:
                if waits:
                    waits = False
                    if not self.admit(connection, message, nonce, auth):
                        return
                    continue
                if self.keeps:
                    with self.lock:
                        self.messages.append(message)
                options = dict(message[-1])
                if "chunk" in options and self.policy(message):
                    connection.sendall(msgpack.packb({"ack": options["chunk"]}))

    def admit(self, connection, message, nonce, auth):
        """Looks at PING and answers PONG."""
        with self.lock:
            self.visits.append(tuple(message))
        if message[0] != "PING":
            return False
        _, hostname, salt, proof, user, password = message

        def digest(*parts):
            return hashlib.sha512(b"".join(part.encode() if isinstance(part, str) else part for part in parts)).hexdigest()

        reason = "" if proof == digest(salt, hostname, nonce, self.key) else "shared_key mismatch"
        if not reason and self.users and password != digest(auth, user, self.users.get(user, "")):
            reason = "username/password mismatch"
        own = digest(salt, self.hostname, nonce, self.key) if not reason else ""
        connection.sendall(messagepack().packb(["PONG", not reason, reason, self.hostname, own]))
        return not reason

    def taken(self):
        """The messages so far."""
        with self.lock:
            return list(self.messages)

    def entries(self, inflate=None):
        """All entries so far: tag, time and record."""
        found = []
        for tag, stream, options in self.taken():
            found += [(tag, *entry) for entry in unpack_entries(inflate(stream, dict(options)) if inflate else stream)]
        return found

    def hang_up(self):
        """Cuts every connection."""
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.connections.clear()

    def end(self):
        self.stopped.set()
        if self.is_alive():
            self.join()
        self.listener.close()
        self.hang_up()
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive(), "a connection of the collector does not end"


def unpack_entries(stream):
    """The entries in a packed stream, which has to be whole."""
    unpacker = messagepack().Unpacker(
        raw=False, unicode_errors="surrogateescape", strict_map_key=False, object_pairs_hook=Pairs, max_buffer_size=1 << 28)
    unpacker.feed(stream)
    found = list(unpacker)
    assert unpacker.tell() == len(stream), (unpacker.tell(), len(stream))
    return found
