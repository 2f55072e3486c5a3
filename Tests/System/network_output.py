"""Outputs that send over the network: to receivers of the tests' own that are killed, and to rsyslog and syslog-ng as Debian ships them."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from network_kit import certificates, free_port, programs
from network_relays import running
from service_kit import Service, read_lines, wait_for

COUNT = 3_000

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
        # What came twice is what was sent again, or what a connection broke in.
        assert total - written <= counters["resent_records"] + counters["connects"] * 20_000, (total, written, counters)
        if total > written + counters["connects"] * 10_000:
            assert counters["resent_records"] > 0, counters
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
            ["curl", "-s", "--unix-socket", folder / "data" / "control.sock", "http://localhost/metrics"], capture_output=True, text=True)
        if metrics.returncode == 0 and metrics.stdout:
            assert 'sluice_output_connects_total{output="net"} 1' in metrics.stdout, metrics.stdout
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
            below, f'type: tcp, address: "tls://{host}:{port}", tls: {{ {options} }}, framing: newline, encoding: "text:{{message}}"', "hello\n")
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
        expected="the peer's certificate is not trusted: it has expired, is not valid yet, or was not signed by an authority in `tls.ca` "
        "(by default, one that the system trusts)")
    over_tls(
        folder, "wrong-name", f"{ca}, server_name: logs.example.org",
        expected="the peer's certificate is for another name; `tls.server_name` says which one is expected")
    over_tls(
        folder, "not-shown", ca, client_ca="ca", expected="the peer wants a certificate from us; set `tls.certificate` and `tls.key`")


# -- rsyslog and syslog-ng ------------------------------------------------------------------------------------------------


def messages():
    """RFC 5424 messages and their fields, as both receivers write them."""
    wanted = []
    for number in range(COUNT):
        text = f"{number} {'y' * (number % 250)} [b] \"q\" caf\u00e9"
        wanted.append((f"2026-10-09T22:33:{number % 60:02}.{number:06}+00:00", f"host{number % 7}", f"app{number % 5}", str(number), f"ID{number % 3}",
                       ("local0", "auth", "daemon")[number % 3], ("info", "err", "warning", "debug")[number % 4],
                       f'[x@1 n="{number}"]', text))
    facilities = {"local0": 16, "auth": 4, "daemon": 3}
    severities = {"info": 6, "err": 3, "warning": 4, "debug": 7}
    lines = "".join(
        f"<{facilities[facility] * 8 + severities[severity]}>1 {time_.replace('+00:00', 'Z')} {host} {app} {process} {message} {data} {text}\n"
        for time_, host, app, process, message, facility, severity, data, text in wanted)
    return lines, wanted


def expect_in(relay, folder, output, options=""):
    """What Sluice sends is what the receiver writes, field by field."""
    lines, wanted = messages()
    service = forwarder(folder, f"type: syslog, {output}, retry: {{ initial: 10ms, max: 100ms }}", lines, "format: rfc5424")
    with relay as process:
        try:
            service.start()
            try:
                wait_for(lambda: len(read_lines(folder / "got")) >= COUNT, 60, "all messages")
            except AssertionError as fault:
                raise AssertionError(f"{fault}; there are {len(read_lines(folder / 'got'))}; {service.said()}") from None
            service.stop()
            found = [tuple(line.decode().split("\t")) for line in read_lines(folder / "got")]
            assert len(found) == COUNT, len(found)
            for fields, expected in zip(found, wanted, strict=True):
                fields = (fields[0].replace("Z", "+00:00"), *fields[1:8], fields[8].removeprefix(" "))
                assert fields == expected, (fields, expected)
            assert process.poll() is None
        finally:
            service.end()


@contextlib.contextmanager
def rsyslog(folder, source, settings=""):
    """rsyslog that writes the fields of what it receives, started and listening."""
    program = programs()
    (folder / "state").mkdir()
    fields = "\\t".join(f"%{name}%" for name in (
        "timestamp:::date-rfc3339", "hostname", "app-name", "procid", "msgid", "syslogfacility-text", "syslogseverity-text",
        "structured-data", "msg"))
    (folder / "relay.conf").write_text(
        f'global(workDirectory="{folder}/state" maxMessageSize="64k" {settings})\n'
        f'template(name="fields" type="string" string="{fields}\\n")\n{source}\n'
        f'action(type="omfile" file="{folder}/got" template="fields")\n')
    command = [program.program("rsyslogd"), "-n", "-C", "-i", folder / "state" / "pid", "-M", program.modules("usr/lib/*/rsyslog"),
               "-f", folder / "relay.conf"]
    with running(command, folder, {**program.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"}) as process:
        wait_for(lambda: (folder / "state" / "pid").exists(), what="rsyslog")
        yield process


def test_rsyslog_gets_every_message_over_tcp_by_lines_and_octet_counts(folder):
    for framing in ("newline", "octet_counting"):
        below = folder / framing
        below.mkdir()
        port = free_port()
        expect_in(
            rsyslog(below, f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}")'), below,
            f'address: "tcp://127.0.0.1:{port}", framing: {framing}')


def test_rsyslog_gets_every_message_over_udp(folder):
    port = free_port(socket.SOCK_DGRAM)
    expect_in(
        rsyslog(folder, f'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{port}" rcvbufSize="4m")'), folder,
        f'address: "udp://127.0.0.1:{port}", rate_limit: 3000')


def test_rsyslog_gets_every_message_over_tls(folder):
    certificates(folder)
    for driver in ("gtls", "ossl"):
        below = folder / driver
        below.mkdir()
        port = free_port()
        settings = (f'defaultNetstreamDriver="{driver}" defaultNetstreamDriverCAFile="{folder}/ca.pem" '
                    f'defaultNetstreamDriverCertFile="{folder}/server.pem" defaultNetstreamDriverKeyFile="{folder}/server.key"')
        source = (f'module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="x509/name" '
                  f'permittedPeer=["sender.example.org"])\ninput(type="imtcp" address="127.0.0.1" port="{port}")')
        expect_in(
            rsyslog(below, source, settings), below,
            f'address: "tls://localhost:{port}", tls: {{ ca: "{folder}/ca.pem", certificate: "{folder}/client.pem", '
            f'key: "{folder}/client.key" }}')


def test_rsyslog_gets_every_message_on_a_unix_socket(folder):
    expect_in(
        rsyslog(folder, 'module(load="imuxsock" sysSock.use="off")\n'
                f'input(type="imuxsock" socket="{folder}/log" useSpecialParser="off" parseHostname="on" useSysTimeStamp="off" '
                'rateLimit.interval="0" createPath="on")'), folder, f'address: "unixgram:{folder}/log"')


@contextlib.contextmanager
def syslog_ng(folder, source):
    """syslog-ng that writes the fields of what it receives."""
    program = programs()
    fields = "\\t".join(["$ISODATE", "$HOST", "$PROGRAM", "$PID", "$MSGID", "$FACILITY", "$LEVEL", "$SDATA", "$MSG"])
    (folder / "relay.conf").write_text(
        "@version: 3.38\noptions { keep-hostname(yes); use-dns(no); frac-digits(6); keep-timestamp(yes); log-msg-size(65536); };\n"
        f"source sluice {{ {source} }};\n"
        f'destination got {{ file("{folder}/got" template("{fields}\\n") time-zone("+00:00") frac-digits(6)); }};\n'
        "log { source(sluice); destination(got); flags(flow-control); };\n")
    command = [program.program("syslog-ng"), "--foreground", "--no-caps", "--cfgfile", folder / "relay.conf", "--persist-file",
               folder / "persist", "--pidfile", folder / "pid", "--control", folder / "control", "--module-path",
               program.modules("usr/lib/syslog-ng/3.*")]
    with running(command, folder, {**program.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"}) as process:
        wait_for(lambda: (folder / "control").exists(), what="syslog-ng")
        yield process


def test_syslog_ng_gets_every_message_over_tcp_by_lines_and_octet_counts(folder):
    for framing, driver in (("newline", 'network(ip(127.0.0.1) port({}) transport("tcp") flags(syslog-protocol));'),
                            ("octet_counting", 'syslog(ip(127.0.0.1) port({}) transport("tcp"));')):
        below = folder / framing
        below.mkdir()
        port = free_port()
        expect_in(syslog_ng(below, driver.format(port)), below, f'address: "tcp://127.0.0.1:{port}", framing: {framing}')


def test_syslog_ng_gets_every_message_over_udp(folder):
    port = free_port(socket.SOCK_DGRAM)
    expect_in(
        syslog_ng(folder, f'network(ip(127.0.0.1) port({port}) transport("udp") flags(syslog-protocol) so-rcvbuf(4194304));'), folder,
        f'address: "udp://127.0.0.1:{port}", rate_limit: 3000')


def test_syslog_ng_gets_every_message_over_tls(folder):
    certificates(folder)
    port = free_port()
    expect_in(
        syslog_ng(folder, f'syslog(ip(127.0.0.1) port({port}) transport("tls") tls(key-file("{folder}/server.key") '
                  f'cert-file("{folder}/server.pem") ca-file("{folder}/ca.pem") peer-verify(required-trusted)));'), folder,
        f'address: "tls://localhost:{port}", tls: {{ ca: "{folder}/ca.pem", certificate: "{folder}/client.pem", '
        f'key: "{folder}/client.key" }}')


def test_syslog_ng_gets_every_message_on_unix_sockets_of_both_kinds(folder):
    for scheme, driver in (("unix", "unix-stream"), ("unixgram", "unix-dgram")):
        below = folder / scheme
        below.mkdir()
        expect_in(syslog_ng(below, f'{driver}("{below}/log" flags(syslog-protocol));'), below, f'address: "{scheme}:{below}/log"')
