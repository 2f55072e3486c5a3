#!/usr/bin/env python3
"""What python3-jsonschema says of YAML files: `schema_judge.py SCHEMA FILE…` prints an object with the faults of each file.

Fails when the schema itself is not valid for its own meta-schema. A file that PyYAML cannot read has one fault, `yaml`.
"""
import json
import pathlib
import sys

import jsonschema
import yaml


def faults(validator, path):
    try:
        value = yaml.safe_load(pathlib.Path(path).read_bytes())
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError):
        return ["yaml"]
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
json.dump({path: faults(validator, path) for path in sys.argv[2:]}, sys.stdout)
