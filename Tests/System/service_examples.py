"""The examples of the service, run as their READMEs say; what came from rsyslog is compared with rsyslog itself."""
import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from service_kit import SLUICE, Service, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "bench.d"))
import feeds  # noqa: E402
import peers  # noqa: E402


def copy_of(example, folder):
    """A fresh copy of an example, without what an earlier run left in it."""
    copy = folder / example
    shutil.copytree(ROOT / "examples" / example, copy, ignore=shutil.ignore_patterns("data", "out"))
    return copy


def started(copy):
    """The service of a copy, found by `sluice.yaml` of the working directory."""
    service = Service(copy, (copy / "sluice.yaml").read_text())
    service.file = pathlib.Path("sluice.yaml")
    return service.start()


def files_below(folder):
    """The lines of every file, by its name without `.gz`."""
    lines = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines[str(path.relative_to(folder)).removesuffix(".gz")] = data.decode().splitlines()
    return lines


def records(name, lines):
    """JSON as values, other lines as they are. Inputs run side by side: their order in a file that several write is not promised."""
    return sorted(json.dumps(json.loads(line), sort_keys=True) if name.endswith(".ndjson") else line for line in lines)


def expect_files(got, example, is_judge=False):
    """Compares whole files with what an example promises. UPDATE_GOLDEN=1 writes them first, unless `got` is from the judge."""
    expected = ROOT / "examples" / example / "expected-service"
    got = files_below(got)
    if os.environ.get("UPDATE_GOLDEN") and not is_judge:
        shutil.rmtree(expected, ignore_errors=True)
        for name, lines in got.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text("".join(line + "\n" for line in lines))
    wanted = files_below(expected)
    assert got.keys() == wanted.keys(), (got.keys() - wanted.keys(), wanted.keys() - got.keys())
    for name, lines in wanted.items():
        assert records(name, got[name]) == records(name, lines), (name, got[name], lines)


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_own_ports(copy, *ports):
    """Puts free ports in the place of the fixed ones of an example; answers them by the old ones."""
    own = {port: free_port() for port in ports}
    for path in (path for path in copy.rglob("*") if path.is_file() and path.suffix in (".yaml", ".conf")):
        text = path.read_text()
        path.write_text(re.sub(r"\b(\d{4,5})\b", lambda match: str(own.get(int(match[1]), match[1])), text))
    return own


class Receivers:
    """The hosts that from-rsyslog forwards to: UDP, TCP by lines, TCP with octet counting. What came is bytes by kind, in order."""

    def __init__(self, copy):
        ports = with_own_ports(copy, 5521, 5522, 5523)
        self.got = {"udp": [], "lines": [], "counted": []}
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", ports[5521]))
        self.servers = [socket.create_server(("127.0.0.1", ports[port])) for port in (5522, 5523)]
        for body in (self.take_datagrams, self.take_lines, self.take_counted):
            threading.Thread(target=body, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for receiver in (self.datagrams, *self.servers):
            with contextlib.suppress(OSError):
                receiver.shutdown(socket.SHUT_RDWR)
            receiver.close()

    def take_datagrams(self):
        with contextlib.suppress(OSError):
            while data := self.datagrams.recv(65536):
                self.got["udp"].append(data.rstrip(b"\n"))

    def streams(self, server):
        """Every connection's bytes as a file."""
        with contextlib.suppress(OSError):
            while True:
                stream, _ = server.accept()
                with stream, stream.makefile("rb") as file:
                    yield file

    def take_lines(self):
        for file in self.streams(self.servers[0]):
            self.got["lines"] += (line.rstrip(b"\n") for line in file)

    def take_counted(self):
        for file in self.streams(self.servers[1]):
            while count := file.read(1):
                while (digit := file.read(1)).isdigit():
                    count += digit
                self.got["counted"].append(file.read(int(count)).rstrip(b"\n"))


def settled(service, received):
    """Waits until so many events were received and all of them answered."""
    def is_settled():
        ledger = service.ledger()
        return ledger["received"] >= received and ledger["in_flight"] == 0
    wait_for(is_settled, what=f"{received} events")
    return service.ledger()


def test_the_service_example_runs_as_it_is_and_its_dead_letter_comes_back(folder):
    copy = copy_of("service", folder)
    service = started(copy)
    try:
        ledger = settled(service, 16)
        assert (ledger["received"], ledger["dropped"], ledger["dead_lettered"]) == (16, 2, 1), ledger
        letter = json.loads(wait_for(lambda: service.verb("dead-letters list", "--format", "json").stdout, what="the letter, stored"))
        assert letter["event"]["jobs"] == 3 and letter["input"] == "backlog", letter
        assert str(letter["line"]) in service.verb("dead-letters show", letter["id"], check=0).stdout
        rule = (copy / "rules" / "redact.lua").read_text()
        changed = rule.replace("  event.message = redacted(event.message)", "  if event.message then event.message = redacted(event.message) end")
        assert changed != rule
        service.write("rules/redact.lua", changed)
        assert service.verb("reload --dry-run").returncode == 0
        wait_for(lambda: service.status()["generation"]["number"] == 2, what="the saved rule")
        service.verb("dead-letters redrive", "--all", check=0)
        wait_for(lambda: service.verb("dead-letters list", "--format", "json").stdout == "", what="an empty list")
        assert service.ledger()["redriven"] == 1
        service.stop()
        expect_files(copy / "out", "service")
        said = service.said()
        assert "crit web2 kernel: Out of memory: killed process 1204 (java)\n" in said, said
        assert "password=hunter2" not in said + (copy / "out" / "analytics.csv").read_text()
    finally:
        service.end()


def test_the_reload_example_shows_two_refusals_and_a_change(folder):
    copy = copy_of("reload", folder)
    began = time.monotonic()
    result = subprocess.run([copy / "run"], capture_output=True, text=True, timeout=60, env={**os.environ, "SLUICE": SLUICE})
    assert result.returncode == 0, (result.stdout, result.stderr)
    assert time.monotonic() - began < 15
    steps = result.stdout.split("\n== ")
    assert len(steps) == 6, result.stdout
    start, mistake, failing, change, end = steps[1:]
    assert '"level":"error"' in start
    for sign in ("route.lua:2: ", '2 |   if event.level == "error" than return "errors" end', "  ^\n", "generation 1 goes on", "(exit status 1)"):
        assert sign in mistake, (sign, mistake)
    for sign in ("route_test.lua:", "errors go to their own file, with the host", "generation 1 goes on", "(exit status 1)"):
        assert sign in failing, (sign, failing)
    for sign in ("recent events", "would apply", "applied: generation 2 runs"):
        assert sign in change, (sign, change)
    assert "." not in json.loads(change.strip().splitlines()[-1])["host"]
    counts = dict(pair.split(" ") for pair in end.split("stopped; ")[1].splitlines()[0].split(", "))
    assert int(counts["received"]) == int(counts["delivered"]) + int(counts["dropped"]), counts
    assert int(counts["dropped"]) > 0
    assert end.strip().endswith(f"errors.ndjson: {counts['delivered']}"), end


def test_the_sluice_column_of_from_rsyslog_writes_the_files(folder):
    copy = copy_of("from-rsyslog", folder)
    with Receivers(copy):
        service = started(copy)
        try:
            ledger = settled(service, 32)
            assert (ledger["received"], ledger["emitted"], ledger["dropped"]) == (32, 4, 2), ledger
            service.stop()
            expect_files(copy / "out", "from-rsyslog")
        finally:
            service.end()


def test_both_columns_of_from_rsyslog_forward_the_same_bytes(folder):
    theirs, ours = copy_of("from-rsyslog", folder / "theirs"), copy_of("from-rsyslog", folder / "ours")
    with Receivers(theirs) as theirs_got, rsyslogd(theirs, "rsyslog.conf", (theirs / "input.log").read_bytes()) as daemon:
        if daemon is None:
            return
        counts = {"udp": 3, "lines": 9, "counted": 2}
        try:
            wait_for(lambda: {kind: len(got) for kind, got in theirs_got.got.items()} == counts, what="what rsyslog forwards")
        except AssertionError as error:
            raise AssertionError(theirs_got.got) from error
        daemon.terminate()
        daemon.wait(30)
    with Receivers(ours) as ours_got:
        service = started(ours)
        try:
            settled(service, 32)
            service.stop()
            wait_for(lambda: all(len(ours_got.got[kind]) >= len(got) for kind, got in theirs_got.got.items()), what="what Sluice forwards")
        finally:
            service.end()
    assert ours_got.got == theirs_got.got, (ours_got.got, theirs_got.got)
    assert all(theirs_got.got.values()), theirs_got.got


@contextlib.contextmanager
def rsyslogd(copy, rules, data):
    """Debian's rsyslog in a folder of its own, fed with lines; nothing when it cannot be had."""
    programs = peers.Peers(os.path.join(tempfile.gettempdir(), "sluice-rsyslog"), ["rsyslog"])
    try:
        programs.prepare()
    except (peers.PeerError, OSError) as error:
        print(f"       not compared: {error}")
        yield None
        return
    (copy / "state").mkdir()
    (copy / "out").mkdir()
    port = feeds.free_port()
    (copy / "run.conf").write_text(
        f'global(workDirectory="{copy}/state")\nmodule(load="imtcp")\ninclude(file="{copy}/{rules}")\n'
        f'input(type="imtcp" address="127.0.0.1" port="{port}")\n')
    # -C: file names stay relative to the working directory.
    daemon = subprocess.Popen(
        [programs.program("rsyslogd"), "-n", "-C", "-i", copy / "state" / "pid", "-M", programs.modules("usr/lib/*/rsyslog"),
         "-f", copy / "run.conf"], cwd=copy, env={**programs.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"})

    def connection():
        assert daemon.poll() is None, "rsyslogd has ended"
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port))

    try:
        with wait_for(connection, what="rsyslogd") as stream:
            stream.sendall(data)
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


def test_the_rsyslog_column_of_from_rsyslog_writes_the_same_files(folder):
    copy = copy_of("from-rsyslog", folder)
    with Receivers(copy), rsyslogd(copy, "rsyslog.conf", (copy / "input.log").read_bytes()) as daemon:
        if daemon is None:
            return
        wanted = sum(map(len, files_below(copy / "expected-service").values()))
        wait_for(lambda: sum(map(len, files_below(copy / "out").values())) >= wanted, what="rsyslog's files")
        daemon.terminate()
        daemon.wait(30)
        expect_files(copy / "out", "from-rsyslog", is_judge=True)


SELECTORS = [
    "*.*", "*.emerg", "*.panic", "kern.*", "security.err", "*.error", "mail.info;mail.!=err", "*.=debug", "*.info;mail.none;authpriv.none",
    "cron.none;*.crit", "*.*;*.!warning", "local0,local1.*;*.!warning", "*.!=info;*.=info", "auth,authpriv.*;*.none;auth.=warn",
    "*.=info;*.=notice;*.=warning;auth,cron,daemon,mail.none", "*.err;kern.debug;auth.notice;mail.crit", "user.!*;user.=alert",
    "*.notice;*.!crit", "news,lpr.warning;lpr.!=emerg", "uucp.*;uucp.!=alert;uucp.!=crit", "*.!debug;local7.info", "ftp.none;ftp.*",
]


def test_selectors_take_what_they_take_in_rsyslog(folder):
    copy = copy_of("from-rsyslog", folder)
    lines = [f"<{priority}>2026-10-09T08:00:00.000000+02:00 host program: {priority}" for priority in range(192) if priority // 8 not in range(12, 16)]
    data = "".join(line + "\n" for line in lines).encode()
    (copy / "selectors.conf").write_text('template(name="pri" type="string" string="%pri%\\n")\n' + "".join(
        f"{selector}  ./out/{number};pri\n" for number, selector in enumerate(SELECTORS)) + "*.*  ./out/all;pri\n")
    (copy / "rules" / "all.lua").write_text(
        'local selector = require "selector"\nlocal selectors = {}\n'
        + "".join(f'selectors[{number + 1}] = selector "{selector}"\n' for number, selector in enumerate(SELECTORS))
        + "function process(event)\n  local taken = array{}\n  for number, selected in ipairs(selectors) do\n"
        + "    if selected(event) then taken[#taken + 1] = number - 1 end\n  end\n  event.taken = taken\nend\n")
    result = subprocess.run([SLUICE, "filter", "-f", "syslog", copy / "rules" / "all.lua"], input=data, capture_output=True, check=True)
    taken = {number: set() for number in range(len(SELECTORS))}
    for event in map(json.loads, result.stdout.splitlines()):
        for number in event["taken"]:
            taken[number].add(int(event["message"]))
    with rsyslogd(copy, "selectors.conf", data) as daemon:
        if daemon is None:
            return
        wait_for(lambda: len(files_below(copy / "out").get("all", [])) == len(lines), what="the last line")
        daemon.terminate()
        daemon.wait(30)
        files = files_below(copy / "out")
    for number, selector in enumerate(SELECTORS):
        theirs = {int(line) for line in files.get(str(number), [])}
        assert taken[number] == theirs, (selector, sorted(taken[number] - theirs), sorted(theirs - taken[number]))
