"""Validates what ci-lint writes against the schemas of its formats.

    python tests/schema/validate.py <sarif-schema.json> <sarif output> <our schema> <json output>

Needs the package `jsonschema`; with its extra `format-nongpl` addresses are checked too. Exits with 1 and lists every violation when an output breaks its schema.
"""

import json
import sys
from pathlib import Path

from jsonschema.validators import validator_for


def violations(schema_path: str, document_path: str) -> list[str]:
    """What is wrong with the document, one line each."""
    schema = json.loads(Path(schema_path).read_text(encoding="utf-8"))
    document = json.loads(Path(document_path).read_text(encoding="utf-8"))
    validator = validator_for(schema)
    validator.check_schema(schema)
    checker = validator(schema, format_checker=validator.FORMAT_CHECKER)
    return [f"{document_path}: {error.json_path}: {error.message}" for error in checker.iter_errors(document)]


def rule_indices(document_path: str) -> list[str]:
    """What the SARIF specification demands of results and the schema cannot say."""
    found = []
    document = json.loads(Path(document_path).read_text(encoding="utf-8"))
    for run in document["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"].get("rules", [])]
        if len(set(rules)) != len(rules):
            found.append(f"{document_path}: a rule is listed twice")
        for result in run["results"]:
            index = result.get("ruleIndex", -1)
            if index >= 0 and (index >= len(rules) or rules[index] != result["ruleId"]):
                found.append(f"{document_path}: ruleIndex {index} is not {result['ruleId']}")
            for location in result["locations"] + result.get("relatedLocations", []):
                region = location["physicalLocation"]["region"]
                start = (region["startLine"], region["startColumn"])
                end = (region["endLine"], region["endColumn"])
                if end < start:
                    found.append(f"{document_path}: a region ends before it starts: {region}")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    sarif_schema, sarif, our_schema, ours = arguments
    found = violations(sarif_schema, sarif) + violations(our_schema, ours)
    found = found or rule_indices(sarif)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
