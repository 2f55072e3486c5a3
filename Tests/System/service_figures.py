"""What the service may cost: CPU beside `filter`, memory, start, reload, latency. Bounds are those of the release build."""
import json
import os
import pathlib
import resource
import subprocess
import threading
import time

from service_kit import SLUICE, Service, read_lines, wait_for

W2_LIKE = """
local teams = { app0 = "core", app1 = "web", app2 = "data" }
function process(event)
  if event.severity_code == 7 then return drop end
  event.hostname = event.hostname:lower()
  event.team = teams[event.appname] or "unknown"
  event.message = event.message:gsub("%d+%.%d+%.%d+%.%d+", "x.x.x.x")
  if event.facility == "auth" then return "auth" end
  if event.severity_code <= 3 then return "errors" end
end
"""

OUTPUTS = """
outputs:
  main: { type: file, path: main.json }
  auth: { type: file, path: auth.json }
  errors: { type: file, path: errors.json }
default_outputs: [main]
"""

LINES = 600_000


def write_lines(path, count):
    """RFC 3164 lines of invented hosts."""
    texts = ["Accepted publickey for deploy from 192.0.2.7 port 51234 ssh2", "connection closed by 198.51.100.9",
             "job finished in 381 ms", "GET /index.html 200"]
    with open(path, "w") as file:
        for number in range(count):
            priority = 8 * (number % 12) + number % 8
            file.write(f"<{priority}>Oct {number % 28 + 1:2} {number % 24:02}:{number % 60:02}:07 WEB{number % 40}.example.net "
                       f"app{number % 9}[{number % 30000}]: {number} {texts[number % 4]}\n")


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anonymous_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0


def filter_cpu(folder):
    """CPU seconds of `filter` with the same rule, input and outputs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    targets = [f"--to={name}={folder}/f-{name}.json" for name in ("auth", "errors")]
    with open(folder / "f-main.json", "wb") as out:
        subprocess.run([SLUICE, "filter", folder / "w2.lua", "-f", "syslog", *targets, folder / "logs/in.log"], stdout=out, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_service_costs_little_more_than_filter(folder):
    (folder / "logs").mkdir()
    write_lines(folder / "logs" / "in.log", LINES)
    configuration = "inputs:\n  in: { type: file, include: [logs/in.log], format: syslog }\nrules: [w2.lua]\n" + OUTPUTS
    ratios, peaks = [], []
    for round_number in range(3):
        place = folder / f"round{round_number}"
        place.mkdir()
        os.symlink(folder / "logs", place / "logs")
        service = Service(place, configuration, {"w2.lua": W2_LIKE})
        (folder / "w2.lua").write_text(W2_LIKE)
        try:
            service.start()
            peak = 0
            while True:
                peak = max(peak, anonymous_mib(service.process.pid))
                ledger = json.loads(service.verb("status", "--format", "json").stdout)["ledger"]
                if ledger["received"] == LINES and ledger["in_flight"] == 0:
                    break
                time.sleep(0.1)
            used = cpu_seconds(service.process.pid)
            service.stop()
        finally:
            service.end()
        base = filter_cpu(folder)
        ratios.append(used / base)
        peaks.append(peak)
        for name in ("main", "auth", "errors"):
            assert (place / f"{name}.json").read_bytes() == (folder / f"f-{name}.json").read_bytes(), name
    print(f"       CPU of run / filter: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; peak anonymous {max(peaks):.0f} MiB")
    # The figure to reach is 1.15; busy machines blur single rounds, so the best one counts and the bound is wide.
    assert min(ratios) <= 1.60, ratios
    assert max(peaks) < 100, peaks


def test_at_rest_memory_is_small_and_nothing_runs(folder):
    configuration = "inputs:\n  in: { type: file, include: [logs/*.log], format: syslog }\nrules: [w2.lua]\n" + OUTPUTS
    (folder / "logs").mkdir()
    service = Service(folder, configuration, {"w2.lua": W2_LIKE})
    try:
        service.start()
        time.sleep(1)
        memory = anonymous_mib(service.process.pid)
        before = cpu_seconds(service.process.pid)
        time.sleep(3)
        used = cpu_seconds(service.process.pid) - before
        service.stop()
        print(f"       {memory:.1f} MiB anonymous, {used * 1000:.0f} ms CPU in 3 s")
        assert memory < 25, memory
        assert used <= 0.03, used
    finally:
        service.end()


def test_it_is_ready_and_reloads_quickly_with_twenty_rules(folder):
    names = [f"rule{number}.lua" for number in range(20)]
    rules = {name: W2_LIKE for name in names}
    configuration = f"inputs:\n  in: {{ type: file, include: [logs/*.log], format: syslog }}\nrules: [{', '.join(names)}]\n" + OUTPUTS
    (folder / "logs").mkdir()
    service = Service(folder, configuration.replace("rules:", "reload: { watch: false }\nrules:"), rules)
    starts, reloads = [], []
    try:
        for _ in range(5):
            began = time.monotonic()
            service.start(wait=False)
            wait_for(lambda: b" runs generation " in (folder / "service.log").read_bytes(), what="the greeting")
            starts.append(time.monotonic() - began)
            wait_for(service.is_ready, what="readiness")
            service.write("rule7.lua", W2_LIKE + f"-- {began}\n")
            answer = json.loads(service.verb("reload", "--format", "json", check=0).stdout)
            assert answer["verdict"] == "applied", answer
            reloads.append(answer["duration_seconds"])
            service.stop()
            (folder / "service.log").unlink()
        print(f"       start {min(starts) * 1e3:.0f} ms, reload {min(reloads) * 1e3:.0f} ms (best of 5)")
        # 100 ms and 200 ms are the figures to reach on a machine of one's own.
        assert min(starts) < 0.5, starts
        assert min(reloads) < 1, reloads
    finally:
        service.end()


def test_lines_come_out_within_milliseconds_at_a_thousand_a_second(folder):
    configuration = "inputs:\n  in: { type: file, include: [logs/*.log], format: plain }\noutputs:\n  main: { type: file, path: main.json, encoding: raw }\n"
    (folder / "logs").mkdir()
    service = Service(folder, configuration)
    arrived = {}
    done = threading.Event()

    def watch():
        with open(folder / "main.json", "rb") as file:
            rest = b""
            while not done.is_set():
                block = file.read()
                if not block:
                    time.sleep(0.0002)
                    continue
                now = time.monotonic()
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    arrived[int(line)] = now

    try:
        service.start()
        (folder / "main.json").touch()
        reader = threading.Thread(target=watch)
        reader.start()
        written = {}
        log = open(folder / "logs" / "a.log", "ab", buffering=0)
        start = time.monotonic()
        for number in range(5_000):
            time.sleep(max(0, start + number / 1000 - time.monotonic()))
            written[number] = time.monotonic()
            log.write(b"%d\n" % number)
        wait_for(lambda: len(arrived) == 5_000, what="all lines")
        done.set()
        reader.join()
        service.stop()
        delays = sorted(arrived[number] - written[number] for number in written)
        p50, p99 = delays[2_500], delays[4_950]
        print(f"       p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms")
        # 5 ms is the figure to reach on a machine of one's own.
        assert p99 < 0.050, (p50, p99)
    finally:
        done.set()
        service.end()
