"""What the network may do to the service: floods, slow peers, wrong certificates, taken ports, sockets from the service manager."""
import contextlib
import os
import pathlib
import re
import resource
import socket
import ssl
import stat
import struct
import subprocess
import threading
import time

from service_figures import anonymous_mib, cpu_seconds
from service_kit import SLUICE, Service, read_lines, wait_for

NOBODY = 65534


class Listener(Service):
    """A service with one input and one file, whose process may be held shorter than ours."""

    def __init__(self, folder, options, before=None, descriptors=()):
        super().__init__(folder, f"inputs:\n  net: {{ {options} }}\noutputs:\n  main: {{ type: file, path: out.txt, encoding: raw }}\n")
        self.before = before
        self.descriptors = descriptors

    def start(self, wait=True):
        if self.before is None and not self.descriptors:
            return super().start(wait)
        command = [SLUICE, "run", "-c", str(self.file)]
        if self.descriptors:
            # The manager's variables name the process that they are for.
            places = range(3, 3 + len(self.descriptors))
            moves = " ".join(f"{place}<&{number}" for place, number in zip(places, self.descriptors))
            command = ["bash", "-c", f'export LISTEN_PID=$$ LISTEN_FDS={len(places)}; exec "$@" {moves}', "-", *command]
        self.log = open(self.folder / "service.log", "ab")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder, env=self.environment,
            preexec_fn=self.before, pass_fds=self.descriptors)
        if wait:
            wait_for(self.is_ready, what="readiness")
        return self

    def log_text(self):
        return (self.folder / "service.log").read_text(errors="replace")

    def says(self, text, seconds=20):
        """Waits for a piece of the log."""
        wait_for(lambda: text in self.log_text(), seconds, f"`{text}` in\n{self.log_text()[-3000:]}\nwhich")

    def port(self):
        """The port that the last start was given."""
        return wait_for(lambda: [int(port) for port in re.findall(r"listening on t(?:cp|ls)://\S+:(\d+)", self.log_text())], what="a port")[-1]

    def count(self, name):
        """A counter of the input."""
        return self.status()["inputs"][0].get(name, 0)

    def counts(self, name, number, seconds=20):
        """Waits until a counter has a value."""
        wait_for(lambda: self.count(name) >= number, seconds, f"`{name}` of {number}")
        assert self.count(name) == number, (name, self.count(name))

    def delivered(self, lines, seconds=20):
        """Waits until exactly these lines came out, in any order."""
        path = self.folder / "out.txt"
        wait_for(lambda: len(read_lines(path)) >= len(lines), seconds, f"{len(lines)} lines")
        assert sorted(read_lines(path)) == sorted(lines), (len(read_lines(path)), len(lines))


@contextlib.contextmanager
def running(*arguments, **more):
    service = Listener(*arguments, **more)
    try:
        service.start()
        yield service
    finally:
        service.end()


def connect(port, source="127.0.0.1"):
    """A connection to a port of this machine, from one of its many addresses."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
    connection.settimeout(20)
    return connection


def is_closed(connection):
    """Waits until the service has closed it, whatever it says before."""
    try:
        while connection.recv(4_096):
            pass
    except ConnectionError:
        pass
    return True


# Limits


def test_a_flood_of_connections_is_refused_and_counted(folder):
    options = "type: tcp, listen: 'tcp://127.0.0.1:0', format: plain, connections_max: 200, connections_per_peer_max: 100"
    with running(folder, options) as service:
        port = service.port()
        first = [connect(port) for _ in range(150)]
        service.counts("connections_refused", 50)
        second = [connect(port, "127.0.0.2") for _ in range(100)]
        third = [connect(port, "127.0.0.3") for _ in range(20)]
        service.counts("connections_refused", 70)
        assert all(is_closed(connection) for connection in third)
        assert service.count("connections") == service.count("connections_open") == 200
        lines = []
        for number, connection in enumerate(first[:100] + second):
            lines.append(b"line %d" % number)
            connection.sendall(lines[-1] + b"\n")
        service.delivered(lines)
        for connection in first + second + third:
            connection.close()
        wait_for(lambda: service.count("connections_open") == 0, what="the end of all connections")
        again = connect(port)
        again.sendall(b"after the flood\n")
        service.delivered(lines + [b"after the flood"])
        warnings = [line for line in service.log_text().splitlines() if " warning " in line]
        assert len(warnings) <= 12, warnings
        service.stop()


def test_only_allowed_peers_get_in(folder):
    with running(folder, "type: tcp, listen: 'tcp://127.0.0.1:0', format: plain, allow: [127.0.0.2, 10.0.0.0/8]") as service:
        assert is_closed(connect(service.port(), "127.0.0.3"))
        connect(service.port(), "127.0.0.2").sendall(b"let in\n")
        service.delivered([b"let in"])
        service.counts("connections_refused", 1)
        service.says("connection of 127.0.0.3 at ")
        service.stop()


def test_slow_peers_are_closed_and_keep_nobody_waiting(folder):
    with running(folder, "type: syslog, listen: 'tcp://127.0.0.1:0', stall_timeout: 1s") as service:
        port = service.port()
        slow = [connect(port) for _ in range(100)]
        done = threading.Event()

        def drip():
            while not done.wait(0.1):
                for connection in slow:
                    with contextlib.suppress(OSError):
                        connection.send(b"x")

        for number, connection in enumerate(slow):
            connection.sendall(b"<13>Oct  9 22:33:20 host slow%d: begun" % number if number % 2 else b"500 <13>Oct  9 22:33:20 host slow: begun")
        thread = threading.Thread(target=drip)
        thread.start()
        good = connect(port)
        lines = [b"<13>Oct  9 22:33:20 host good: line %d" % number for number in range(2_000)]
        for line in lines:
            good.sendall(line + b"\n")
            if line.endswith(b"00"):
                time.sleep(0.1)
        service.counts("connections_timed_out", 100)
        done.set()
        thread.join()
        wait_for(lambda: service.count("connections_open") == 1, what="the end of the slow ones")
        got = wait_for(lambda: (found := [line for line in read_lines(folder / "out.txt") if b" good: " in line]) and len(found) == 2_000 and found)
        assert got == lines
        service.says("a frame stayed open for `stall_timeout` (1s)")
        service.stop()


def test_silent_peers_are_closed_when_that_is_wanted(folder):
    with running(folder, "type: tcp, listen: 'tcp://127.0.0.1:0', format: plain, idle_timeout: 500ms") as service:
        silent = connect(service.port())
        silent.sendall(b"one\n")
        assert is_closed(silent)
        service.delivered([b"one"])
        service.counts("connections_timed_out", 1)
        service.stop()


def test_peers_that_vanish_are_asked_for_by_the_kernel(folder):
    with running(folder, "type: tcp, listen: 'tcp://127.0.0.1:0', format: plain") as service:
        connection = connect(service.port())
        ends = (f"0100007F:{service.port():04X}", f"0100007F:{connection.getsockname()[1]:04X}")
        service.counts("connections_open", 1)
        rows = [line.split() for line in open("/proc/net/tcp")]
        timers = [row[5].split(":")[0] for row in rows if (row[1], row[2]) == ends]
        assert timers == ["02"], f"the timer of keep-alive does not run: {timers}"
        service.stop()


def test_a_lack_of_descriptors_is_said_once_and_waited_out(folder):
    def hold():
        resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))

    with running(folder, "type: tcp, listen: 'tcp://127.0.0.1:0', format: plain", before=hold) as service:
        service.says("this process may have only 150 files and connections open")
        port = service.port()
        first = connect(port)
        first.sendall(b"first\n")
        service.delivered([b"first"])
        more = [connect(port) for _ in range(250)]
        service.says("cannot accept connections: too many open files")
        before = cpu_seconds(service.process.pid)
        time.sleep(3)
        assert cpu_seconds(service.process.pid) - before < 0.6, "it spins without descriptors"
        first.sendall(b"second\n")
        service.delivered([b"first", b"second"])
        assert service.log_text().count("cannot accept connections") == 1, service.said()
        for connection in more[:200]:
            connection.close()
        service.says("accepts connections again")
        for connection in more[200:]:
            connection.sendall(b"late\n")
        service.delivered([b"first", b"second"] + [b"late"] * 50)
        service.stop()


def test_ten_thousand_idle_connections_fit_in_200_mib(folder):
    count = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + 300:
        print(f"skipped: this machine allows {hard} open files, and the test needs {count + 300}", flush=True)
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 300), hard))
    connections = []
    try:
        options = "type: syslog, listen: 'tcp://127.0.0.1:0', connections_per_peer_max: 10000"
        with running(folder, options) as service:
            port = service.port()
            before = anonymous_mib(service.process.pid)
            for number in range(count):
                connections.append(connect(port))
                # Each has sent something, some of them much at once.
                text = b"<13>Oct  9 22:33:20 host app: line %d\n" % number
                connections[-1].sendall(text * (2_000 if number % 100 == 0 else 1))
            service.counts("connections_open", count, 60)
            wait_for(lambda: service.ledger()["delivered"] == count + 1_999 * count // 100, 60, "all lines")
            time.sleep(1)
            memory = anonymous_mib(service.process.pid)
            print(f"10,000 idle connections: {memory:.0f} MiB, {before:.0f} MiB without", flush=True)
            assert memory < 200, memory
            before = cpu_seconds(service.process.pid)
            time.sleep(5)
            assert cpu_seconds(service.process.pid) - before < 0.25, "idle connections cost time"
            assert service.count("connections_refused") == 0
            started = time.monotonic()
            service.stop()
            assert time.monotonic() - started < 20
    finally:
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Addresses


def test_a_port_in_use_is_said_and_waited_for(folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        service = Listener(folder, f"type: tcp, listen: 'tcp://127.0.0.1:{port}', format: plain")
        try:
            service.start(wait=False)
            service.says(f"cannot listen on tcp://127.0.0.1:{port}: address already in use; another program (often rsyslog or syslog-ng) "
                         "listens there: stop it, or choose another port")
            other.close()
            service.says(f"listening on tcp://127.0.0.1:{port}", 60)
            connect(port).sendall(b"at last\n")
            service.delivered([b"at last"])
            service.stop()
        finally:
            service.end()


def test_what_may_not_be_listened_on_is_said(folder):
    if os.getuid() != 0:
        print("skipped: only root can become another user", flush=True)
        return
    locked = folder / "locked"
    locked.mkdir(mode=0o755)
    (folder / "data").mkdir()
    os.chmod(folder, 0o777)
    os.chown(folder / "data", NOBODY, NOBODY)
    unix, unixgram = f"unix:{locked}/app.sock", f"unixgram:{locked}/log"
    privileged = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    for address, reason in [
        *((address, f"cannot listen on {address}: permission denied; the user that sluice runs as has to be able to write to `{locked}`")
          for address in (unix, unixgram)),
        ("tcp://127.0.0.1:601", "cannot listen on tcp://127.0.0.1:601: permission denied; ports below 1024 need root or the capability "
         "CAP_NET_BIND_SERVICE (`AmbientCapabilities=CAP_NET_BIND_SERVICE` in the service's unit)"),
        (f"unix:{folder}/none/app.sock", f"cannot listen on unix:{folder}/none/app.sock: the folder `{folder}/none` does not exist"),
    ]:
        if address.startswith("tcp") and privileged <= 601:
            print("skipped in part: here everybody may listen on port 601", flush=True)
            continue
        service = Listener(folder, f"type: syslog, listen: '{address}'", before=lambda: (os.setgid(NOBODY), os.setuid(NOBODY)))
        try:
            service.start(wait=False)
            service.says(reason)
        finally:
            service.end()


def test_a_receive_buffer_of_connections_that_the_kernel_does_not_grant_is_told(folder):
    if os.getuid() != 0:
        print("skipped: only root can give capabilities away", flush=True)
        return
    most = int(pathlib.Path("/proc/sys/net/core/rmem_max").read_text())
    service = Listener(folder, f"type: tcp, listen: 'tcp://127.0.0.1:0', format: plain, receive_buffer: {most * 2}")
    service.wrapper = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    try:
        service.start()
        service.says(f"connections at tcp://127.0.0.1:{service.port()} have a receive buffer of {most} bytes instead of {most * 2}: give "
                     f"sluice the capability CAP_NET_ADMIN, or raise the limit (`sysctl net.core.rmem_max={most * 2}`)")
        connect(service.port()).sendall(b"all the same\n")
        service.delivered([b"all the same"])
        service.stop()
    finally:
        service.end()


def test_what_else_stands_at_the_path_of_a_socket_is_left_alone(folder):
    (folder / "notes").write_text("not a socket\n")
    with socket.socket(socket.AF_UNIX) as stream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        stream.bind(str(folder / "stream"))
        stream.listen()
        datagram.bind(str(folder / "datagram"))
        for number, (address, reason) in enumerate([
            (f"unix:{folder}/notes", "is no socket"), (f"unixgram:{folder}/notes", "is no socket"),
            (f"unix:{folder}/stream", "another program listens there"),
            (f"unixgram:{folder}/datagram", "another program listens there"),
        ]):
            (folder / str(number)).mkdir()
            service = Listener(folder / str(number), f"type: syslog, listen: '{address}'")
            try:
                service.start(wait=False)
                service.says(f"cannot listen on {address}: ")
                said = next(line for line in service.log_text().splitlines() if f"cannot listen on {address}" in line)
                assert reason in said, said
            finally:
                service.end()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(folder / "stream"))
    assert (folder / "notes").read_text() == "not a socket\n"


def test_unix_sockets_are_replaced_after_a_crash_and_removed_at_the_end(folder):
    path = folder / "app.sock"
    with running(folder, "type: unix, listen: 'unix:app.sock', format: plain, socket_mode: '0660'") as service:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        service.kill()
        assert path.exists()
        service.start()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"again\n")
        service.delivered([b"again"])
        service.stop()
        assert not path.exists()


def test_sockets_of_the_service_manager_are_told_apart_by_asking_them(folder):
    stream = socket.create_server(("127.0.0.1", 0))
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagram.bind(str(folder / "log"))
    port = stream.getsockname()[1]
    with running(folder, "type: syslog, listen: 'systemd:'", descriptors=(stream.fileno(), datagram.fileno())) as service:
        service.says(f"listening on tcp://127.0.0.1:{port}")
        lines = [b"<13>Oct  9 22:33:20 host app: by connection", b"<13>Oct  9 22:33:20 app: by datagram"]
        connect(port).sendall(lines[0] + b"\n")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(lines[1], str(folder / "log"))
        service.delivered(lines)
        # The manager keeps the sockets: what comes between two runs is not lost.
        service.stop()
        lines.append(b"<13>Oct  9 22:33:20 host app: in between")
        waiting = connect(port)
        waiting.sendall(lines[2] + b"\n")
        service.start()
        service.delivered(lines)
        service.stop()
    stream.close()
    datagram.close()


# TLS


class Certificates:
    """An authority, and what it has signed."""

    def __init__(self, folder):
        self.folder = folder
        self.authority("ca")
        self.make("server", "server", "DNS:localhost,IP:127.0.0.1")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                     "-out", f"{name}.pem", "-subj", f"/CN=Test authority {name}", "-days", "30")

    def make(self, name, common, names, by="ca", days=None):
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr", "-subj", f"/CN={common}")
        (self.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\n"
            f"[p]\ncommonName=supplied\n[x]\nbasicConstraints=critical,CA:FALSE\nsubjectAltName={names}\n")
        (self.folder / "index.txt").write_text("")
        start, end = days or ("20200101000000Z", "20900101000000Z")
        self.openssl("ca", "-config", "ca.conf", "-batch", "-notext", "-cert", f"{by}.pem", "-keyfile", f"{by}.key", "-in", f"{name}.csr",
                     "-startdate", start, "-enddate", end, "-extensions", "x", "-out", f"{name}.pem")

    def send(self, port, line, *options):
        """Sends a line with the real `openssl s_client`; answers what it said."""
        result = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-CAfile", "ca.pem", "-verify_return_error",
             "-no_ign_eof", *options], input=line + b"\n", cwd=self.folder, capture_output=True, timeout=60)
        return (result.stdout + result.stderr).decode(errors="replace")


TLS = ("type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: server.key, client_ca: ca.pem, "
       "permitted_names: ['*.example.com'] }")


def line(name):
    return b"<13>Oct  9 22:33:20 host app: " + name.encode()


def test_clients_of_tls_are_known_by_certificate_and_name(folder):
    certificates = Certificates(folder)
    certificates.make("good", "good", "DNS:web1.example.com")
    certificates.make("stranger", "stranger", "DNS:web1.example.org")
    certificates.make("old", "old", "DNS:web1.example.com", days=("20200101000000Z", "20210203000000Z"))
    certificates.authority("other")
    certificates.make("foreign", "foreign", "DNS:web1.example.com", by="other")
    with running(folder, TLS) as service:
        port = service.port()

        def own(name):
            return ["-cert", f"{name}.pem", "-key", f"{name}.key"]

        certificates.send(port, line("1.3"), "-tls1_3", *own("good"))
        certificates.send(port, line("1.2"), "-tls1_2", *own("good"))
        service.delivered([line("1.3"), line("1.2")])
        for number, (name, options, reason) in enumerate([
            ("none", [], "the client showed no certificate, and `tls.client_ca` asks for one"),
            ("stranger", own("stranger"),
             "the client's certificate is for `web1.example.org`, `stranger`, which `tls.permitted_names` does not name"),
            ("old", own("old"), "the client's certificate for `web1.example.com`, `old` expired on 2021-02-03"),
            ("foreign", own("foreign"), "the client's certificate for `web1.example.com`, `foreign` does not lead to an authority in "
             "`tls.client_ca`"),
            ("1.1", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0", *own("good")],
             "the peer speaks no version of TLS from `tls.min_version` (1.2) on"),
        ], start=1):
            for version in (["-tls1_2"], ["-tls1_3"]) if name != "1.1" else ([],):
                certificates.send(port, line(name), *version, *options)
            service.says(f"TLS handshake with 127.0.0.1 at tls://127.0.0.1:{port} failed: {reason}")
        service.counts("handshake_failures", 9)
        with connect(port) as plain:
            plain.sendall(b"<13>Oct  9 22:33:20 host app: in the clear\n")
            assert is_closed(plain)
        service.says("failed: the peer does not speak TLS")
        assert read_lines(folder / "out.txt") == [line("1.3"), line("1.2")]
        # A session that is resumed is that of a client that was let in.
        certificates.send(port, line("first"), "-tls1_2", "-sess_out", "session", *own("good"))
        said = certificates.send(port, line("resumed"), "-tls1_2", "-sess_in", "session", *own("good"))
        service.delivered([line(name) for name in ("1.3", "1.2", "first", "resumed")])
        assert "Reused, TLSv1.2" in said, said
        service.stop()


def test_a_client_that_does_not_trust_the_certificate_is_said(folder):
    certificates = Certificates(folder)
    certificates.authority("other")
    with running(folder, "type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: server.key }") as service:
        certificates.send(service.port(), line("never"), "-tls1_2", "-CAfile", "other.pem")
        service.says("the peer does not trust our certificate: it does not know the authority that signed it")
        # OpenSSL tells a server of TLS 1.3 in the clear, which that cannot take for what it is.
        certificates.send(service.port(), line("never"), "-tls1_3", "-CAfile", "other.pem")
        service.says("failed: the peer broke it off, as one does that does not trust our certificate")
        service.counts("handshake_failures", 2)
        assert not read_lines(folder / "out.txt")
        service.stop()


def test_a_certificate_is_replaced_without_restart(folder):
    certificates = Certificates(folder)
    with running(folder, "type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: server.key }") as service:
        port = service.port()
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        old = context.wrap_socket(connect(port), server_hostname="localhost")

        def common_name():
            with context.wrap_socket(connect(port), server_hostname="localhost") as connection:
                return dict(pair[0] for pair in connection.getpeercert()["subject"])["commonName"]

        assert common_name() == "server"
        (folder / "server.pem").write_text("not there yet")
        wait_for(lambda: common_name() == "server" and "is not used, the old one goes on" in service.log_text(), what="the complaint")
        certificates.make("server", "renewed", "DNS:localhost")
        wait_for(lambda: common_name() == "renewed", what="the new certificate")
        old.sendall(line("on the old connection") + b"\n")
        service.delivered([line("on the old connection")])
        assert service.log_text().count("is not used, the old one goes on") == 1
        service.stop()


def test_a_key_with_a_passphrase_is_an_error_that_says_what_to_do(folder):
    certificates = Certificates(folder)
    certificates.openssl("pkcs8", "-topk8", "-in", "server.key", "-out", "locked.key", "-passout", "pass:secret")
    service = Listener(folder, "type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: locked.key }")
    try:
        service.start(wait=False)
        service.says(f"the key in `{folder}/locked.key` (`tls.key`) is encrypted; sluice needs one without passphrase")
    finally:
        service.end()


# PROXY protocol


def test_a_proxy_names_the_peers(folder):
    options = "type: syslog, listen: 'tcp://127.0.0.1:0', proxy_protocol: true, allow: [127.0.0.2]"
    service = Listener(folder, options)
    service.configure(
        f"inputs:\n  net: {{ {options} }}\noutputs:\n  main: {{ type: file, path: out.txt, encoding: 'text:{{@peer}} {{message}}' }}\n")
    try:
        service.start()
        port = service.port()
        second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H4s4sHH", 12, bytes([192, 0, 2, 8]), bytes([192, 0, 2, 1]), 5, 6)
        with connect(port, "127.0.0.2") as one, connect(port, "127.0.0.2") as two:
            one.sendall(b"PROXY TCP6 2001:db8::7 2001:db8::1 5140 601\r\n" + line("one") + b"\n")
            for byte in second + line("two") + b"\n":
                two.sendall(bytes([byte]))
            service.delivered([b"2001:db8::7 one", b"192.0.2.8 two"])
        with connect(port, "127.0.0.2") as bare:
            bare.sendall(line("bare") + b"\n")
            assert is_closed(bare)
        assert is_closed(connect(port, "127.0.0.3"))
        service.counts("connections_refused", 2)
        service.says("it has no header of the PROXY protocol, which `proxy_protocol` asks for: it begins with other bytes")
        service.stop()
    finally:
        service.end()
