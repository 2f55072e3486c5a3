"""Sockets that systemd has opened: of TCP, plain and with TLS, and of this machine, told apart by their names."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys

from network_kit import free_port
from network_limits import Certificates, connect, is_closed
from service_kit import Service, read_lines, wait_for

# What `systemd-socket-activate` does, for machines without it: binds, waits for the first one, becomes the program.
ACTIVATE = """
import os, select, socket, sys
names, *addresses = sys.argv[1:sys.argv.index("--")]
command = sys.argv[sys.argv.index("--") + 1:]
sockets = []
for address in addresses:
    if address.startswith("/"):
        made = socket.socket(socket.AF_UNIX)
        made.bind(address)
    else:
        host, port = address.rsplit(":", 1)
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, int(port)))
    made.listen(128)
    sockets.append(made)
select.select(sockets, [], [])
for place, made in enumerate(sockets):
    os.dup2(made.fileno(), 100 + place)
for place in range(len(sockets)):
    os.dup2(100 + place, 3 + place)
    os.set_inheritable(3 + place, True)
os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
os.execvp(command[0], command)
"""


def activate(*addresses, names):
    """The beginning of a command that passes sockets at these addresses."""
    program = shutil.which("systemd-socket-activate")
    if program:
        return [program, *(f"--listen={address}" for address in addresses), f"--fdname={':'.join(names)}"]
    return [sys.executable, "-c", ACTIVATE, ":".join(names), *map(str, addresses), "--"]


def event(text):
    return b"<13>Oct  9 22:33:20 host app: " + text.encode()


def await_socket(connecting):
    """The connection, once somebody listens."""
    def attempt():
        try:
            return connecting()
        except OSError:
            return None
    return wait_for(attempt, what="the passed socket")


def connect_unix(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(path))
    return connection


def backlogs(*ports):
    """How many connections the kernel takes for the sockets that listen on these ports."""
    said = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True, timeout=20).stdout
    rows = [line.split() for line in said.splitlines()]
    return [int(row[2]) for port in ports for row in rows if row[3] == f"127.0.0.1:{port}"]


def test_passed_sockets_speak_tls_where_it_is_asked_for(folder):
    certificates = Certificates(folder)
    plain, secure = free_port(), free_port()
    service = Service(folder, f"""
inputs:
  lines: {{ type: syslog, listen: "systemd:lines" }}
  local: {{ type: syslog, listen: "systemd:local" }}
  secure: {{ type: syslog, listen: "systemd:secure", tls: {{ certificate: server.pem, key: server.key }} }}
outputs:
  main: {{ type: file, path: out.txt, encoding: raw }}
""", wrapper=activate(f"127.0.0.1:{plain}", folder / "app.sock", f"127.0.0.1:{secure}", names=["lines", "local", "secure"]))
    count = lambda name, counter: next(each for each in service.status()["inputs"] if each["name"] == name).get(counter, 0)
    try:
        service.start(wait=False)
        # The first one starts the service; it and those behind it wait in the socket meanwhile.
        first = await_socket(lambda: connect(plain))
        waiting = [first, *(connect(plain) for _ in range(20))]
        lines = [event(f"waited {number}") for number in range(len(waiting))]
        for connection, line in zip(waiting, lines):
            connection.sendall(line + b"\n")
        wait_for(service.is_ready, what="readiness")
        with connect_unix(folder / "app.sock") as local:
            local.sendall(event("local") + b"\n")
        said = certificates.send(secure, event("secure"))
        assert "Verification: OK" in said, said
        lines += [event("local"), event("secure")]
        wait_for(lambda: len(read_lines(folder / "out.txt")) >= len(lines), what="all lines")
        assert sorted(read_lines(folder / "out.txt")) == sorted(lines)
        # Nothing gets in that is not encrypted.
        with connect(secure) as bare:
            bare.sendall(event("in the clear") + b"\n")
            assert is_closed(bare)
        wait_for(lambda: count("secure", "handshake_failures") == 1, what="the refusal")
        log = (folder / "service.log").read_text()
        for address in (f"tcp://127.0.0.1:{plain}", f"unix:{folder}/app.sock", f"tls://127.0.0.1:{secure}"):
            assert f"listening on {address}" in log, log
        # The manager's 128 are few for a service that starts up.
        most = int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text())
        assert backlogs(plain, secure) == [min(4_096, most)] * 2, backlogs(plain, secure)
        assert len(read_lines(folder / "out.txt")) == len(lines)
        for connection in waiting:
            connection.close()
        service.stop()
        assert os.path.exists(folder / "app.sock"), "a passed socket is not ours to remove"
    finally:
        service.end()


def test_tls_for_passed_sockets_that_cannot_speak_it_is_refused(folder):
    Certificates(folder)
    service = Service(folder, """
inputs:
  local: { type: syslog, listen: "systemd:local", tls: { certificate: server.pem, key: server.key } }
outputs:
  main: { type: file, path: out.txt, encoding: raw }
""", wrapper=activate(folder / "app.sock", names=["local"]))
    try:
        service.start(wait=False)
        with await_socket(lambda: connect_unix(folder / "app.sock")):
            text = ("cannot listen on systemd:local: there is `tls`, and no passed socket takes connections of TCP: nothing would be "
                    "encrypted")
            wait_for(lambda: text in service.said(), what=f"the refusal; {service.said()}")
        # What is listened on by name alone has to be passed at all.
        service.end()
        service.wrapper = []
        service.start(wait=False)
        wait_for(lambda: "cannot listen on systemd:local: the service manager has passed no socket" in service.said(), what="the other refusal")
    finally:
        service.end()
    # TLS for nothing is found before anything starts.
    service.configure((folder / "sluice.yaml").read_text().replace("systemd:local", "tcp://127.0.0.1:601"))
    checked = service.verb("check")
    assert checked.returncode == 1, checked
    assert "`tls` is for addresses that begin with `tls://` or `systemd:`, and `listen` names none" in checked.stdout + checked.stderr, checked
