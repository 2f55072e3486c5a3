"""Pull mode with the built program on both sides, and each side against another one written by hand from the protocol's text."""
import contextlib
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import threading
import time

from service_examples import copy_of
from service_kit import SLUICE, Service, read_lines, wait_for

HEARTBEAT = 0x07


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Host:
    """`sluice serve-files` with the files of a folder."""

    def __init__(self, folder, *files, port=None, options=(), address="tcp://127.0.0.1:{port}", heartbeat="1s"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.arguments = ["--listen", address.format(port=self.port), "--rotate-wait", "50ms", "--heartbeat", heartbeat, *options, *map(str, files)]
        self.process = None

    def start(self):
        self.log = open(self.folder / "host.log.txt", "ab")
        self.process = subprocess.Popen([SLUICE, "serve-files", *self.arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        wait_for(self.is_listening, what="the host")
        return self

    def is_listening(self):
        assert self.process.poll() is None, self.said()
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        with contextlib.suppress(OSError), socket.create_connection(("::1", self.port)):
            return True
        return False

    def said(self):
        return (self.folder / "host.log.txt").read_text(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, self.said()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Reader:
    """A reader written by hand: asks, and keeps what came with its times."""

    def __init__(self, port, request, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.sendall(request)
        self.data = b""
        self.chunks = []
        self.is_closed = False

    def read(self, seconds):
        """Reads for so long, or to the end."""
        end = time.monotonic() + seconds
        while not self.is_closed:
            rest = end - time.monotonic()
            if rest <= 0 or not select.select([self.socket], [], [], rest)[0]:
                return self
            try:
                chunk = self.socket.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                self.is_closed = True
            else:
                self.chunks.append((time.monotonic(), chunk))
                self.data += chunk
        return self

    def until(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < end, (self.data[-200:], self.is_closed)
            self.read(0.05)
        return self

    def answer(self):
        """Status, inode, and the bytes behind the line."""
        self.until(lambda reader: b"\n" in reader.data or reader.is_closed)
        line, _, rest = self.data.partition(b"\n")
        status, _, words = line.decode().partition(" ")
        return status, words, rest

    def close(self):
        self.socket.close()


def ask(host, request):
    """An answer, and everything that follows at once."""
    reader = Reader(host.port, request)
    reader.answer()
    reader.read(0.2)
    answer = reader.answer()
    reader.close()
    return answer


def inode(path):
    return os.stat(path).st_ino


# -- the host, byte by byte ---------------------------------------------------------------------------------------------


def test_the_host_speaks_the_line_protocol(folder):
    log = folder / "messages"
    log.write_bytes(b"one\ntwo\n")
    host = Host(folder, log).start()
    try:
        name = str(log).encode()
        number = inode(log)
        assert ask(host, name + b"\n") == ("O", str(number), b"one\ntwo\n")
        assert ask(host, b"%s %d 4\n" % (name, number)) == ("O", str(number), b"two\n")
        assert ask(host, b"%s %d 8\n" % (name, number)) == ("O", str(number), b"")
        assert ask(host, b"%s %d 9\n" % (name, number)) == ("L", str(number), b"one\ntwo\n"), "it is shorter than the offset"
        assert ask(host, b"%s 1 0\n" % name) == ("L", str(number), b"one\ntwo\n"), "there is no such inode"
        # It grows while it is read.
        reader = Reader(host.port, name + b"\n")
        reader.until(lambda reader: reader.data.endswith(b"two\n"))
        for number in range(100):
            with open(log, "ab") as file:
                file.write(b"%d\n" % number)
        reader.until(lambda reader: reader.data.endswith(b"\n99\n"))
        assert reader.data.partition(b"\n")[2] == log.read_bytes()
        host.stop()
        assert reader.read(5).is_closed
    finally:
        host.end()


def test_the_host_follows_rotation_truncation_and_deletion(folder):
    log, older, oldest = folder / "messages", folder / "messages.1", folder / "messages.2"
    log.write_bytes(b"one\n")
    host = Host(folder, log).start()
    try:
        name, first = str(log).encode(), inode(log)
        reader = Reader(host.port, name + b"\n").until(lambda reader: reader.data.endswith(b"one\n"))
        os.rename(log, older)
        with open(older, "ab") as file:
            file.write(b"late\n")
        time.sleep(0.3)
        assert not reader.read(0).is_closed, "nothing has taken its place yet"
        log.write_bytes(b"two\n")
        reader.until(lambda reader: reader.is_closed)
        assert reader.data.endswith(b"one\nlate\n")
        second = inode(log)
        # The old inode is found under its new name; from its end on the next younger file is answered.
        assert ask(host, b"%s %d 4\n" % (name, first)) == ("O", str(first), b"late\n")
        assert ask(host, b"%s %d 9\n" % (name, first)) == ("O", str(second), b"two\n")
        os.rename(older, oldest)
        os.rename(log, older)
        log.write_bytes(b"three\n")
        third = inode(log)
        time.sleep(0.2)
        assert ask(host, b"%s %d 9\n" % (name, first)) == ("O", str(second), b"two\n"), "the next younger one, not the youngest"
        assert ask(host, b"%s %d 4\n" % (name, second)) == ("O", str(third), b"three\n")
        # Truncation.
        reader = Reader(host.port, b"%s %d 6\n" % (name, third)).until(lambda reader: b"\n" in reader.data)
        os.truncate(log, 0)
        reader.until(lambda reader: reader.is_closed)
        log.write_bytes(b"four\n")
        assert ask(host, b"%s %d 6\n" % (name, third))[:2] == ("L", str(third))
        # Deletion.
        reader = Reader(host.port, b"%s %d 5\n" % (name, inode(log))).until(lambda reader: b"\n" in reader.data)
        os.unlink(log)
        time.sleep(0.2)
        log.write_bytes(b"five\n")
        reader.until(lambda reader: reader.is_closed)
        assert ask(host, b"%s %d 5\n" % (name, third)) == ("L", str(inode(log)), b"five\n")
        os.unlink(log)
        assert ask(host, name + b"\n")[0] == "E"
    finally:
        host.end()


def test_heartbeats_come_alone_and_data_never_looks_like_one(folder):
    log = folder / "log"
    log.write_bytes(b"one\n")
    host = Host(folder, "log", heartbeat="300ms").start()
    try:
        reader = Reader(host.port, b"log\n").read(2)
        beats = [chunk for _, chunk in reader.chunks if chunk == bytes([HEARTBEAT])]
        assert 4 <= len(beats) <= 7, reader.chunks
        assert reader.data.replace(bytes([HEARTBEAT]), b"").endswith(b"one\n")
        times = [when for when, chunk in reader.chunks]
        for (before, _), (after, chunk) in zip(reader.chunks, reader.chunks[1:]):
            if chunk == bytes([HEARTBEAT]):
                assert after - before >= 0.25, (before, after)
        # Data behind a heartbeat does not hang on to it.
        reader.until(lambda reader: time.monotonic() - reader.chunks[-1][0] < 0.02)
        with open(log, "ab") as file:
            file.write(b"two\n")
        reader.until(lambda reader: reader.data.endswith(b"two\n"))
        assert reader.chunks[-1][1] == b"two\n", reader.chunks[-3:]
        # A byte of the file that looks like one, behind a long silence: the reader is made to ask again.
        del times
        reader.close()
        reader = Reader(host.port, b"log %d 8\n" % inode(log)).until(lambda reader: b"\n" in reader.data)
        reader.read(0.22)
        with open(log, "ab") as file:
            file.write(bytes([HEARTBEAT]))
        reader.until(lambda reader: reader.is_closed)
        assert reader.data == b"O %d\n" % inode(log), reader.data
        assert ask(host, b"log %d 8\n" % inode(log))[2][:1] == bytes([HEARTBEAT])
    finally:
        host.end()


def test_only_what_is_named_can_be_read_by_whom_it_is_for(folder):
    (folder / "log").write_bytes(b"log\n")
    (folder / "secret").write_bytes(b"secret\n")
    os.symlink(folder / "secret", folder / "log.1")
    os.mkfifo(folder / "log.2")
    host = Host(folder, "log").start()
    try:
        for name in (b"secret", b"./log", b"log/../secret", b"../log", str(folder / "secret").encode(), b"/etc/shadow", b"log.1", b"", b"log\0"):
            status, words, rest = ask(host, name + b"\n")
            assert status == "E" and rest == b"", (name, status, words, rest)
        assert ask(host, b"log %d 0\n" % inode(folder / "secret")) == ("L", str(inode(folder / "log")), b"log\n")
        assert ask(host, b"log %d 0\n" % inode(folder / "log.2")) == ("L", str(inode(folder / "log")), b"log\n")
        # Nonsense costs nobody anything.
        assert ask(host, b"x" * 100_000)[0] == "E"
        assert ask(host, bytes(range(256)) * 50)[0] == "E"
        Reader(host.port, b"lo").close()
        assert ask(host, b"log\n") == ("O", str(inode(folder / "log")), b"log\n")
        assert "is not served here" in host.said()
    finally:
        host.end()
    (folder / "token").write_text("open sesame\n")
    host = Host(folder, "log", options=("--token-file", "token")).start()
    try:
        number = str(inode(folder / "log"))
        assert ask(host, b"log\n") == ("E", "a token is needed", b"")
        started = time.monotonic()
        assert ask(host, b"TOKEN open\nlog\n") == ("E", "wrong token", b"")
        assert time.monotonic() - started >= 0.9, "guessing is slow"
        assert ask(host, b"TOKEN open sesame\nlog\n") == ("O", number + " 4", b"log\n")
        assert "open sesame" not in host.said()
    finally:
        host.end()
    host = Host(folder, "log", options=("--allow", "192.0.2.0/24", "--allow", "2001:db8::/32"))
    host.log = open(folder / "host.log.txt", "ab")
    try:
        host.process = subprocess.Popen([SLUICE, "serve-files", *host.arguments], cwd=folder, stdout=host.log, stderr=host.log)
        wait_for(lambda: f":{host.port}" in host.said(), what="the host")
        reader = Reader(host.port, b"log\n").read(5)
        assert reader.is_closed and reader.data == b""
    finally:
        host.end()


def test_the_host_listens_on_ipv6_and_says_what_it_cannot(folder):
    (folder / "log").write_bytes(b"log\n")
    port = free_port(socket.AF_INET6, "::1")
    host = Host(folder, "log", port=port, address="tcp://[::1]:{port}").start()
    try:
        assert Reader(port, b"log\n", host="::1").answer() == ("O", str(inode(folder / "log")), b"log\n")

        def fails(status, words, *arguments):
            result = subprocess.run([SLUICE, "serve-files", *arguments], cwd=folder, capture_output=True, text=True, timeout=30)
            assert result.returncode == status and words in result.stderr, (arguments, result.returncode, result.stderr)

        fails(73, "address already in use", "--listen", f"tcp://[::1]:{port}", "log")
        fails(64, "nothing says which of them may read; add `--allow", "--listen", "tcp://0.0.0.0:0", "log")
        fails(66, "cannot read `nowhere`", "--listen", "tcp://127.0.0.1:0", "--token-file", "nowhere", "log")
        fails(66, "nowhere.pem", "--listen", "tcp://127.0.0.1:0", "--tls-certificate", "nowhere.pem", "log")
    finally:
        host.end()


# -- both sides ---------------------------------------------------------------------------------------------------------


CONFIGURATION = """
inputs:
  pull:
    type: fetch
    hosts: ["{address}"]
    files: [{files}]
    format: plain
    heartbeat: {heartbeat}
    reconnect_initial: 50ms
    reconnect_max: 500ms
    status_dir: status
    {more}
outputs: {{ main: {{ type: file, path: main.txt, encoding: "text:{{message}}" }} }}
"""


def collector(folder, address, files="log", heartbeat="1s", more=""):
    return Service(folder / "collector", CONFIGURATION.format(address=address, files=files, heartbeat=heartbeat, more=more))


def collected(service):
    return [line.decode() for line in read_lines(service.folder / "main.txt")]


class Writer(threading.Thread):
    """Writes numbered lines to `log`, cut anywhere, and rotates it by `turn` now and then; stops when told."""

    def __init__(self, folder, turn, seed=1, turns_every=0.15, prefix=""):
        super().__init__()
        self.path = pathlib.Path(folder) / "log"
        self.turn, self.prefix, self.turns_every = turn, prefix, turns_every
        self.random = random.Random(seed)
        self.stopped = threading.Event()
        self.next = 0
        self.turns = 0

    def run(self):
        file = open(self.path, "ab", buffering=0)
        turned = time.monotonic()
        while not self.stopped.is_set():
            numbers = range(self.next, self.next + self.random.randrange(1, 300))
            data = b"".join(b"%s%d a line as long as lines are\n" % (self.prefix.encode(), number) for number in numbers)
            cut = self.random.randrange(len(data))
            file.write(data[:cut])
            file.write(data[cut:])
            self.next = numbers.stop
            if time.monotonic() - turned > self.turns_every * (0.5 + self.random.random()):
                self.turns += 1
                file = self.turn(self, file)
                turned = time.monotonic()
            self.stopped.wait(0.004)
        file.close()

    def finish(self):
        self.stopped.set()
        if self.ident:
            self.join()
        return [f"{self.prefix}{number} a line as long as lines are" for number in range(self.next)]


def renamed(writer, file):
    """As logrotate does: a line or two are still written to the old one."""
    numbers = range(writer.next, writer.next + 3)
    os.rename(writer.path, f"{writer.path}.{20260000 + writer.turns}")
    fresh = open(writer.path, "ab", buffering=0)
    file.write(b"".join(b"%s%d a line as long as lines are\n" % (writer.prefix.encode(), number) for number in numbers))
    writer.next = numbers.stop
    file.close()
    return fresh


def start_reading(service, writer):
    """The collector has its place before the first rotation: what was rotated before that nobody has promised."""
    service.start()
    wait_for(lambda: service.status()["inputs"][0]["positions"], what="the first position")
    writer.start()


def test_rotation_under_load_loses_and_doubles_nothing(folder):
    (folder / "host").mkdir()
    writer = Writer(folder / "host", renamed)
    writer.path.write_bytes(b"")
    host = Host(folder / "host", "log").start()
    service = collector(folder, f"tcp://127.0.0.1:{host.port}")
    try:
        start_reading(service, writer)
        wait_for(lambda: writer.turns >= 20, 60, "twenty rotations")
        lines = writer.finish()
        wait_for(lambda: len(collected(service)) >= len(lines), 60, "the last line")
        wait_for(lambda: service.ledger()["in_flight"] == 0, what="an empty pipeline")
        assert collected(service) == lines
        status = service.status()["inputs"][0]
        assert "places_lost" not in status, status
        host_status = wait_for(lambda: [h for h in service.status()["inputs"][0]["hosts"] if h["bytes_behind"] == 0], what="all")[0]
        assert host_status["state"] == "ok" and host_status["complete_to"], host_status
        service.stop()
        print(f"       {len(lines)} lines, {writer.turns} rotations")
    finally:
        writer.finish()
        service.end()
        host.end()


def test_both_sides_killed_twenty_times_every_line_arrives(folder):
    """At least once whatever dies, in the order of the file; what came twice is counted as replayed."""
    (folder / "host").mkdir()
    writer = Writer(folder / "host", renamed, seed=3, turns_every=0.4)
    writer.path.write_bytes(b"")
    host = Host(folder / "host", "log").start()
    service = collector(folder, f"tcp://127.0.0.1:{host.port}")
    choice = random.Random(11)
    replayed = 0
    try:
        start_reading(service, writer)
        for number in range(20):
            time.sleep(choice.random() * 0.4)
            if number % 2:
                replayed += service.ledger()["replayed"]
                service.kill()
                service.start()
            else:
                host.kill()
                time.sleep(choice.random() * 0.2)
                host.start()
        lines = writer.finish()
        wait_for(lambda: set(collected(service)) >= set(lines), 60, "every line")
        wait_for(lambda: service.ledger()["in_flight"] == 0, what="an empty pipeline")
        replayed += service.ledger()["replayed"]
        got = collected(service)
        assert set(got) == set(lines)
        assert list(dict.fromkeys(got)) == lines, "in order, when repetitions are left out"
        doubles = len(got) - len(lines)
        print(f"       {len(lines)} lines, {doubles} twice, {replayed} counted as replayed, {writer.turns} rotations")
        assert doubles <= replayed, (doubles, replayed)
        assert "may be lost" not in service.said()
        service.stop()
    finally:
        writer.finish()
        service.end()
        host.end()


def copied(writer, file):
    """As `copytruncate` does: a copy, then the file is cut. The writer waits meanwhile, so that nothing falls in between."""
    data = writer.path.read_bytes()
    pathlib.Path(f"{writer.path}.{20260000 + writer.turns}").write_bytes(data)
    # What the reader has not got by now is in the copy alone.
    writer.caught_up()
    os.truncate(writer.path, 0)
    return file


def test_copytruncate_is_followed(folder):
    (folder / "host").mkdir()
    writer = Writer(folder / "host", copied, seed=5, turns_every=0.3)
    host = Host(folder / "host", "log").start()
    service = collector(folder, f"tcp://127.0.0.1:{host.port}")
    writer.caught_up = lambda: wait_for(lambda: len(collected(service)) >= writer.next, what="a reader that has everything")
    try:
        writer.start()
        service.start()
        wait_for(lambda: writer.turns >= 6, 60, "six rotations")
        lines = writer.finish()
        wait_for(lambda: len(collected(service)) >= len(lines), 60, "the last line")
        assert collected(service) == lines
        assert service.status()["inputs"][0]["places_lost"] == writer.turns
        assert "was truncated after" in service.said()
        service.stop()
    finally:
        writer.finish()
        service.end()
        host.end()


def test_deletion_and_a_host_that_lost_the_inode_are_told(folder):
    log = folder / "host" / "log"
    log.parent.mkdir()
    log.write_text("one\n")
    host = Host(folder / "host", "log").start()
    service = collector(folder, f"tcp://127.0.0.1:{host.port}")
    try:
        service.start()
        wait_for(lambda: collected(service) == ["one"], what="the first line")
        with open(log, "a") as file:
            file.write("two\n")
            os.unlink(log)
        wait_for(lambda: collected(service) == ["one", "two"], what="the line of a deleted file")
        log.write_text("three\n")
        wait_for(lambda: collected(service) == ["one", "two", "three"], what="the next file")
        wait_for(lambda: service.ledger()["in_flight"] == 0, what="an empty pipeline")
        service.stop()
        os.rename(log, log.with_name("somewhere-else"))
        log.write_text("four\n")
        service.start()
        wait_for(lambda: collected(service)[-1:] == ["four"], what="the line of another file")
        assert "the host has no file with inode" in service.said() and "may be lost" in service.said()
        assert service.status()["inputs"][0]["places_lost"] == 1
        service.stop()
    finally:
        service.end()
        host.end()


def test_the_state_of_hosts_is_in_status_metrics_and_a_file(folder):
    log = folder / "host" / "log"
    log.parent.mkdir()
    log.write_text("one\n")
    host = Host(folder / "host", "log", heartbeat="400ms").start()
    service = collector(folder, f"tcp://127.0.0.1:{host.port}", heartbeat="400ms")
    path = service.folder / "status" / f"127.0.0.1_{host.port}.json"

    def state():
        return json.loads(path.read_text()) if path.exists() else {}

    try:
        service.start()
        found = wait_for(lambda: state().get("bytes_behind") == 0 and state(), what="a complete host")
        assert (found["state"], found["host"], found["last_error"]) == ("ok", f"tcp://127.0.0.1:{host.port}", None), found
        assert found["files"][0]["inode"] == inode(log) and found["files"][0]["offset"] == 4, found
        host.stop()
        found = wait_for(lambda: state()["state"] == "failing" and state(), what="a failing host")
        assert "connection refused" in found["last_error"] and found["bytes_behind"] is None, found
        assert service.status()["inputs"][0]["hosts"][0]["state"] == "failing"
        assert "connection refused" in service.verb("status", check=0).stdout
        host.start()
        wait_for(lambda: state()["state"] == "ok", what="a host that is back")
        assert "can be read again" in service.said()
        service.stop()
        assert state()["state"] == "stopped"
    finally:
        service.end()
        host.end()


def test_tls_and_a_token_protect_the_way(folder):
    log = folder / "host" / "log"
    log.parent.mkdir()
    log.write_text("one\n")
    run = lambda *words: subprocess.run(words, cwd=folder, check=True, capture_output=True)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
    for name in ("host", "reader"):
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
            "-days", "2", "-extfile", "names")
    (folder / "token").write_text("open sesame\n")
    options = ("--tls-certificate", folder / "host.pem", "--tls-key", folder / "host.key", "--tls-client-ca", folder / "ca.pem",
               "--token-file", folder / "token")
    host = Host(folder / "host", "log", options=tuple(map(str, options)))
    certificates = f"ca: {folder}/ca.pem, certificate: {folder}/reader.pem, key: {folder}/reader.key"
    service = collector(folder, f"tls://127.0.0.1:{host.port}", more=f"tls: {{ {certificates} }}\n    token_file: {folder}/token")
    try:
        host.start()
        service.start()
        wait_for(lambda: collected(service) == ["one"], what="the first line")
        os.rename(log, log.with_name("log.1"))
        log.write_text("two\n")
        wait_for(lambda: collected(service) == ["one", "two"], what="the line behind a rotation")
        service.stop()
        # Without a certificate, and with the wrong token.
        for more, words in ((f"tls: {{ ca: {folder}/ca.pem }}\n    token_file: {folder}/token", "certificate"),
                            (f"tls: {{ {certificates} }}\n    token: guess", "wrong token")):
            service.configure(CONFIGURATION.format(address=f"tls://127.0.0.1:{host.port}", files="log", heartbeat="1s", more=more))
            service.start()
            error = wait_for(lambda: service.status()["inputs"][0].get("hosts", [{"last_error": None}])[0]["last_error"], what="an error")
            assert words in error, error
            service.stop()
        assert "open sesame" not in host.said() + service.said()
    finally:
        service.end()
        host.end()


def test_the_fetch_example_runs_as_it_is(folder):
    copy = copy_of("fetch", folder)
    environment = {**os.environ, "SLUICE": SLUICE, "FETCH_PORT": str(free_port()), "TMPDIR": str(folder)}
    result = subprocess.run([copy / "run"], capture_output=True, text=True, timeout=120, env=environment)
    assert result.returncode == 0, (result.stdout, result.stderr)
    steps = result.stdout.split("\n== ")
    assert len(steps) == 6, result.stdout
    start, rotated, away, gone, end = steps[1:]
    assert '"host":"127.0.0.1"' in start and start.count('"level":"error"') == 3, start
    assert "lines fetched: 40" in rotated and "lines fetched: 70" in away, result.stdout
    assert "connection refused" in gone, gone
    assert end.splitlines()[1:] == ["1 to 80", "3"], end


# -- the collector against a host written by hand -----------------------------------------------------------------------


class HandHost:
    """A fetchlogs host in few lines: each connection is given to `serve(number, request, socket)`."""

    def __init__(self, serve):
        self.serve = serve
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.errors = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection, contextlib.suppress(ConnectionError, BrokenPipeError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = b""
            while not request.endswith(b"\n"):
                more = connection.recv(1000)
                if not more:
                    return
                request += more
            self.requests.append(request)
            self.serve(len(self.requests), request, connection)

    def end(self):
        self.listener.close()


def test_the_collector_keeps_the_rule_of_heartbeats(folder):
    """With an interval of 600 ms, a heartbeat is a single 0x07 behind 500 ms of silence; every other one is data and counts."""
    done = threading.Event()

    def serve(number, request, connection):
        if number > 1:
            connection.sendall(b"O 77\n")
            return done.wait(20)
        for byte in b"O 77\n":
            connection.sendall(bytes([byte]))
            time.sleep(0.01)
        connection.sendall(b"one\n")
        for _ in range(3):
            time.sleep(0.58)
            connection.sendall(b"\x07")
        time.sleep(0.2)
        connection.sendall(b"\x07")
        time.sleep(0.1)
        connection.sendall(b"\x07two\n")
        time.sleep(0.6)
        connection.sendall(b"\x07\x07\n")
        time.sleep(0.1)

    host = HandHost(serve)
    service = collector(folder, f"tcp://127.0.0.1:{host.port}", files="/var/log/messages", heartbeat="600ms")
    try:
        service.start()
        wait_for(lambda: len(host.requests) >= 2, what="a second connection")
        assert host.requests[0] == b"/var/log/messages\n"
        assert host.requests[1] == b"/var/log/messages 77 %d\n" % len(b"one\n\x07\x07two\n\x07\x07\n"), host.requests
        wait_for(lambda: len(collected(service)) == 3, what="three lines")
        assert collected(service) == ["one", "\x07\x07two", "\x07\x07"]
        service.stop()
    finally:
        done.set()
        service.end()
        host.end()


def test_the_collector_reconnects_to_a_silent_host_and_backs_off_from_a_broken_one(folder):
    def serve(number, request, connection):
        if number == 1:
            connection.sendall(b"O 5\nabc\nde")
            time.sleep(5)
        elif number == 2:
            connection.sendall(b"O 5\nf\n")
            connection.close()
        elif number < 6:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        else:
            connection.sendall(b"L 6\nother\n")
            time.sleep(20)

    host = HandHost(serve)
    service = collector(folder, f"tcp://127.0.0.1:{host.port}", heartbeat="300ms")
    try:
        started = time.monotonic()
        service.start()
        wait_for(lambda: len(host.requests) >= 6, what="six connections")
        assert host.requests[1] == b"log 5 6\n" and host.requests[2] == b"log 5 8\n", host.requests
        assert time.monotonic() - started >= 0.6
        wait_for(lambda: collected(service) == ["abc", "def", "other"], what="all lines")
        wait_for(lambda: service.ledger()["in_flight"] == 0, what="an empty pipeline")
        assert "this is no host of `fetch`: it answered `HTTP/1.1 400 Bad Request" in service.said()
        assert "may be lost" in service.said()
        service.stop()
        # The place of the first byte that is in no event.
        host.requests.clear()
        service.start()
        wait_for(lambda: host.requests, what="the next start")
        assert host.requests[0] == b"log 6 6\n", host.requests
    finally:
        service.end()
        host.end()


def test_a_restart_asks_for_the_last_whole_line(folder):
    host = HandHost(lambda number, request, connection: (connection.sendall(b"O 5\none\ntwo\nhal" if number == 1 else b"O 5\nhalf\n"), time.sleep(20)))
    service = collector(folder, f"tcp://127.0.0.1:{host.port}", heartbeat="10s")
    try:
        service.start()
        wait_for(lambda: collected(service) == ["one", "two"], what="two lines")
        wait_for(lambda: service.status()["inputs"][0]["positions"], what="a position")
        position = wait_for(lambda: [p for p in service.status()["inputs"][0]["positions"] if p["offset"] == 8], what="the position")[0]
        assert position["name"] == f"tcp://127.0.0.1:{host.port} log", position
        service.stop()
        service.start()
        wait_for(lambda: collected(service) == ["one", "two", "half"], what="the line that was cut")
        assert host.requests == [b"log\n", b"log 5 8\n"], host.requests
        service.stop()
    finally:
        service.end()
        host.end()
