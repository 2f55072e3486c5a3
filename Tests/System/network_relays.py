"""Relays that forward to Sluice: rsyslog, syslog-ng and nginx, as Debian ships them, over each transport; every field is compared."""
import contextlib
import http.client
import os
import socket
import subprocess
import zlib

from network_kit import HOST, Receiver, certificates, expect_fields, free_port, peers, programs, select
from service_kit import wait_for

COUNT = 3_000
TEXTS = [f"{number} {'y' * (number % 250)} [b] \"q\" caf\u00e9" for number in range(COUNT)]
NET = {"peer": "127.0.0.1"}


def messages():
    """RFC 5424 messages as a relay gets them, and what Sluice reads of them."""
    wanted = [{"timestamp": f"2026-10-09T22:33:{number % 60:02}.{number:06}Z", "hostname": f"host{number % 7}", "appname": "app",
               "procid": str(number), "msgid": "ID", "facility": "local0", "severity": "info", "version": 1, "message": text}
              for number, text in enumerate(TEXTS)]
    lines = [f"<134>1 {event['timestamp']} {event['hostname']} app {event['procid']} ID - {event['message']}\n" for event in wanted]
    return "".join(lines).encode(), wanted


def feed(port, data, process):
    """Hands the messages to a relay once it listens."""

    def connection():
        assert process.poll() is None, "the relay has ended"
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port))

    with wait_for(connection, what="the relay") as stream:
        stream.sendall(data)


@contextlib.contextmanager
def running(command, folder, environment):
    """A program in the foreground, which is ended with the test."""
    with open(folder / "relay.log", "ab") as log:
        process = subprocess.Popen([*map(str, command)], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    except AssertionError as fault:
        raise AssertionError(f"{fault}; the relay said: {(folder / 'relay.log').read_text(errors='replace')[-2000:]}") from None
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# -- rsyslog ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def rsyslog(folder, action, settings=""):
    """rsyslog with one action, fed with the messages."""
    program = programs()
    port = free_port()
    (folder / "state").mkdir(exist_ok=True)
    (folder / "relay.conf").write_text(
        f'global(workDirectory="{folder}/state" maxMessageSize="64k")\n{settings}\nmodule(load="imptcp")\n'
        f'input(type="imptcp" address="127.0.0.1" port="{port}")\n{action}\n')
    command = [program.program("rsyslogd"), "-n", "-C", "-i", folder / "state" / "pid", "-M", program.modules("usr/lib/*/rsyslog"),
               "-f", folder / "relay.conf"]
    with running(command, folder, {**program.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"}) as process:
        yield process, port


def expect_from_rsyslog(folder, listen, action, settings="", sender=NET, options=""):
    """The messages go through rsyslog to a receiver that listens so."""
    data, wanted = messages()
    with Receiver(folder, f'listen: "{listen}"{options}') as receiver, rsyslog(folder, action, settings) as (process, port):
        feed(port, data, process)
        found = receiver.events(COUNT)
        for event in found:
            event.pop("flags", None)
        if sender is None:
            for event in found:
                known = event.pop("from")
                assert known["pid"] == str(process.pid), known
        expect_fields(found, ({**event, "from": sender} if sender else event for event in wanted))
        assert receiver.counter("framing_errors") == 0


FORMAT = 'template="RSYSLOG_SyslogProtocol23Format"'


def test_rsyslog_forwards_over_tcp_by_lines(folder):
    port = free_port()
    expect_from_rsyslog(
        folder, f"tcp://127.0.0.1:{port}", f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" {FORMAT})')


def test_rsyslog_forwards_over_tcp_with_octet_counts(folder):
    port = free_port()
    expect_from_rsyslog(
        folder, f"tcp://127.0.0.1:{port}",
        f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" tcp_framing="octet-counted" {FORMAT})')


def test_rsyslog_forwards_over_udp(folder):
    port = free_port(socket.SOCK_DGRAM)
    expect_from_rsyslog(
        folder, f"udp://127.0.0.1:{port}", f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="udp" {FORMAT})',
        options=", receive_buffer: 16MiB")


def test_rsyslog_forwards_over_tls_with_both_of_its_drivers(folder):
    certificates(folder)
    for driver in ("gtls", "ossl"):
        port = free_port()
        below = folder / driver
        below.mkdir()
        expect_from_rsyslog(
            below, f"tls://127.0.0.1:{port}",
            f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" tcp_framing="octet-counted" streamDriver="{driver}" '
            f'streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="localhost" {FORMAT})',
            settings=f'global(defaultNetstreamDriverCAFile="{folder}/ca.pem" defaultNetstreamDriverCertFile="{folder}/client.pem" '
            f'defaultNetstreamDriverKeyFile="{folder}/client.key")',
            sender={**NET, "tls_peer": "sender.example.org"},
            options=f', tls: {{ certificate: "{folder}/server.pem", key: "{folder}/server.key", client_ca: "{folder}/ca.pem", '
            'permitted_names: ["*.example.org"] }')


def test_rsyslog_writes_to_a_unix_datagram_socket(folder):
    expect_from_rsyslog(
        folder, "unixgram:log", f'module(load="omuxsock")\n$OMUxSockSocket {folder}/log\n*.* :omuxsock:;RSYSLOG_SyslogProtocol23Format',
        sender=None)


def test_rsyslogs_own_format_of_rfc_3164_is_read(folder):
    port = free_port()
    data, wanted = messages()
    action = f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="RSYSLOG_ForwardFormat")'
    with Receiver(folder, f'listen: "tcp://127.0.0.1:{port}"') as receiver, rsyslog(folder, action) as (process, feeding):
        feed(feeding, data, process)
        names = ("hostname", "appname", "procid", "facility", "severity", "message")
        assert select(receiver.events(COUNT), *names) == select(wanted, *names)


def test_compression_of_rsyslog_is_refused_clearly(folder):
    for number, mode in enumerate(('compression.mode="stream:always"', 'compression.mode="single" zipLevel="9"')):
        port = free_port()
        below = folder / str(number)
        below.mkdir()
        action = f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" {mode} {FORMAT})'
        with Receiver(below, f'listen: "tcp://127.0.0.1:{port}"') as receiver, rsyslog(below, action) as (process, feeding):
            # Long enough for rsyslog to find it worth while.
            feed(feeding, (f"<134>1 - host app - - - {'z' * 2000}\n" * 50).encode(), process)
            wait_for(lambda: receiver.counter("foreign_protocols") > 0, what="a refusal")
            assert "compression is not supported: switch it off at the sender (rsyslog:" in receiver.service.said()
            assert all(b"\\u" not in line for line in (below / "main.ndjson").read_bytes().splitlines()) \
                if (below / "main.ndjson").exists() else True
    assert zlib.compress(b"")[0] == 0x78


# -- syslog-ng --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def syslog_ng(folder, destination):
    """syslog-ng with one destination, fed with the messages."""
    program = programs()
    port = free_port()
    (folder / "relay.conf").write_text(
        "@version: 3.38\noptions { keep-hostname(yes); use-dns(no); frac-digits(6); keep-timestamp(yes); log-msg-size(65536); "
        'send-time-zone("+00:00"); };\n'
        f'source feed {{ network(ip(127.0.0.1) port({port}) flags(syslog-protocol)); }};\n'
        f"destination sluice {{ {destination} }};\nlog {{ source(feed); destination(sluice); flags(flow-control); }};\n")
    command = [program.program("syslog-ng"), "--foreground", "--no-caps", "--cfgfile", folder / "relay.conf", "--persist-file",
               folder / "persist", "--pidfile", folder / "pid", "--control", folder / "control", "--module-path",
               program.modules("usr/lib/syslog-ng/3.*")]
    with running(command, folder, {**program.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"}) as process:
        yield process, port


def expect_from_syslog_ng(folder, listen, destination, sender=NET, options="", is_modern=True):
    data, wanted = messages()
    with Receiver(folder, f'listen: "{listen}"{options}') as receiver, syslog_ng(folder, destination) as (process, port):
        feed(port, data, process)
        found = receiver.events(COUNT)
        for event in found:
            event.pop("flags", None)
            if sender is None:
                assert event.pop("from")["pid"] == str(process.pid), event
        if is_modern:
            for event in found:
                event["timestamp"] = event["timestamp"].replace("+00:00", "Z")
            expect_fields(found, ({**event, "from": sender} if sender else event for event in wanted))
        else:
            names = ("hostname", "appname", "procid", "facility", "severity", "message")
            assert select(found, *names) == select(wanted, *names)
        assert receiver.counter("framing_errors") == 0


def test_syslog_ng_sends_with_network_over_tcp_and_udp(folder):
    for transport in ("tcp", "udp"):
        port = free_port(socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
        below = folder / transport
        below.mkdir()
        expect_from_syslog_ng(
            below, f"{transport}://127.0.0.1:{port}", f'network("127.0.0.1" port({port}) transport("{transport}"));',
            is_modern=False, options=", receive_buffer: 16MiB")


def test_syslog_ng_sends_with_syslog_over_tcp(folder):
    port = free_port()
    expect_from_syslog_ng(folder, f"tcp://127.0.0.1:{port}", f'syslog("127.0.0.1" port({port}) transport("tcp"));')


def test_syslog_ng_sends_with_network_and_syslog_over_tls(folder):
    certificates(folder)
    tls = (f'tls(ca-file("{folder}/ca.pem") cert-file("{folder}/client.pem") key-file("{folder}/client.key") peer-verify(required-trusted))')
    for name, is_modern in (("network", False), ("syslog", True)):
        port = free_port()
        below = folder / name
        below.mkdir()
        expect_from_syslog_ng(
            below, f"tls://127.0.0.1:{port}", f'{name}("localhost" port({port}) transport("tls") {tls});',
            sender={**NET, "tls_peer": "sender.example.org"}, is_modern=is_modern,
            options=f', tls: {{ certificate: "{folder}/server.pem", key: "{folder}/server.key", client_ca: "{folder}/ca.pem" }}')


def test_syslog_ng_writes_to_unix_sockets_of_both_kinds(folder):
    for scheme, driver in (("unixgram", "unix-dgram"), ("unix", "unix-stream")):
        below = folder / scheme
        below.mkdir()
        expect_from_syslog_ng(
            below, f"{scheme}:log", f'{driver}("{below}/log" flags(syslog-protocol));', sender=None)


# -- nginx ------------------------------------------------------------------------------------------------------------

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
  access_log syslog:server={server},facility=local7,tag=web,severity=info{more} main;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} location /no {{ return 404; }} }}
}}
"""


def requests_through_nginx(folder, server, more, count):
    """Asks nginx so often; returns its process id, and the status and path of each request."""
    program = programs()
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, server=server, more=more, port=port))
    command = [program.program("nginx"), "-p", folder, "-c", folder / "nginx.conf"]
    asked = []
    with running(command, folder, {**program.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"}) as process:

        def is_there():
            assert process.poll() is None, "nginx has ended"
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                return True

        wait_for(is_there, what="nginx")
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for number in range(count):
            path = f"/{'no' if number % 5 == 0 else 'yes'}/{number}?q=%20{number}"
            client.request("GET", path, headers={"User-Agent": f"agent \"{number}\"", "Referer": "-"})
            answer = client.getresponse()
            answer.read()
            asked.append((answer.status, path))
        client.close()
    return process.pid, asked


def test_nginx_logs_over_udp_and_a_unix_socket(folder):
    for name, more in (("udp", ""), ("unix", ",nohostname")):
        below = folder / name
        below.mkdir()
        port = free_port(socket.SOCK_DGRAM)
        listen = f"udp://127.0.0.1:{port}" if name == "udp" else "unixgram:log"
        server = f"127.0.0.1:{port}" if name == "udp" else f"unix:{below}/log"
        with Receiver(below, f'listen: "{listen}", message_format: combined, receive_buffer: 4MiB') as receiver:
            process, asked = requests_through_nginx(below, server, more, 1_000)
            found = receiver.events(1_000)
            names = ("hostname", "appname", "facility", "severity", "status", "path", "method", "protocol", "remote_addr")
            wanted = [(HOST, "web", "local7", "info", status, path, "GET", "HTTP/1.1", "127.0.0.1") for status, path in asked]
            assert select(found, *names) == wanted, (select(found, *names)[:2], wanted[:2])
            for event in found:
                assert event["from"] == (NET if name == "udp" else {**event["from"], "pid": str(process)}), event
                assert "timestamp" in event and event["bytes"] >= 2
