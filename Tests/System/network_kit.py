"""A receiver for tests of senders: the built program with a `syslog` input, and the senders' packages of Debian."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from service_kit import Service, read_lines, wait_for

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "scripts" / "bench.d"))

import peers  # noqa: E402

# The machine's own name, which a message from a Unix socket gets that names none.
HOST = socket.gethostname()

# What is known of an event and not sent with it goes along as fields.
RULES = {"meta.lua": """
function process(event, meta)
  event.from = { peer = meta.peer, pid = meta.pid, uid = meta.uid, gid = meta.gid, tls_peer = meta.tls_peer }
  if #meta.flags > 0 then event.flags = array { table.unpack(meta.flags) } end
end
"""}

PACKAGES = ["rsyslog", "rsyslog-gnutls", "rsyslog-openssl", "syslog-ng-core", "nginx-light", "netcat-openbsd"]


def programs():
    """Senders, unpacked and not installed: no daemon of the system starts."""
    found = peers.Peers(os.path.join(tempfile.gettempdir(), "sluice-senders"), PACKAGES)
    found.prepare()
    return found


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Receiver:
    """The service with one input, and what it has written."""

    def __init__(self, folder, options, kind="syslog"):
        self.folder = pathlib.Path(folder)
        self.service = Service(
            folder, f"inputs:\n  net: {{ type: {kind}, {options} }}\nrules: [meta.lua]\n"
            "outputs:\n  main: { type: file, path: main.ndjson }\n", RULES)

    def __enter__(self):
        self.service.start()
        return self

    def __exit__(self, *_):
        self.service.end()

    def events(self, count, seconds=60):
        """All events as objects, once there are so many; more are a fault."""
        path = self.folder / "main.ndjson"
        try:
            wait_for(lambda: len(read_lines(path)) >= count, seconds, f"{count} events")
        except AssertionError as fault:
            raise AssertionError(f"{fault}; there are {len(read_lines(path))}; {self.service.said()}") from None
        found = [json.loads(line) for line in read_lines(path)]
        assert len(found) == count, (len(found), found[-3:])
        return found

    def counter(self, name):
        return self.service.status()["inputs"][0].get(name, 0)


def select(events, *names):
    """The fields of these names of each event, absent ones as None."""
    return [tuple(event.get(name) for name in names) for event in events]


def expect_fields(events, wanted, leave_out=()):
    """Every field of every event, apart from those that nobody can know."""
    for number, (event, fields) in enumerate(zip(events, wanted, strict=True)):
        found = {name: value for name, value in event.items() if name not in leave_out}
        assert found == fields, (number, found, fields)
        for name in leave_out:
            assert name in event, (number, name, event)


def certificates(folder):
    """An authority, a certificate for `localhost` and one for a sender, and one that another authority has signed."""
    folder = pathlib.Path(folder)

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True)

    for authority in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
                f"{authority}.key", "-out", f"{authority}.pem", "-subj", f"/CN=test {authority}")
    for name, host, authority in (("server", "localhost", "ca"), ("client", "sender.example.org", "ca"),
                                  ("stranger", "sender.example.org", "other-ca")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.csr", "-subj", f"/CN={host}")
        (folder / "names").write_text(f"subjectAltName=DNS:{host}\n" + ("" if name != "server" else "basicConstraints=CA:FALSE\n"))
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", f"{name}.pem")
    return folder
