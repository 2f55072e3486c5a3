"""Receivers that Sluice forwards to: rsyslog and syslog-ng, as Debian ships them, over each transport; every field is compared."""
import contextlib
import os
import re
import socket

from network_kit import certificates, free_port, programs
from network_output import forwarder
from network_relays import running
from service_kit import read_lines, wait_for

COUNT = 3_000


def messages():
    """RFC 5424 messages and their fields, as both receivers write them."""
    wanted = []
    for number in range(COUNT):
        text = f"{number} {'y' * (number % 250)} [b] \"q\" caf\u00e9"
        wanted.append((f"2026-10-09T22:33:{number % 60:02}.{number:06}+00:00", f"host{number % 7}", f"app{number % 5}", str(number),
                       f"ID{number % 3}", ("local0", "auth", "daemon")[number % 3], ("info", "err", "warning", "debug")[number % 4],
                       f'[x@1 n="{number}"]', text))
    facilities = {"local0": 16, "auth": 4, "daemon": 3}
    severities = {"info": 6, "err": 3, "warning": 4, "debug": 7}
    lines = "".join(
        f"<{facilities[facility] * 8 + severities[severity]}>1 {time.replace('+00:00', 'Z')} {host} {app} {process} {message} {data} "
        f"{text}\n" for time, host, app, process, message, facility, severity, data, text in wanted)
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
                # syslog-ng numbers what comes from the machine itself.
                data = re.sub(r'\[meta sequenceId="\d+"\]', "", fields[7])
                fields = (fields[0].replace("Z", "+00:00"), *fields[1:7], data, fields[8].removeprefix(" "))
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
                'ignoreTimestamp="off" rateLimit.interval="0" createPath="on")'), folder, f'address: "unixgram:{folder}/log"')


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
