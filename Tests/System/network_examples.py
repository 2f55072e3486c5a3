"""The examples of the network, run as their READMEs say, with the real senders."""
import contextlib
import gzip
import json
import os
import pathlib
import socket
import subprocess
import textwrap
import threading

import exposition
from network_kit import programs
from service_examples import copy_of, settled, with_own_ports
from service_kit import SLUICE, Service, wait_for


def started(copy, name="sluice.yaml"):
    """The service of one configuration file of a copy."""
    service = Service(copy, (copy / "sluice.yaml").read_text())
    service.file = pathlib.Path(name)
    return service.start()


class Counted:
    """A syslog server that takes octet-counted messages (RFC 6587 section 3.4.1) of one connection after the other."""

    def __init__(self, port):
        self.messages = []
        self.socket = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.socket.accept()
                with stream, stream.makefile("rb") as file:
                    while (count := file.read(1)):
                        while (digit := file.read(1)) != b" ":
                            count += digit
                        self.messages.append(file.read(int(count)))

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def test_the_syslog_server_example_takes_a_message_by_each_way(folder):
    copy = copy_of("syslog-server", folder)
    (copy / "run").mkdir()
    subprocess.run([copy / "certificates"], check=True, capture_output=True, timeout=30)
    ports = with_own_ports(copy, 5514, 6514, 5515)
    service = started(copy)
    try:
        subprocess.run([copy / "send"], check=True, timeout=30, env={**service.environment, "PORT": str(ports[5514]), "TLS_PORT": str(ports[6514])})
        wait_for(lambda: service.ledger()["received"] == 5, what="five messages")
        # Headquarters is not there yet: what is for it waits.
        server = Counted(ports[5515])
        settled(service, 5)
        wait_for(lambda: len(server.messages) == 2, what="what was forwarded")
        local = socket.gethostname().lower()
        hosts = {path.stem: path.read_text().splitlines() for path in (copy / "out" / "hosts").iterdir()}
        lines = [line.split(" ", 1)[1] for lines in hosts.values() for line in lines]
        assert sorted(lines) == sorted([
            "daemon.info backup[4711]: nightly backup done", "local0.warning router[?]: link eth2 is down",
            "auth.notice sshd[?]: Accepted publickey for deploy", "user.crit kernel[?]: Out of memory: killed process 1204",
            "user.notice shop[81]: order 1042 was paid"]), hosts
        assert [line.split(" ", 1)[1] for line in hosts["web3"]] == ["user.notice shop[81]: order 1042 was paid"], hosts
        assert any("nightly backup done" in line for line in hosts.get(local, [])), hosts
        security = [json.loads(line) for line in (copy / "out" / "security.ndjson").read_text().splitlines()]
        assert [event["message"] for event in security] == ["Accepted publickey for deploy"], security
        forwarded = sorted(message.decode().split(" ", 7)[-1].lstrip("\ufeff") for message in server.messages)
        assert [message.endswith(("link eth2 is down", "killed process 1204")) for message in forwarded] == [True, True], server.messages
        server.close()
        service.stop()
    finally:
        service.end()


def test_the_nginx_example_makes_typed_records(folder):
    packages = programs()
    copy = copy_of("nginx", folder)
    (copy / "run").mkdir()
    ports = with_own_ports(copy, 5519, 8088)
    service = started(copy)
    web = subprocess.Popen(
        [packages.program("nginx"), "-p", str(copy), "-c", "nginx.conf"], env={**packages.environment(), "PATH": os.environ["PATH"]},
        cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{ports[8088]}"

        def answers():
            return subprocess.run(["curl", "-sf", base + "/health"], timeout=10).returncode == 0
        wait_for(answers, what="nginx")
        before = service.ledger()["received"]
        for path in ("/", "/broken", "/missing/x", "/?q=a%20b&c=%22"):
            subprocess.run(["curl", "-s", "-A", "Mozilla/5.0 (test)", base + path], stdout=subprocess.DEVNULL, timeout=10)
        settled(service, before + 5)
        access = [json.loads(line) for line in (copy / "out" / "access.ndjson").read_text().splitlines()]
        # Started by root, nginx works as somebody who may not even look for the file.
        missing = access[2]["status"]
        assert missing in (403, 404), access
        assert [(event["method"], event["path"], event["status"], event["bytes"]) for event in access] == [
            ("GET", "/", 200, 6), ("GET", "/broken", 500, 3), ("GET", "/missing/x", missing, access[2]["bytes"]),
            ("GET", "/?q=a%20b&c=%22", 200, 6)], access
        for event in access:
            assert event["remote_addr"] == "127.0.0.1" and event["user_agent"] == "Mozilla/5.0 (test)" and "appname" not in event, event
        errors = [json.loads(line) for line in (copy / "out" / "errors.ndjson").read_text().splitlines()]
        assert [event.get("status") for event in errors] == [500, None], errors
        assert "open()" in errors[1]["message"] and errors[1]["severity"] == "err", errors
        service.stop()
    finally:
        web.terminate()
        web.wait(30)
        service.end()


def test_the_python_example_reaches_the_analytics_department(folder):
    copy = copy_of("python-logging", folder)
    (copy / "run").mkdir()
    with_own_ports(copy, 5516)
    host, department = started(copy), None
    try:
        # The department is away while the application logs.
        subprocess.run([copy / "app.py", "300"], check=True, cwd=copy, timeout=60)
        wait_for(lambda: host.ledger()["received"] == 700, what="what the application said")
        department = started(copy, "analytics.yaml")
        settled(host, 700)
        settled(department, 400)
        orders = [json.loads(line) for line in (copy / "out" / "orders.ndjson").read_text().splitlines()]
        wanted = [line for order in range(1, 301)
                  for line in [(order, "paid", "info")] + ([(order, "payment provider timed out", "err")] if order % 3 == 0 else [])]
        assert [(event["order"], event["what"].split("\n")[0].split("#012")[0].split("\\n")[0], event["severity"]) for event in orders] == wanted, orders[:5]
        assert {event["hostname"] for event in orders} == {socket.gethostname()}, orders[0]
        lines = (copy / "out" / "app.log").read_text().splitlines()
        assert len(lines) == 700 and not (copy / "out" / "rest.ndjson").exists(), len(lines)
        host.stop()
        department.stop()
    finally:
        host.end()
        if department:
            department.end()


def test_the_service_example_with_the_network_takes_all_that_product_names(folder):
    copy = copy_of("service", folder)
    subprocess.run([copy_of("syslog-server", folder) / "certificates", copy], check=True, capture_output=True, timeout=30)
    (copy / "run").mkdir()
    ports = with_own_ports(copy, 5514, 6514, 5519, 6515, 8787, 24224)
    (folder / "host").mkdir()
    (folder / "host" / "messages").write_text("<30>2026-10-09T08:00:00Z pulled app[1]: from a file of another host\n")
    (folder / "department").mkdir()
    department = Service(folder / "department", textwrap.dedent(f"""
        inputs:
          hosts:
            type: syslog
            listen: "tls://127.0.0.1:{ports[6515]}"
            tls: {{ certificate: {copy}/tls/server.pem, key: {copy}/tls/server.key, client_ca: {copy}/tls/ca.pem }}
        outputs: {{ all: {{ type: file, path: all.ndjson }} }}
        """))
    server = subprocess.Popen(
        [SLUICE, "serve-files", "--listen", f"tcp://127.0.0.1:{ports[5519]}", "messages"], cwd=folder / "host", stderr=subprocess.DEVNULL)
    service = started(copy, "network.yaml")
    try:
        department.start()
        logger = ["logger", "--tag", "app", "--priority", "daemon.info"]
        there = ["--server", "127.0.0.1", "--port", str(ports[5514]), "--rfc5424=notq"]
        subprocess.run([*logger, "--socket", copy / "run" / "log", "by the local socket"], check=True, timeout=10)
        subprocess.run([*logger, *there, "--udp", "by UDP"], check=True, timeout=10)
        subprocess.run([*logger, *there, "--tcp", "by TCP"], check=True, timeout=10)
        subprocess.run(
            ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"127.0.0.1:{ports[6514]}", "-CAfile", copy / "tls" / "ca.pem", "-cert",
             copy / "tls" / "client.pem", "-key", copy / "tls" / "client.key"],
            input=b"<38>Oct  9 10:00:00 web3 sshd[9]: by TLS, in Berlin\n", check=True, timeout=10, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.create_connection(("127.0.0.1", ports[24224])) as stream:
            # One event in the Message mode of the Forward protocol: [tag, time, record].
            stream.sendall(b"\x93\xa3app\xce" + (1791533000).to_bytes(4, "big") + b"\x82\xa8hostname\xa6docker\xa7message\xb1by Fluent Forward")
        ledger = settled(service, 6 + 4)
        wait_for(lambda: (folder / "department" / "all.ndjson").exists(), what="the department's share")
        metrics = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{ports[8787]}/metrics"], capture_output=True, text=True, timeout=10, check=True)
        values = exposition.parse(metrics.stdout)
        assert values[("sluice_input_connections_total", (("input", "network"),))] == 2, metrics.stdout
        service.stop()
        department.stop()
        events = {}
        for path in (copy / "out" / "network").rglob("*.ndjson"):
            data = path.read_bytes()
            if data.startswith(b"\x1f\x8b"):
                data = gzip.decompress(data)
            for event in map(json.loads, data.splitlines()):
                events[event.get("message")] = (event, path.relative_to(copy / "out" / "network"))
        for text in ("by the local socket", "by UDP", "by TCP", "from a file of another host", "by Fluent Forward"):
            assert text in events, (text, sorted(map(str, events)), ledger)
        event, place = events["by TLS, in Berlin"]
        assert str(place) == "auth.ndjson" and event["timestamp"].endswith("T10:00:00+02:00"), event
        assert str(events["from a file of another host"][1]).endswith("/pulled.ndjson"), events
    finally:
        server.terminate()
        server.wait(30)
        service.end()
        department.end()
