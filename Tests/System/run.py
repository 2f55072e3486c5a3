#!/usr/bin/env python3
"""The second test suite: what only a release build, real files and real signals can show.

usage: SLUICE=path/to/sluice run.py [NAME…]

Each function `test_…` below, and of the files beside that MODULES names, is a test; it gets a fresh folder. Standard library only.
"""
import contextlib
import gzip
import importlib
import json
import logging
import logging.handlers
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import exposition

SLUICE = os.environ.get("SLUICE", "sluice")
LINES = 1_000_000


def sluice(*arguments, stdin=b"", cwd=None, check=None, env=None):
    result = subprocess.run([SLUICE, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd, timeout=300, env=env)
    if check is not None:
        assert result.returncode == check, (result.returncode, result.stderr[-2000:])
    return result


def syslog_lines(count, seed=1):
    """RFC 3164 lines of invented hosts; severity 7 on every tenth."""
    choice = random.Random(seed).choice
    hosts = [f"web{number}.example.net" for number in range(40)]
    texts = ["Accepted publickey for deploy from 192.0.2.7 port 51234 ssh2", "connection closed by 198.51.100.9",
             "job finished in 381 ms", "GET /index.html 200", "caf\u00e9 \u2013 \"quoted\" text with \\ backslash"]
    for number in range(count):
        priority = 8 * (number % 12) + (7 if number % 10 == 0 else number % 7)
        yield (f"<{priority}>Oct {number % 28 + 1:2} {number % 24:02}:{number % 60:02}:07 {choice(hosts)} "
               f"app{number % 9}[{number % 30000}]: {number} {choice(texts)}\n")


def write_syslog(folder, count=LINES):
    path = folder / "in.log"
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(syslog_lines(count))
    return path


RULE = """
state.seen = 0
function process(event)
  state.seen = state.seen + 1
  if event.severity_code == 7 then return drop end
  event.hostname = event.hostname:upper()
  event.message = event.message:gsub("%d+%.%d+%.%d+%.%d+", "x.x.x.x")
  if event.severity_code <= 3 then return "errors" end
end
"""


def count_lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def anonymous_peak(arguments, stdout):
    """Runs to the end; answers exit status and the highest anonymous memory seen, in MiB."""
    process = subprocess.Popen([SLUICE, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE)
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(OSError):
            for line in open(f"/proc/{process.pid}/status"):
                if line.startswith("RssAnon:"):
                    peak = max(peak, int(line.split()[1]))
        time.sleep(0.01)
    process.stderr.close()
    return process.returncode, peak / 1024


def test_a_million_lines_are_all_accounted_for(folder):
    source, rule = write_syslog(folder), folder / "rule.lua"
    rule.write_text(RULE)
    with open(folder / "out", "wb") as out:
        result = subprocess.run(
            [SLUICE, "filter", "-f", "rfc3164", "--stats=json", "--to", f"errors={folder}/errors", rule, source],
            stdout=out, stderr=subprocess.PIPE, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    ledger = json.loads(result.stderr)["ledger"]
    dropped = sum(1 for number in range(LINES) if number % 10 == 0)
    errors = sum(1 for number in range(LINES) if number % 10 and number % 7 <= 3)
    assert ledger["received"] == LINES and ledger["dropped"] == dropped, ledger
    assert ledger["delivered"] == LINES - dropped and ledger["in_flight"] == 0, ledger
    assert count_lines(folder / "errors") == errors
    assert count_lines(folder / "out") == LINES - dropped - errors
    with open(folder / "errors", "rb") as file:
        for line in file:
            event = json.loads(line)
            assert event["hostname"].startswith("WEB") and "192.0.2.7" not in event["message"]


def test_memory_stays_small_at_full_load(folder):
    source, rule = write_syslog(folder), folder / "rule.lua"
    rule.write_text(RULE)
    with open(folder / "out", "wb") as out:
        status, peak = anonymous_peak(["filter", "-f", "rfc3164", "--to", f"errors={folder}/errors", rule, source], out)
    assert status == 0
    print(f"    peak anonymous memory {peak:.1f} MiB")
    assert peak <= 60, f"{peak:.1f} MiB"


def test_no_stage_allocates_per_event(folder):
    library = folder / "allocations.so"
    source = pathlib.Path(__file__).with_name("allocations.c")
    subprocess.run(["clang", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    access = '192.0.2.{0} - anna [10/Oct/2026:13:55:{1:02} +0200] "GET /a/{0} HTTP/1.1" 200 {0} "-" "curl/8"\n'
    makers = {
        "rfc3164": lambda n: f"<13>Oct 10 13:55:{n % 60:02} web{n % 9} app[{n}]: message number {n}\n",
        "rfc5424": lambda n: f'<13>1 2026-10-10T13:55:{n % 60:02}.5Z web{n % 9} app {n} - [a@1 k="{n}"] message {n}\n',
        "json": lambda n: f'{{"n":{n},"s":"text {n}","o":{{"a":[1,2,{n}]}},"f":1.5}}\n',
        "logfmt": lambda n: f'level=info n={n} msg="number {n}"\n',
        "csv": lambda n: f'{n},"a ""quoted"" value",{n}\n',
        "combined": lambda n: access.format(n % 250, n % 60),
        "plain": lambda n: f"line {n}\n",
        "auto": lambda n: f"<13>Oct 10 13:55:{n % 60:02} web app: {n}\n" if n % 2 else f'{{"n":{n}}}\n',
    }

    def count(form, encoding, lines, *rules):
        path, total = folder / "in", folder / "count"
        path.write_text("".join(makers[form](n) for n in range(lines)))
        environment = dict(os.environ, LD_PRELOAD=str(library), ALLOCATIONS=str(total))
        sluice("filter", "-f", form, "-o", encoding, *rules, path, check=0, env=environment)
        allocations = int(total.read_text())
        assert allocations > 100, "the counter was not loaded"
        return allocations

    # Long enough for every buffer to have its size; then more events must not mean more allocations.
    for form in makers:
        added = count(form, "json", 120_000) - count(form, "json", 20_000)
        assert added < 1_000, f"{form}: {added} allocations for 100000 more events"
    for encoding in ("raw", "rfc5424", "rfc3164", "logfmt", "csv", "text:{hostname} {message}"):
        added = count("rfc3164", encoding, 120_000) - count("rfc3164", encoding, 20_000)
        assert added < 1_000, f"{encoding}: {added} allocations for 100000 more events"


def test_json_passes_through_unchanged(folder):
    values = ['{"a": 1.0, "b" : [ ], "c":null, "d":9007199254740993, "e":{"x":[1,{"y":"\\u00e9\\/"}]}}',
              '{"big":123456789012345678901234567890,"exp":1E+2,"neg":-0,"empty":{},"dup":1,"dup":2}', '{}',
              '{"timestamp":"2026-10-09T22:33:20.100+02:00","s":"\\ud83d\\ude00 tab\\t"}']
    data = "".join(values[number % len(values)] + "\n" for number in range(200_000)).encode()
    rule = folder / "rule.lua"
    rule.write_text("function process(event) local a = event.a, event.e, event.timestamp end")
    result = sluice("filter", "-f", "json", rule, stdin=data, check=0)
    assert result.stdout == data


def test_a_closed_standard_output_ends_quietly(folder):
    source = write_syslog(folder, 200_000)
    process = subprocess.Popen([SLUICE, "filter", str(source)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


def test_a_full_disk_is_an_error_with_a_name(folder):
    source = write_syslog(folder, 10_000)
    result = sluice("filter", "--to", "stdout=/dev/full", source)
    assert result.returncode == 74, result
    assert b"cannot write `/dev/full`: No space left on device" in result.stderr


def test_lines_come_out_at_once_when_the_input_is_slow(folder):
    process = subprocess.Popen([SLUICE, "filter", "-f", "plain"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    delays = []
    for number in range(200):
        started = time.monotonic()
        process.stdin.write(f"line {number}\n".encode())
        assert json.loads(process.stdout.readline()) == {"message": f"line {number}"}
        delays.append(time.monotonic() - started)
    process.stdin.write(b"no end")
    process.stdin.close()
    assert json.loads(process.stdout.readline()) == {"message": "no end"}
    assert process.wait(60) == 0
    print(f"    median {sorted(delays)[100] * 1e6:.0f} us, worst {max(delays) * 1e6:.0f} us")


def test_term_ends_in_order_and_keeps_whole_records(folder):
    process = subprocess.Popen([SLUICE, "filter", "-f", "plain", "--stats=json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, bufsize=0)
    process.stdin.write(b"one\ntwo\n")
    assert [json.loads(process.stdout.readline())["message"] for _ in range(2)] == ["one", "two"]
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=60)
    assert rest == b"" and process.returncode == 128 + signal.SIGTERM, process.returncode
    assert json.loads(errors)["ledger"]["delivered"] == 2


def test_follow_reads_on_through_rotation(folder):
    path = folder / "app.log"
    path.write_text("first\n")
    process = subprocess.Popen([SLUICE, "filter", "-f", "plain", "--follow", str(path)], stdout=subprocess.PIPE, bufsize=0)

    def expect(text):
        assert json.loads(process.stdout.readline()) == {"message": text}

    expect("first")
    with open(path, "a") as file:
        file.write("second\n")
    expect("second")
    path.rename(folder / "app.log.1")
    path.write_text("third\n")
    expect("third")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT


def test_compressed_files_are_read_directly(folder):
    lines = b"".join(b'{"n":%d}\n' % number for number in range(100_000))
    (folder / "a.gz").write_bytes(gzip.compress(lines[: len(lines) // 2]) + gzip.compress(lines[len(lines) // 2:]))
    subprocess.run(["zstd", "-q", "-o", str(folder / "b.zst")], input=lines, check=True)
    result = sluice("filter", "-f", "json", folder / "a.gz", folder / "b.zst", check=0)
    assert result.stdout == lines + lines


def test_each_runaway_rule_costs_one_event(folder):
    rule = folder / "rule.lua"
    rule.write_text("""
        function process(event)
          local n = tonumber(event.message)
          if n % 20 == 3 then while true do pcall(function() while true do end end) end end
          if n % 20 == 7 then local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end
          if n % 20 == 11 then return (("a"):rep(40)):find(("a?"):rep(40) .. ("a"):rep(40)) and "x" or drop end
        end""")
    data = "".join(f"{number}\n" for number in range(60)).encode()
    started = time.monotonic()
    result = sluice("filter", "-f", "plain", "--time-limit", "50ms", "--memory-limit", "8MiB", "--dead-letters", folder / "dead", rule, stdin=data)
    assert result.returncode == 1
    dead = [json.loads(line) for line in open(folder / "dead")]
    kept = [json.loads(line)["message"] for line in result.stdout.splitlines()]
    lost = {int(letter["raw"]) for letter in dead}
    assert {number for number in range(60) if number % 20 in (3, 7)} <= lost
    assert lost <= {number for number in range(60) if number % 20 in (3, 7, 11)}, lost
    assert [int(text) for text in kept] == [number for number in range(60) if number % 20 not in (3, 7, 11)]
    assert time.monotonic() - started < 60


def test_dead_letters_hold_everything_needed_to_try_again(folder):
    rule = folder / "rule.lua"
    rule.write_text('function process(event)\n  event.changed = true\n  error("boom")\nend\n')
    result = sluice("filter", "-f", "json", rule, stdin=b'{"a":1}\n\xff\xfe\n')
    assert result.returncode == 1
    first, second = [json.loads(line) for line in result.stderr.splitlines()]
    assert first["event"] == {"a": 1} and first["raw"] == '{"a":1}', first
    assert (first["rule"], first["line"], first["error"], first["generation"]) == (str(rule), 3, "boom", 1), first
    assert second["raw_b64"] == "//4=", second


def test_messages_of_logger_are_read_field_by_field(folder):
    texts = [f"message {number} with [brackets] and \"quotes\" \u00e9" for number in range(50)]
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(10)
    base = ["logger", "-n", "127.0.0.1", "-P", str(receiver.getsockname()[1]), "-d", "-t", "app"]

    def send(*arguments):
        subprocess.run([*base, *arguments], check=True)
        return receiver.recv(65536) + b"\n"

    modern = b"".join(send("--rfc5424", "-p", "auth.err", "--msgid", "ID7", text) for text in texts)
    legacy = b"".join(send("--rfc3164", "--id=4711", "-p", "local0.info", text) for text in texts)
    receiver.close()
    for form, data in (("syslog", modern), ("auto", modern), ("rfc5424", modern)):
        for event, text in zip(map(json.loads, sluice("filter", "-f", form, "--strict", stdin=data, check=0).stdout.splitlines()), texts, strict=True):
            assert (event["facility"], event["severity"], event["appname"], event["msgid"]) == ("auth", "err", "app", "ID7"), event
            assert event["message"] == text and event["version"] == 1 and "timeQuality" in event["structured_data"], event
    for form in ("syslog", "auto", "rfc3164"):
        for event, text in zip(map(json.loads, sluice("filter", "-f", form, stdin=legacy, check=0).stdout.splitlines()), texts, strict=True):
            assert (event["facility"], event["severity"], event["appname"], event["procid"]) == ("local0", "info", "app", "4711"), event
            assert event["message"] == text and "timestamp" in event, event


def test_messages_of_pythons_handler_are_read_with_their_trailing_nul(folder):
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(folder / "log"))
    handler = logging.handlers.SysLogHandler(str(folder / "log"), facility=logging.handlers.SysLogHandler.LOG_LOCAL0)
    handler.setFormatter(logging.Formatter("Serverlog:%(asctime)s - %(levelname)s - %(message)s"))
    data = b""
    for number in range(100):
        handler.emit(logging.LogRecord("x", logging.WARNING, "f.py", 1, f"call {number}\nsecond line", None, None))
        data += receiver.recv(65536)
    handler.close()
    receiver.close()
    assert data.count(b"\0") == 100
    result = sluice("filter", "-f", "syslog", "--framing", "nul", stdin=data, check=0)
    for number, event in enumerate(map(json.loads, result.stdout.splitlines())):
        assert (event["facility"], event["severity"], event["appname"]) == ("local0", "warning", "Serverlog"), event
        assert event["message"].endswith(f"WARNING - call {number}\nsecond line"), event
    assert number == 99


def test_metrics_pass_a_strict_reader(folder):
    golden = pathlib.Path(__file__).parent.parent / "SluiceAdminTests" / "Golden"
    for name, series in (("quiet", 25), ("busy", 100)):
        values = exposition.parse((golden / f"metrics-{name}.txt").read_text(encoding="utf-8"))
        assert len(values) >= series, (name, len(values))
        ledger = {key[0][len("sluice_events_"):].removesuffix("_total"): value for key, value in values.items()
                  if key[0].startswith("sluice_events_")}
        taken = ledger.pop("received") + ledger.pop("emitted")
        assert ledger.pop("redriven") + ledger.pop("replayed") <= taken
        assert taken == sum(ledger.values()), ledger
    assert values[("sluice_rule_failures_total", (("rule", 'nginx "eu".lua'),))] == 3
    for fault in ("a 1\n", "# HELP a b\n# TYPE a counter\na 1\n", "# HELP a b\n# TYPE a gauge\na 1\na 2\n", "# HELP a b\n# TYPE a gauge\na 1",
                  "# HELP a b\n# TYPE a gauge\na{b=c} 1\n", "# HELP a b\n# TYPE a gauge\na{b=\"c\",} 1\n", "# HELP a b\n# TYPE a gauge\na one\n"):
        try:
            exposition.parse(fault)
        except AssertionError:
            continue
        raise RuntimeError(f"not caught: {fault!r}")


# Every file beside this one that has tests.
MODULES = sorted(path.stem for path in pathlib.Path(__file__).parent.glob("*.py") if path.stem != "run" and "\ndef test_" in path.read_text())


def main():
    wanted = sys.argv[1:]
    tests = [(name, test) for module in [globals(), *(vars(importlib.import_module(name)) for name in MODULES)]
             for name, test in module.items() if name.startswith("test_") and (not wanted or name in wanted)]
    failed = 0
    for name, test in tests:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
                verdict = "ok"
            except Exception:
                failed += 1
                verdict = "FAILED"
                traceback.print_exc()
        print(f"{verdict:6} {name[5:].replace('_', ' ')} ({time.monotonic() - started:.1f} s)", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
