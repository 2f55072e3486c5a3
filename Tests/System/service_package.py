"""The service's manners: what it tells a service manager, and the Debian package on a machine of its own."""
import atexit
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

from package_machine import Machine, is_possible

SLUICE = os.path.abspath(shutil.which(os.environ.get("SLUICE", "sluice")) or "sluice")
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
UNIT = REPOSITORY / "packaging" / "sluice.service"
# What systemd-analyze thinks of the unit: 0 is shut in, 10 is not guarded at all.
EXPOSURE_MAX = 2.0

RULE = """
function process(event)
  event.seen = {version}
end
"""
CONFIGURATION = """
data_dir: /var/lib/sluice
inputs:
  app: {{ type: file, include: [{source}], format: plain }}
rules: [rules/example.lua]
outputs:
  main: {{ type: file, path: {target} }}
"""


class Manager:
    """The service manager's end of `sd_notify`."""

    def __init__(self, path, seen_as=None, watchdog_seconds=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)
        self.environment = {"NOTIFY_SOCKET": str(seen_as or path)}
        if watchdog_seconds:
            self.environment["WATCHDOG_USEC"] = str(watchdog_seconds * 1_000_000)
        self.heard = []

    def wait_for(self, name, seconds=30):
        """The next message that has this name, as a dictionary."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                text = self.socket.recv(65536).decode()
            except TimeoutError:
                raise AssertionError(f"no {name} within {seconds} s; heard {self.heard[-20:]}") from None
            self.heard.append(text)
            message = dict(line.split("=", 1) for line in text.split("\n") if line)
            if name in message:
                return message


def unit_values(name):
    """What the unit says under this name."""
    return [line.split("=", 1)[1] for line in UNIT.read_text().splitlines() if line.startswith(name + "=")]


def events(path):
    """The records of an output file, as far as they are whole."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def append(path, *lines):
    with open(path, "a") as file:
        file.writelines(line + "\n" for line in lines)


def save(path, text):
    """As an editor does: written beside, renamed over."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    os.replace(beside, path)


@functools.cache
def package():
    """The package of the program under test."""
    folder = tempfile.mkdtemp(prefix="sluice-package-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = subprocess.run([REPOSITORY / "scripts" / "package-deb", "--binary", SLUICE, folder], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr[-3000:]
    return pathlib.Path(made.stdout.splitlines()[-1])


def installed(machine):
    """Installs the package; its file is where the copy sees it."""
    inside = machine.path("/root/sluice.deb")
    inside.write_bytes(package().read_bytes())
    return machine.run("dpkg", "-i", "/root/sluice.deb", check=0, timeout=120)


def test_the_service_manager_hears_what_happens(folder):
    (folder / "rules").mkdir()
    source, target = folder / "app.log", folder / "out.ndjson"
    (folder / "rules" / "example.lua").write_text(RULE.format(version=1))
    text = CONFIGURATION.format(source=source, target=target).replace("/var/lib/sluice", str(folder / "data"))
    (folder / "sluice.yaml").write_text(text)
    append(source, "one")
    manager = Manager(folder / "notify", watchdog_seconds=1)
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [SLUICE, "run", "-c", folder / "sluice.yaml"], env={**os.environ, **manager.environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        assert "generation 1" in manager.wait_for("READY")["STATUS"]
        # Twice in each interval: three in a row take at most that much.
        started = time.monotonic()
        for _ in range(4):
            manager.wait_for("WATCHDOG", seconds=1)
        assert time.monotonic() - started < 3
        Machine.wait_for(lambda: events(target), "the first line")
        save(folder / "rules" / "example.lua", RULE.format(version=2))
        process.send_signal(signal.SIGHUP)
        reloading = manager.wait_for("RELOADING")
        assert abs(int(reloading["MONOTONIC_USEC"]) - time.monotonic_ns() // 1000) < 30_000_000, reloading
        assert "READY" in manager.wait_for("READY")
        append(source, "two")
        Machine.wait_for(lambda: len(events(target)) == 2, "the second line")
        assert [event["seen"] for event in events(target)] == [1, 2]
        save(folder / "rules" / "example.lua", "function process(event")
        process.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING")
        assert "refused" in manager.wait_for("READY")["STATUS"]
        process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING")
        assert process.wait(60) == 0, (folder / "log").read_text()[-2000:]
    finally:
        process.kill()
        process.wait()


def check_files(machine):
    """What the package brings has its modes, and the manual is well formed."""
    modes = {
        "/usr/bin/sluice": 0o755, "/etc/sluice/sluice.yaml": 0o644, "/etc/sluice/rules/example.lua": 0o644,
        "/etc/sluice/rules/example_test.lua": 0o644, "/etc/logrotate.d/sluice": 0o644, "/lib/systemd/system/sluice.service": 0o644,
        "/usr/share/man/man1/sluice.1.gz": 0o644, "/usr/share/bash-completion/completions/sluice": 0o644,
        "/usr/share/zsh/vendor-completions/_sluice": 0o644, "/usr/share/fish/vendor_completions.d/sluice.fish": 0o644,
        "/usr/share/doc/sluice/copyright": 0o644, "/var/lib/sluice": 0o750, "/var/lib/sluice/inbox": 0o750, "/var/log/sluice": 0o2750,
    }
    for name, mode in modes.items():
        found = machine.path(name).stat()
        assert stat.S_IMODE(found.st_mode) == mode and found.st_size > 0, (name, oct(found.st_mode), found.st_size)
    owners = machine.run("stat", "-c", "%U:%G", "/usr/bin/sluice", "/var/lib/sluice", "/var/log/sluice", check=0).stdout.split()
    assert owners == ["root:root", "sluice:sluice", "sluice:adm"], owners
    machine.run("bash", "-n", "/usr/share/bash-completion/completions/sluice", check=0)
    page = machine.run("bash", "-c", "zcat /usr/share/man/man1/sluice.1.gz | groff -K utf8 -man -ww -Tutf8 2>&1 >/dev/null || true")
    assert page.stdout == "", page.stdout
    assert machine.run("dpkg", "--verify", "sluice").stdout == ""


def check_unit(machine):
    """systemd finds nothing wrong with the unit, and little that it leaves open."""
    verified = machine.run("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/sluice.service")
    mine = [line for line in (verified.stdout + verified.stderr).splitlines() if "sluice" in line]
    assert verified.returncode == 0 and not mine, mine
    report = machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", "/lib/systemd/system/sluice.service").stdout
    exposure = float(re.search(r"Overall exposure level for sluice.service: ([\d.]+)", report).group(1))
    print(f"    exposure of the unit {exposure}")
    assert exposure <= EXPOSURE_MAX, report


def test_a_package_is_installed_runs_without_systemd_and_is_purged(folder):
    if not is_possible():
        return
    with Machine(folder) as machine:
        installed(machine)
        check_files(machine)
        if machine.run("sh", "-c", "command -v systemd-analyze").returncode == 0:
            check_unit(machine)

        # The unit's own command line as its own user; the socket of the manager is in the copy.
        manager = Manager(machine.path("/run/notify"), seen_as="/run/notify", watchdog_seconds=2)
        user = ["setpriv", "--reuid=sluice", "--regid=sluice", "--groups=" + unit_values("SupplementaryGroups")[0].replace(" ", ","),
                "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        with open(folder / "log", "wb") as log:
            process = machine.start_command(
                *user, *unit_values("ExecStart")[0].split(), environment=manager.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            manager.wait_for("READY")
            manager.wait_for("WATCHDOG", seconds=2)
            line = "<14>Oct 11 22:14:15 web1 app: login password=secret ok"
            append(machine.path("/var/lib/sluice/inbox/app.log"), line, line.replace("<14>", "<15>"))
            target = machine.path("/var/log/sluice/events.ndjson")
            Machine.wait_for(lambda: events(target), "the line")
            assert [event["message"] for event in events(target)] == ["login password=*** ok"], events(target)

            reload = [*user, *unit_values("ExecReload")[0].split()]
            rule = machine.path("/etc/sluice/rules/example.lua")
            machine.path("/etc/sluice/rules/example_test.lua").unlink()
            save(rule, RULE.format(version=2))
            machine.run(*reload, check=0)
            save(rule, "function process(event")
            refused = machine.run(*reload, check=1)
            assert "example.lua:1" in refused.stdout + refused.stderr, refused
        finally:
            machine.run("pkill", "-TERM", "-x", "sluice")
            ended = process.wait(60)
        manager.wait_for("STOPPING")
        assert ended == 0, (folder / "log").read_text()[-2000:]

        # Twice is as good as once, and what the administrator changed stays.
        installed(machine)
        assert rule.read_text() == "function process(event"
        save(rule, RULE.format(version=3))
        machine.run("dpkg", "--remove", "sluice", check=0)
        assert not machine.path("/usr/bin/sluice").exists()
        assert events(target) and machine.path("/var/lib/sluice/sluice.db").exists() and rule.exists()
        machine.run("dpkg", "--purge", "sluice", check=0)
        left = [name for name in ("/etc/sluice", "/var/lib/sluice", "/var/log/sluice", "/etc/logrotate.d/sluice", "/usr/share/doc/sluice")
                if machine.path(name).exists()]
        assert left == [], left


class Unit:
    """The installed service of a booted copy."""

    def __init__(self, machine):
        self.machine = machine

    def show(self, name):
        return self.machine.run("systemctl", "show", "--value", "-p", name, "sluice.service", check=0).stdout.strip()

    def control(self, *words, check=0):
        return self.machine.run("systemctl", *words, "sluice.service", check=check, timeout=120)

    def wait_until_restarted(self, before):
        Machine.wait_for(lambda: self.show("ActiveState") == "active" and self.show("MainPID") not in ("0", before), "the restart")

    def journal(self):
        return self.machine.run("journalctl", "--no-pager", "-o", "cat", "-u", "sluice").stdout


def check_guards(machine, unit):
    """What the unit takes away is really gone from the running process."""
    status = dict(re.findall(r"^(\w+):\s*(.*)$", machine.run("cat", f"/proc/{unit.show('MainPID')}/status").stdout, re.M))
    number = machine.run("id", "-u", "sluice", check=0).stdout.strip()
    assert status["Uid"].split() == [number] * 4 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 1 << 10, status


def test_the_packaged_service_lives_with_systemd(folder):
    if not is_possible(booted=True):
        return
    with Machine(folder, booted=True) as machine:
        unit = Unit(machine)
        installed(machine)
        Machine.wait_for(lambda: unit.show("ActiveState") == "active", "the service")
        assert unit.control("is-enabled").stdout.strip() == "enabled"
        assert "generation 1" in unit.show("StatusText"), unit.show("StatusText")
        check_guards(machine, unit)

        # A log that only root and the group adm may read.
        source, target = machine.path("/var/log/app.log"), machine.path("/var/log/sluice/events.ndjson")
        source.write_text("")
        machine.run("chown", "root:adm", "/var/log/app.log", check=0)
        source.chmod(0o640)
        rule, configuration = machine.path("/etc/sluice/rules/example.lua"), machine.path("/etc/sluice/sluice.yaml")
        machine.path("/etc/sluice/rules/example_test.lua").unlink()
        save(rule, RULE.format(version=2))
        save(configuration, CONFIGURATION.format(source="/var/log/app.log", target="/var/log/sluice/events.ndjson"))
        unit.control("reload")
        append(source, "one")
        Machine.wait_for(lambda: len(events(target)) == 1, "the first line")

        # A refused rule: the verdict is that of `systemctl reload`, its reason is in the journal, the service goes on.
        process = unit.show("MainPID")
        save(rule, "function process(event")
        unit.control("reload", check=1)
        assert "example.lua:1" in unit.journal(), unit.journal()[-2000:]
        append(source, "two")
        Machine.wait_for(lambda: len(events(target)) == 2, "the line after the refusal")
        assert unit.show("ActiveState") == "active" and unit.show("MainPID") == process
        save(rule, RULE.format(version=3))
        unit.control("reload")

        # A service that stands still, and one that is killed, come back and go on where they were.
        override = machine.path("/run/systemd/system/sluice.service.d/quick.conf")
        override.parent.mkdir(parents=True)
        override.write_text("[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\n")
        machine.run("systemctl", "daemon-reload", check=0)
        unit.control("restart")
        for number, name in ((1, "STOP"), (2, "KILL")):
            process = unit.show("MainPID")
            machine.run("kill", "-" + name, process, check=0)
            append(source, f"after {name}")
            unit.wait_until_restarted(process)
            assert unit.show("NRestarts") == str(number)
            Machine.wait_for(lambda: f"after {name}" in [event["message"] for event in events(target)], f"the line after {name}")
        # What no checkpoint had confirmed before the kill is written again, in order: at least once.
        seen = dict((event["message"], event["seen"]) for event in events(target))
        assert list(seen.items()) == [("one", 2), ("two", 2), ("after STOP", 3), ("after KILL", 3)], events(target)

        # What rotation does: the file is renamed, USR1 opens it anew.
        rotate = re.search(r"postrotate\n(.*?)endscript", machine.path("/etc/logrotate.d/sluice").read_text(), re.S).group(1)
        os.replace(target, target.with_name("events.ndjson.1"))
        machine.run("sh", "-c", rotate, check=0)
        Machine.wait_for(lambda: "output files are reopened" in unit.journal(), "the signal")
        append(source, "rotated")
        Machine.wait_for(lambda: [event["message"] for event in events(target)] == ["rotated"], "the new file")

        # A configuration that cannot be loaded: one try, and status 78.
        unit.control("stop")
        assert unit.show("Result") == "success", unit.journal()[-2000:]
        good = configuration.read_text()
        save(configuration, "outputs: [")
        unit.control("start", check=1)
        assert (unit.show("ActiveState"), unit.show("ExecMainStatus"), unit.show("NRestarts")) == ("failed", "78", "0")
        save(configuration, good)
        unit.control("start")

        # An upgrade restarts it; removal stops it; a purge takes the data.
        process = unit.show("MainPID")
        installed(machine)
        unit.wait_until_restarted(process)
        assert configuration.read_text() == good
        process = unit.show("MainPID")
        machine.run("dpkg", "--remove", "sluice", check=0, timeout=120)
        assert machine.run("kill", "-0", process).returncode != 0
        assert machine.path("/var/lib/sluice/sluice.db").exists()
        machine.run("dpkg", "--purge", "sluice", check=0)
        assert not machine.path("/var/lib/sluice").exists() and not machine.path("/etc/sluice").exists()
        assert machine.run("systemctl", "list-unit-files", "--no-legend", "sluice.service").stdout == ""
