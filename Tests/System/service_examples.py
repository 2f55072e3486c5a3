"""The examples of the service, run as their READMEs say; what came from rsyslog is compared with rsyslog itself."""
import gzip
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from service_kit import SLUICE, Service, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "bench.d"))
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
    """The records of every file, by its name without `.gz`: JSON as values, lines otherwise. Inputs run side by side, so that the
    order within a file is not promised when several write it."""
    records = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = data.decode().splitlines()
        if ".ndjson" in path.name:
            lines = [json.dumps(json.loads(line), sort_keys=True) for line in lines]
        records[str(path.relative_to(folder)).removesuffix(".gz")] = sorted(lines)
    return records


def expect_files(got, example, is_judge=False):
    """Compares whole files with what an example promises. UPDATE_GOLDEN=1 writes them first, unless `got` is from the judge."""
    expected = ROOT / "examples" / example / "expected-service"
    if os.environ.get("UPDATE_GOLDEN") and not is_judge:
        shutil.rmtree(expected, ignore_errors=True)
        for name, lines in files_below(got).items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text("".join(line + "\n" for line in lines))
    got, wanted = files_below(got), files_below(expected)
    assert got.keys() == wanted.keys(), (got.keys() - wanted.keys(), wanted.keys() - got.keys())
    for name, lines in wanted.items():
        assert got[name] == lines, (name, [line for line in got[name] if line not in lines], [line for line in lines if line not in got[name]])


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
        letter = json.loads(service.verb("dead-letters list", "--format", "json", check=0).stdout)
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
    service = started(copy)
    try:
        ledger = settled(service, 32)
        assert (ledger["received"], ledger["emitted"], ledger["dropped"]) == (32, 4, 2), ledger
        service.stop()
        expect_files(copy / "out", "from-rsyslog")
    finally:
        service.end()


def test_the_rsyslog_column_of_from_rsyslog_writes_the_same_files(folder):
    programs = peers.Peers(os.path.join(tempfile.gettempdir(), "sluice-rsyslog"), ["rsyslog"])
    try:
        programs.prepare()
    except (peers.PeerError, OSError) as error:
        print(f"       not compared: {error}")
        return
    copy = copy_of("from-rsyslog", folder)
    (copy / "state").mkdir()
    (copy / "out").mkdir()
    port = peers.free_port()
    (copy / "run.conf").write_text(
        f'global(workDirectory="{copy}/state")\nmodule(load="imtcp")\ninclude(file="{copy}/rsyslog.conf")\n'
        f'input(type="imtcp" address="127.0.0.1" port="{port}")\n')
    # -C: file names stay relative to the working directory.
    daemon = subprocess.Popen(
        [programs.program("rsyslogd"), "-n", "-C", "-i", copy / "state" / "pid", "-M", programs.modules("usr/lib/*/rsyslog"),
         "-f", copy / "run.conf"], cwd=copy, env={**programs.environment(), "PATH": os.environ["PATH"], "TZ": "UTC"})
    try:
        def connection():
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                assert daemon.poll() is None, "rsyslogd has ended"
                return None
        with wait_for(connection, what="rsyslogd") as stream:
            stream.sendall((copy / "input.log").read_bytes())
        wanted = sum(map(len, files_below(copy / "expected-service").values()))
        wait_for(lambda: sum(map(len, files_below(copy / "out").values())) >= wanted, what="rsyslog's files")
        daemon.terminate()
        daemon.wait(30)
        expect_files(copy / "out", "from-rsyslog", is_judge=True)
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
