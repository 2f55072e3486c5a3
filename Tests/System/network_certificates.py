"""Certificates that are expired, early, of strangers, for others, missing or broken: each has its own sentence, and mending them needs no restart."""
import contextlib
import os
import shutil
import socket
import ssl
import threading
import time

from link_kit import await_counter, output
from network_limits import NOBODY, Certificates, Listener, connect, is_closed, running
from service_kit import Service, read_lines, wait_for

PAST = ("20200101000000Z", "20210203000000Z")
FUTURE = ("20900405000000Z", "20910101000000Z")


class Workshop(Certificates):
    """An authority and every kind of certificate that goes wrong."""

    def __init__(self, folder):
        super().__init__(folder)
        self.authority("other")
        self.make("old", "old", "DNS:localhost", days=PAST)
        self.make("early", "early", "DNS:localhost", days=FUTURE)
        self.make("foreign", "foreign", "DNS:localhost", by="other")
        self.make("elsewhere", "elsewhere", "DNS:logs.example.org,IP:192.0.2.7")
        self.make("client", "client", "DNS:sender.example.org")
        self.make("worn", "worn", "DNS:sender.example.org", days=PAST)

    def old_authority(self, name):
        """An authority whose own time is over."""
        self.make(name, f"Old authority {name}", "DNS:ca.example.org")
        (self.folder / "ca.conf").write_text(
            (self.folder / "ca.conf").read_text().split("[x]")[0] + "[x]\nbasicConstraints=critical,CA:TRUE\n")
        self.openssl("ca", "-config", "ca.conf", "-batch", "-notext", "-selfsign", "-keyfile", f"{name}.key", "-in", f"{name}.csr",
                     "-startdate", PAST[0], "-enddate", PAST[1], "-extensions", "x", "-out", f"{name}.pem")


class Server:
    """Takes connections, over TLS or not, and what comes; it never says anything else than TLS does, or than `banner`."""

    def __init__(self, folder, certificate=None, client_ca=None, latest=None, banner=None):
        self.folder, self.banner, self.got = folder, banner, bytearray()
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
            if latest:
                # What is older than TLS 1.2 is off by default.
                self.context.set_ciphers("ALL:@SECLEVEL=0")
                self.context.minimum_version = ssl.TLSVersion.TLSv1
                self.context.maximum_version = latest
            if client_ca:
                self.context.load_verify_locations(folder / f"{client_ca}.pem")
                self.context.verify_mode = ssl.CERT_REQUIRED
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=[self.listening.accept()[0]], daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(30)
            if self.banner:
                connection.sendall(self.banner)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            while data := connection.recv(65_536):
                if self.context or self.banner is None:
                    self.got.extend(data)

    def close(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


@contextlib.contextmanager
def servers(folder, settings):
    """A server for each name."""
    made = {name: Server(folder, **options) for name, options in settings.items()}
    try:
        yield made
    finally:
        for server in made.values():
            server.close()


def sender(folder, outputs):
    """A service that sends one line to every output."""
    (folder / "in.log").write_text("hello\n")
    text = "".join(f"  {name}: {{ {options}, connect_timeout: 1s, retry: {{ initial: 100ms, max: 300ms }} }}\n" for name, options in outputs.items())
    return Service(folder, f"inputs:\n  log: {{ type: file, include: [in.log], format: plain }}\noutputs:\n{text}"
                   f"default_outputs: [{', '.join(outputs)}]\n")


def test_each_fault_of_a_receivers_certificate_has_its_own_sentence(folder):
    shop = Workshop(folder)
    shop.old_authority("former")
    shop.make("orphan", "orphan", "DNS:localhost", by="former")
    (folder / "text.pem").write_text("no certificate\n")
    (folder / "locked.pem").mkdir()
    untold = {"certificate": "server"}
    shown = "certificate: client.pem, key: client.key"
    v12 = ssl.TLSVersion.TLSv1_2
    # Name: the server, more than `ca: ca.pem` of `tls`, what is said behind the address.
    cases = {
        "expired": ({"certificate": "old"}, "", "the peer's certificate for `localhost`, `old` expired on 2021-02-03"),
        "early": ({"certificate": "early"}, "", "the peer's certificate for `localhost`, `early` is not valid before 2090-04-05"),
        "unknown": ({"certificate": "foreign"}, "",
                    f"the peer's certificate for `localhost`, `foreign` does not lead to an authority in `{folder}/ca.pem` (`tls.ca`)"),
        "system": (untold, "-ca", "the peer's certificate for `localhost`, `127.0.0.1`, `server` does not lead to an authority that the system trusts; "
                   "name the file of another one in `tls.ca`"),
        "former": ({"certificate": "orphan"}, "ca: former.pem",
                   f"the peer's certificate for `localhost`, `orphan` was signed by an authority in `{folder}/former.pem` (`tls.ca`) that "
                   "expired on 2021-02-03"),
        "named": ({"certificate": "elsewhere"}, "", "the peer's certificate is for `logs.example.org`, `192.0.2.7`, `elsewhere`, and not for "
                  "`localhost`; `tls.server_name` says which name is expected"),
        "asked": ({"certificate": "server", "client_ca": "ca"}, "", "the peer wants a certificate from us; set `tls.certificate` and `tls.key`"),
        "asked12": ({"certificate": "server", "client_ca": "ca", "latest": v12}, "",
                    "the peer refused the handshake; it may want a certificate from us (`tls.certificate`)"),
        "refused": ({"certificate": "server", "client_ca": "other"}, shown, "the peer does not know the authority that signed our certificate"),
        "refused12": ({"certificate": "server", "client_ca": "other", "latest": v12}, shown,
                      "the peer does not know the authority that signed our certificate"),
        "worn": ({"certificate": "server", "client_ca": "ca"}, "certificate: worn.pem, key: worn.key",
                 "the peer says that our certificate has expired"),
        "older": ({"certificate": "server", "latest": v12}, 'min_version: "1.3"',
                  "the peer speaks no version of TLS from `tls.min_version` (1.3) on"),
        "ancient": ({"certificate": "server", "latest": ssl.TLSVersion.TLSv1_1}, "",
                    "the peer speaks no version of TLS from `tls.min_version` (1.2) on"),
        "talker": ({"banner": b"220 mail.example.org ESMTP ready\r\n"}, "", "the peer does not speak TLS on this port"),
        "listener": ({}, "", "no answer to the TLS handshake in time; the peer may not speak TLS on this port"),
        "gone": (untold, "ca: nowhere.pem", f"cannot read `{folder}/nowhere.pem`: No such file or directory (`tls.ca`)"),
        "folder": (untold, "ca: locked.pem", f"cannot read `{folder}/locked.pem`: Is a directory (`tls.ca`)"),
        "text": (untold, "ca: text.pem", f"`{folder}/text.pem` (`tls.ca`) holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)"),
        "lost": (untold, "certificate: nowhere.pem, key: client.key", f"cannot read `{folder}/nowhere.pem`: No such file or directory (`tls.certificate`)"),
        "swapped": (untold, "certificate: client.pem, key: server.key",
                    f"the key in `{folder}/server.key` (`tls.key`) does not belong to the certificate in `{folder}/client.pem`"),
    }
    with servers(folder, {name: case[0] for name, case in cases.items()}) as found:
        outputs, expected = {}, {}
        for name, (_, more, text) in cases.items():
            address = f"tls://localhost:{found[name].port}"
            trust = more if "ca:" in more else ", ".join(filter(None, ["ca: ca.pem", more]))
            kinds = ["tcp", "syslog", "forward", "sluice"] if name in ("expired", "unknown", "named", "listener") else ["tcp"]
            for kind in kinds:
                group = "" if more == "-ca" else f", tls: {{ {trust} }}"
                outputs[f"{name}_{kind}"] = f'type: {kind}, address: "{address}"{group}' + (", encoding: raw" if kind == "tcp" else "")
                expected[f"{name}_{kind}"] = f"cannot connect to {address}: {text}"
        service = sender(folder, outputs)
        try:
            service.start()

            def differences():
                errors = {each["name"]: each.get("last_error") for each in service.status()["outputs"]}
                return {name: (errors[name], text) for name, text in expected.items() if errors[name] != text}

            try:
                wait_for(lambda: not differences(), 12, "every sentence")
            except AssertionError as fault:
                raise AssertionError(f"{fault}: " + "\n".join(f"{name}: {pair}" for name, pair in differences().items())) from None
            for name in outputs:
                counters = output(service, name)
                assert counters["state"] == "failing" and counters["failures"] > 0 and counters["delivered"] == 0, counters
            assert not any(server.got for name, server in found.items() if name != "listener")
            print(f"    {len(expected)} outputs, {len(set(cases[name][2] for name in cases))} sentences")
        finally:
            service.end()


def test_certificates_of_an_output_are_mended_without_restart(folder):
    shop = Workshop(folder)
    shutil.copy(folder / "other.pem", folder / "trusted.pem")
    for end in ("pem", "key"):
        shutil.copy(folder / f"worn.{end}", folder / f"own.{end}")
    (folder / "text.pem").write_text("not there yet\n")
    plain = {"certificate": "server"}
    with servers(folder, {"authority": plain, "client": {**plain, "client_ca": "ca"}, "text": plain, "missing": plain}) as found:
        def tls(name, options):
            return f'type: tcp, address: "tls://localhost:{found[name].port}", encoding: "text:{{message}}", tls: {{ {options} }}'

        service = sender(folder, {
            "authority": tls("authority", "ca: trusted.pem"), "client": tls("client", "ca: ca.pem, certificate: own.pem, key: own.key"),
            "text": tls("text", "ca: text.pem"), "missing": tls("missing", "ca: later.pem")})
        try:
            service.start()
            for name in found:
                wait_for(lambda: output(service, name)["state"] == "failing", what=f"the failure of `{name}`")
            assert not any(server.got for server in found.values())
            # One after the other, as tools that renew certificates do: in between they do not belong together.
            shutil.copy(folder / "client.pem", folder / "own.pem")
            wait_for(lambda: "does not belong to the certificate" in output(service, "client")["last_error"], what="the complaint")
            shutil.copy(folder / "client.key", folder / "own.key")
            for name in ("trusted", "text", "later"):
                shutil.copy(folder / "ca.pem", folder / f"{name}.pem")
            for name, server in found.items():
                wait_for(lambda: bytes(server.got) == b"hello\n", what=f"the line at `{name}`; {service.said()}")
                wait_for(lambda: output(service, name)["state"] == "running", what=f"the recovery of `{name}`")
            service.stop()
        finally:
            service.end()


def test_what_is_sent_in_the_clear_to_a_port_with_tls_is_not_taken_for_delivered(folder):
    Workshop(folder)
    (folder / "from").mkdir()
    with running(folder, "type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: server.key }") as center:
        port = center.port()
        service = Service(folder / "from", f"""
inputs:
  log: {{ type: file, include: [in.log], format: plain }}
outputs:
  net: {{ type: syslog, address: "tcp://localhost:{port}", retry: {{ initial: 100ms, max: 300ms }} }}
""")
        (folder / "from" / "in.log").write_text("hello\n")
        try:
            service.start()
            wait_for(lambda: "the peer speaks TLS on this port; write `tls://` in the address" in service.said(), what="the advice")
            await_counter(service, "net", "resent_records", 2)
            center.says("failed: the peer does not speak TLS")
            service.stop()
            service.configure(service.file.read_text().replace("tcp://", "tls://").replace(" retry:", f" tls: {{ ca: {folder}/ca.pem }}, retry:"))
            (folder / "from" / "data").rename(folder / "from" / "earlier")
            service.start()
            wait_for(lambda: [line.rsplit(b" ")[-1] for line in read_lines(folder / "out.txt")] == [b"hello"], what="the line over TLS")
            service.stop()
        finally:
            service.end()
        center.stop()


# -- Listening ------------------------------------------------------------------------------------------------------------


def test_a_listener_says_what_is_wrong_with_its_files_and_starts_when_they_are_right(folder):
    shop = Workshop(folder)
    for name in ("own.pem", "own.key"):
        (folder / name).unlink(missing_ok=True)
    service = Listener(folder, "type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: own.pem, key: own.key, client_ca: roots.pem }")
    try:
        service.start(wait=False)
        service.says(f"cannot read `{folder}/own.pem`: No such file or directory (`tls.certificate`)")
        shutil.copy(folder / "server.pem", folder / "own.pem")
        shutil.copy(folder / "client.key", folder / "own.key")
        (folder / "roots.pem").write_text("nothing\n")
        service.says(f"`{folder}/roots.pem` (`tls.client_ca`) holds no certificate in PEM form")
        shutil.copy(folder / "ca.pem", folder / "roots.pem")
        service.says(f"the key in `{folder}/own.key` (`tls.key`) does not belong to the certificate in `{folder}/own.pem`")
        shutil.copy(folder / "server.key", folder / "own.key")
        service.says("listening on tls://127.0.0.1:")
        shop.send(service.port(), b"<13>Oct  9 22:33:20 host app: in", "-cert", "client.pem", "-key", "client.key")
        service.delivered([b"<13>Oct  9 22:33:20 host app: in"])
        service.stop()
    finally:
        service.end()


def test_a_listener_may_not_read_its_key(folder):
    if os.getuid() != 0:
        print("    skipped: only root can become another user")
        return
    Workshop(folder)
    os.chmod(folder, 0o777)
    (folder / "data").mkdir()
    os.chown(folder / "data", NOBODY, NOBODY)
    os.chmod(folder / "server.key", 0o600)
    service = Listener(folder, "type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: server.key }",
                       before=lambda: (os.setgid(NOBODY), os.setuid(NOBODY)))
    try:
        service.start(wait=False)
        service.says(f"cannot read `{folder}/server.key`: Permission denied (`tls.key`)")
    finally:
        service.end()


def test_versions_are_refused_and_slow_handshakes_ended_by_a_listener(folder):
    shop = Workshop(folder)
    options = ("type: syslog, listen: 'tls://127.0.0.1:0', tls: { certificate: server.pem, key: server.key, min_version: '1.3', "
               "handshake_timeout: 500ms }")
    with running(folder, options) as service:
        shop.send(service.port(), b"<13>Oct  9 22:33:20 host app: never", "-tls1_2")
        service.says("failed: the peer speaks no version of TLS from `tls.min_version` (1.3) on")
        shop.send(service.port(), b"<13>Oct  9 22:33:20 host app: modern", "-tls1_3")
        service.delivered([b"<13>Oct  9 22:33:20 host app: modern"])
        service.counts("handshake_failures", 1)
        # One says nothing, the other one drips a greeting.
        silent, slow = connect(service.port()), connect(service.port())
        greeting = bytes.fromhex("160301020001000001fc0303") + bytes(300)
        started = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in greeting:
                slow.send(bytes([byte]))
                time.sleep(0.02)
        took = time.monotonic() - started
        assert is_closed(silent) and is_closed(slow) and took < 4, took
        service.counts("connections_timed_out", 2)
        service.says("no TLS handshake for `tls.handshake_timeout` (500ms)")
        wait_for(lambda: service.count("connections_open") == 0, what="the end of all connections")
        service.stop()
