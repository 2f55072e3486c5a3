"""`sluice schema` against `sluice check`, by somebody else's validator: what the program takes fits the schema, a fault of form does not."""
import json
import os
import pathlib
import subprocess
import sys

from service_kit import SLUICE

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = ROOT / "Tests" / "SluiceEngineTests" / "Configuration"

# Golden cases of wrong configurations whose fault a schema cannot see, by what would have to be known.
BEYOND_A_SCHEMA = {
    "how a text is taken apart": [
        "admin-address", "admin-ipv6-without-brackets", "option-of-component", "option-zone", "output-encoding-template", "output-path"],
    "another option": [
        "admin-without-token", "defaults-missing", "output-encoding-csv-without-columns", "output-retry", "secret-without-user",
        "warning-partition"],
    "another component": [
        "defaults-unknown", "output-same-place", "rule-names", "rule-references", "warning-unused-output"],
    "another file": [
        "option-of-component-in-group", "rule-compiled", "rule-file-missing", "rule-module-missing", "rule-syntax", "rule-unknown-output",
        "secret-file-empty", "secret-file-missing", "warning-unknown-field"],
    "the environment": [
        "variable-cannot-change-structure", "variable-forms", "variable-unset", "variable-wrong-value"],
    "the text, which PyYAML takes": ["yaml-duplicate-key", "yaml-duplicate-keys", "yaml-utf16"],
    "what references grow to": ["yaml-alias-bomb"],
}


def judge():
    """A Python that has the validator, which `scripts/setup` installs for the system's own."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import jsonschema, yaml"], capture_output=True).returncode == 0:
            return python
    raise AssertionError("neither python3-jsonschema nor python3-yaml is installed; run scripts/setup")


def faults(schema, files):
    """What the validator finds wrong with each file."""
    script = pathlib.Path(__file__).with_name("schema_judge.py")
    result = subprocess.run([judge(), script, schema, *files], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return {pathlib.Path(path): found for path, found in json.loads(result.stdout).items()}


def check(path):
    """What the program says of a file: whether it takes it, and why not."""
    result = subprocess.run([SLUICE, "check", "-c", path.name], capture_output=True, text=True, timeout=60, cwd=path.parent)
    assert result.returncode in (0, 1), (path, result.returncode, result.stderr)
    return result.returncode == 0, result.stderr


def program_schema(folder):
    schema = folder / "schema.json"
    schema.write_bytes(subprocess.run([SLUICE, "schema"], capture_output=True, check=True).stdout)
    return schema


def test_every_configuration_of_the_repository_fits_the_schema(folder):
    files = [*sorted(ROOT.glob("examples/*/*.yaml")), ROOT / "packaging" / "sluice.yaml",
             *sorted((ROOT / "Tests" / "CommandTests" / "Cases").glob("*/*.yaml"))]
    found = faults(program_schema(folder), files)
    taken = 0
    for path in files:
        is_taken, said = check(path)
        if is_taken:
            taken += 1
            assert not found[path], (path, found[path])
        else:
            assert "Cases" in path.parts, (path, said)
            assert found[path] or "unknown option" not in said and " is no value for " not in said, (path, said)
    assert taken >= 10, taken


def test_every_golden_configuration_fits_the_schema_or_not_as_check_says(folder):
    beyond = {name for names in BEYOND_A_SCHEMA.values() for name in names}
    cases = {path.parent.name: path for path in sorted((CASES / "Cases").glob("[a-z]*/sluice.yaml"))}
    assert beyond <= cases.keys(), beyond - cases.keys()
    # Nobody should have to read the file that is there to exhaust its reader.
    found = faults(CASES / "Golden" / "schema.json", [path for name, path in cases.items() if name != "yaml-alias-bomb"])
    counts = {True: 0, False: 0}
    for name, path in cases.items():
        if name == "yaml-alias-bomb":
            continue
        said = (path.parent / "expected").read_text().splitlines()
        # A warning is no problem of the file; lines that quote it are indented.
        is_taken = [line for line in said if line[:1] != " " and ": warning: " not in line] in ([], ["no problem found"])
        counts[is_taken] += 1
        if is_taken:
            assert not found[path], (name, found[path])
        else:
            assert bool(found[path]) != (name in beyond), (name, found[path])
    assert counts[True] >= 10 and counts[False] - len(beyond) >= 40, counts


GOOD = [
    "", "workers: 4\n", "workers: ${WORKERS:-2}\n", "workers: '4'\n", "memory_limit: 64MiB\n", "memory_limit: 67108864\n",
    "reload: { watch: poll, settle: 1s }\n", "reload: { watch: false, rollback_error_rate: 0.5 }\n",
    "reload: { rollback_error_rate: 100% }\n",
    "rules: []\n", "rules:\n", "default_outputs: []\n", "default_outputs: main\n", "log: { level: debug }\n",
    "dead_letters: { max_size: 2GiB, when_full: drop_oldest }\n", "admin: { listen: '127.0.0.1:8787' }\n",
    "admin: { listen: '0.0.0.0:8787', token: secret }\n"]
BAD = [
    "worker: 4\n", "workers: many\n", "workers: 0\n", "workers: '4x'\n", "memory_limit: 64MB\n", "reload: { watch: never }\n",
    "reload: true\n", "reload: { rollback_error_rate: 101% }\n", "reload: { rollback_error_rate: 1.5 }\n", "rules: { a: b }\n",
    "rules: [{ name: a }]\n", "log: { level: loud }\n", "shutdown_timeout: 10\n", "timezone: [a]\n",
    "admin: { listen: '0.0.0.0:8787', token: secret, token_file: file }\n"]
GOOD_OUTPUTS = [
    "{ type: stdout, encoding: json }", "{ type: stdout, encoding: { type: csv, columns: [a, b] } }", "{ type: '${KIND}' }",
    "{ type: stdout, encoding: { type: '${FORM}' } }", "{ type: stdout, encoding: 'text:{message}', retry: { jitter: 10% } }",
    "{ type: stdout, encoding: { type: csv, columns: [a], delimiter: '\\t' } }",
    "{ type: stdout, encoding: { type: csv, columns: 'a,b' } }",
    "{ type: file, path: out.log, create_folders: \"Yes\" }", "{ type: file, path: out.log, create_folders: on }"]
BAD_OUTPUTS = [
    "{ type: nowhere }", "{ encoding: json }", "{ type: stdout, encoding: xml }", "{ type: stdout, buffer: { type: tape } }",
    "{ type: stdout, encoding: { type: csv, colums: [a] } }", "{ type: stdout, unknown: 1 }", "stdout",
    "{ type: stdout, encoding: { type: csv, columns: [a], delimiter: ab } }", "{ type: stdout, encoding: { type: csv, columns: [] } }",
    "{ type: stdout, encoding: { type: csv, columns: ['a,b'] } }", "{ type: file, path: out.log, create_folders: perhaps }"]


def test_the_schema_agrees_with_check(folder):
    inputs = "inputs: { app: { type: file, include: [/var/log/app.log] } }\n"
    texts = [(inputs + "outputs: { main: { type: stdout } }\n" + text, is_good)
             for is_good in (True, False) for text in (GOOD if is_good else BAD)]
    texts += [(inputs + f"outputs: {{ main: {value} }}\n", is_good)
              for is_good in (True, False) for value in (GOOD_OUTPUTS if is_good else BAD_OUTPUTS)]
    texts.append((inputs + "outputs: { drop: { type: stdout } }\n", False))
    files = {folder / f"{number}.yaml": expected for number, expected in enumerate(texts)}
    for path, (text, _) in files.items():
        path.write_text(text)
    found = faults(program_schema(folder), files)
    for path, (text, is_good) in files.items():
        result = subprocess.run([SLUICE, "check", "-c", path], capture_output=True, text=True, timeout=60,
                                env={**os.environ, "KIND": "stdout", "FORM": "raw"})
        assert result.returncode == (0 if is_good else 1), (text, result.stderr)
        assert bool(found[path]) != is_good, (text, found[path])
