"""Starts, watches and ends the built `sluice run` for tests."""
import json
import os
import pathlib
import signal
import subprocess
import time

SLUICE = os.environ.get("SLUICE", "sluice")


def wait_for(condition, seconds=20, what="the condition"):
    """Asks until the answer is true; returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.01)


class Service:
    """A service with a folder of its own: `sluice.yaml`, rules, `data`, outputs."""

    def __init__(self, folder, configuration, rules=None, environment=None, wrapper=()):
        self.folder = pathlib.Path(folder)
        # A program that starts the service, with its arguments.
        self.wrapper = list(wrapper)
        self.file = self.folder / "sluice.yaml"
        self.process = None
        self.environment = {**os.environ, **(environment or {})}
        self.configure(configuration)
        for name, text in (rules or {}).items():
            self.write(name, text)

    def configure(self, text):
        """Saves the configuration as an editor does."""
        if "data_dir:" not in text:
            text = f"data_dir: {self.folder}/data\n" + text
        self.write("sluice.yaml", text)

    def write(self, name, text):
        """Saves a file as an editor does: written beside, renamed over."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name("." + path.name + ".new")
        new.write_text(text)
        os.replace(new, path)

    def start(self, wait=True):
        """Starts it and waits until it is ready."""
        self.log = open(self.folder / "service.log", "ab")
        self.process = subprocess.Popen(
            [*self.wrapper, SLUICE, "run", "-c", self.file], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
            env=self.environment)
        if wait:
            wait_for(self.is_ready, what="readiness")
        return self

    def is_ready(self):
        """Whether status answers that it runs; fails when it has ended instead."""
        assert self.process.poll() is None, self.said()
        status = self.status(check=False)
        return status is not None and status["phase"] == "running"

    def said(self):
        """The end of its log."""
        return (self.folder / "service.log").read_text(errors="replace")[-4000:]

    def verb(self, *arguments, check=None, timeout=120):
        """Runs another verb on this service's configuration."""
        verb, *rest = arguments
        result = subprocess.run(
            [SLUICE, *verb.split(), "-c", self.file, *map(str, rest)], capture_output=True, text=True, timeout=timeout, cwd=self.folder,
            env=self.environment)
        if check is not None:
            assert result.returncode == check, (result.returncode, result.stdout[-2000:], result.stderr[-2000:])
        return result

    def status(self, check=True):
        """The status as an object."""
        result = self.verb("status", "--format", "json")
        if result.returncode and not check:
            return None
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def ledger(self):
        """The ledger, which must balance."""
        ledger = self.status()["ledger"]
        kept = sum(ledger[name] for name in ("delivered", "dropped", "deduplicated", "throttled", "sampled", "unrouted", "discarded",
                                             "dead_lettered", "in_flight"))
        assert ledger["received"] + ledger["emitted"] == kept, ledger
        return ledger

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, status=0):
        """Ends it in order."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        assert code == status, (code, self.said())
        self.process = None

    def kill(self):
        """Ends it as a power cut would, as far as the process goes."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def end(self):
        """For `finally`."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def read_lines(*paths):
    """All lines of files, those that are there."""
    lines = []
    for path in paths:
        if os.path.exists(path):
            with open(path, "rb") as file:
                lines += file.read().split(b"\n")[:-1]
    return lines
