"""Outputs that send over the network, to receivers of the tests' own: some are killed, some are not to be trusted."""
import contextlib
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

from network_kit import certificates, free_port
from service_kit import Service, read_lines, wait_for

# Writes each connection (or all datagrams) to a file of its own; what it takes from the socket is in the file before.
RECEIVER = """
import os, socket, sys, threading, time
kind, address, folder = sys.argv[1:4]

def take(connection):
    with open(f"{folder}/{time.time_ns()}", "ab", buffering=0) as file:
        while True:
            data = connection.recv(65536, socket.MSG_PEEK)
            if not data:
                return connection.close()
            file.write(data)
            connection.recv(len(data))

if kind == "tcp":
    server = socket.create_server(("127.0.0.1", int(address)))
elif kind == "unix":
    if os.path.exists(address):
        os.unlink(address)
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
print("ready", flush=True)
while True:
    threading.Thread(target=take, args=[server.accept()[0]], daemon=True).start()
"""


class Receiver:
    """A receiver in a process of its own, which is killed as a power cut would."""

    def __init__(self, folder, kind, address):
        self.folder = pathlib.Path(folder) / "received"
        self.folder.mkdir(exist_ok=True)
        self.arguments = [sys.executable, "-c", RECEIVER, kind, str(address), str(self.folder)]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def connections(self):
        """The whole lines of each connection, in the order of the connections."""
        return [lines for lines in (read_lines(path) for path in sorted(self.folder.iterdir())) if lines]


def forwarder(folder, output, lines="", source="format: plain", more=""):
    """The service that follows a file and sends it on; not started."""
    (folder / "in.log").write_text(lines)
    return Service(folder, f"inputs:\n  log: {{ type: file, include: [in.log], {source} }}\nrules: [pass.lua]\n"
                   f"outputs:\n  net: {{ {output} }}\n{more}", {"pass.lua": "function process(event) end\n"})


def own(service):
    """The counters of the output."""
    return next(output for output in service.status()["outputs"] if output["name"] == "net")


def number_of(line):
    return int(line.split(b" ")[0])


# -- receivers that are killed ----------------------------------------------------------------------------------------


def kill_under_load(folder, kind, address, target, kills):
    """Nothing is lost while the receiver is killed and started again; each connection is in order."""
    receiver = Receiver(folder, kind, address)
    service = forwarder(
        folder, f'type: {kind}, address: "{target}", encoding: "text:{{message}}", buffer: {{ type: disk }}, '
        "retry: { initial: 10ms, max: 100ms }")
    stop = threading.Event()
    written = 0

    def write():
        nonlocal written
        with open(folder / "in.log", "a", buffering=1 << 16) as file:
            while not stop.wait(0.005):
                for _ in range(40):
                    file.write(f"{written} {'z' * (written % 400)}\n")
                    written += 1
                file.flush()

    writer = threading.Thread(target=write)
    receiver.start()
    service.start()
    writer.start()
    try:
        for turn in range(kills):
            time.sleep(0.05 + 0.02 * (turn % 5))
            receiver.kill()
            time.sleep(0.01 * (turn % 4))
            receiver.start()
        stop.set()
        writer.join()
        seen = lambda: {number_of(line) for lines in receiver.connections() for line in lines}
        try:
            wait_for(lambda: len(seen()) == written, 60, "every line")
        except AssertionError as fault:
            missing = sorted(set(range(written)) - seen())
            raise AssertionError(f"{fault}: {len(missing)} of {written} are missing: {missing[:5]}; {service.said()}") from None
        counters = own(service)
        total = 0
        for lines in receiver.connections():
            numbers = [number_of(line) for line in lines]
            total += len(numbers)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a connection has a gap or is out of order"
            for line in lines:
                assert len(line) == len(str(number_of(line))) + 1 + number_of(line) % 400, line
        assert len(receiver.connections()) >= kills * 2 // 3, "hardly any receiver got something before its death"
        assert counters["connections_broken"] > 0 and counters["connects"] > kills // 2, counters
        # What came twice is what was sent again.
        assert total - written <= counters["resent_records"], (total, written, counters)
        service.stop()
    finally:
        stop.set()
        service.end()
        receiver.kill()


def test_a_tcp_receiver_is_killed_fifty_times_and_nothing_is_lost(folder):
    port = free_port()
    kill_under_load(folder, "tcp", port, f"tcp://127.0.0.1:{port}", 50)


def test_a_unix_receiver_is_killed_and_nothing_is_lost(folder):
    kill_under_load(folder, "unix", folder / "r.sock", f"unix:{folder}/r.sock", 20)


def test_an_output_waits_for_its_receiver_and_survives_a_restart_of_sluice(folder):
    port = free_port()
    lines = "".join(f"{number} x\n" for number in range(20_000))
    service = forwarder(
        folder, f'type: tcp, address: "tcp://127.0.0.1:{port}", encoding: "text:{{message}}", buffer: {{ type: disk }}, '
        "retry: { initial: 10ms, max: 100ms }", lines)
    receiver = Receiver(folder, "tcp", port)
    try:
        service.start()
        wait_for(lambda: own(service)["state"] == "failing", what="the failure")
        assert own(service)["last_error"] == f"cannot connect to tcp://127.0.0.1:{port}: connection refused; nobody listens there"
        wait_for(lambda: own(service)["disk_buffer"]["events"] == 20_000, what="the buffer")
        service.stop()
        receiver.start()
        service.start()
        wait_for(lambda: sum(map(len, receiver.connections())) == 20_000, what="everything")
        assert [number_of(line) for lines in receiver.connections() for line in lines] == list(range(20_000))
        metrics = subprocess.run(
            ["curl", "-sf", "--max-time", "10", "--unix-socket", folder / "data" / "control.sock", "http://localhost/metrics"],
            capture_output=True, text=True, timeout=20)
        assert metrics.returncode == 0, metrics
        assert 'sluice_output_connects_total{output="net"} 1' in metrics.stdout.splitlines(), metrics.stdout
        service.stop()
    finally:
        service.end()
        receiver.kill()


# -- TLS ------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def tls_server(folder, certificate, client_ca=None):
    """Reads what comes over TLS and counts the bytes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    if client_ca:
        context.load_verify_locations(folder / f"{client_ca}.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    listening = socket.create_server(("127.0.0.1", 0))
    got = bytearray()

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection = listening.accept()[0]
                with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as stream:
                    while data := stream.recv(65536):
                        got.extend(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], got
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def over_tls(folder, name, options, certificate="server", client_ca=None, expected=None, host="localhost"):
    """One way of trusting the receiver: what arrives, or what is said."""
    below = folder / name
    below.mkdir()
    with tls_server(folder, certificate, client_ca) as (port, got):
        service = forwarder(
            below, f'type: tcp, address: "tls://{host}:{port}", tls: {{ {options} }}, encoding: "text:{{message}}"', "hello\n")
        try:
            service.start()
            if expected is None:
                wait_for(lambda: bytes(got) == b"hello\n", what=f"the line ({name}; {service.said()})")
            else:
                wait_for(lambda: own(service)["state"] == "failing", what=f"the failure ({name})")
                assert own(service)["last_error"] == f"cannot connect to tls://{host}:{port}: {expected}", own(service)["last_error"]
                assert not got
        finally:
            service.end()


def test_receivers_over_tls_are_trusted_as_configured(folder):
    certificates(folder)
    ca = f'ca: "{folder}/ca.pem"'
    shown = f'certificate: "{folder}/client.pem", key: "{folder}/client.key"'
    over_tls(folder, "plain", ca)
    over_tls(folder, "shown", f"{ca}, {shown}", client_ca="ca")
    over_tls(folder, "other-name", f"{ca}, server_name: localhost", host="127.0.0.1")
    over_tls(folder, "any", "verify: false", certificate="stranger")
    over_tls(
        folder, "unknown", f'ca: "{folder}/other-ca.pem"',
        expected=f"the peer's certificate for `localhost` does not lead to an authority in `{folder}/other-ca.pem` (`tls.ca`)")
    over_tls(
        folder, "wrong-name", f"{ca}, server_name: logs.example.org",
        expected="the peer's certificate is for `localhost`, and not for `logs.example.org`; `tls.server_name` says which name is expected")
    over_tls(
        folder, "not-shown", ca, client_ca="ca", expected="the peer wants a certificate from us; set `tls.certificate` and `tls.key`")
