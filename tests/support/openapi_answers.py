"""python3 openapi_answers.py FILE ANSWERS... [--without=OPERATION...]: whether answers of an API are as FILE describes them.

An answer is a line: method, path, status, media type and body between tabs, or a JSON object of them.
Each must be of a path that
is described; its method, too, or its status is 405; its status must stand there by number; its body
must have the media type and the shape that stand there, and no member that does not. What a query
asked that was answered must be described, and what is described must have been asked, but of the
OPERATIONs that are left out. Ends with 1 when one differs, with 2 when something is missing here (jsonschema, yaml).
"""
import json
import re
import sys
import urllib.parse

try:
    import yaml
    from jsonschema import Draft202012Validator, FormatChecker
except ImportError as error:
    print(error)
    sys.exit(2)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d$")
formats = FormatChecker(formats=())
formats.checks("date-time")(lambda value: not isinstance(value, str) or bool(MOMENT.match(value)))


def closed(schema, is_value=True):
    """A copy in which a value has no member that nobody has described."""
    if isinstance(schema, list):
        return [closed(item, False) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = dict(schema)
    for name in ("allOf", "oneOf", "anyOf"):
        if name in copy:
            copy[name] = closed(copy[name], False)
    if "properties" in copy:
        copy["properties"] = {key: closed(value) for key, value in copy["properties"].items()}
    if "items" in copy:
        copy["items"] = closed(copy["items"])
    is_described = any(name in copy for name in ("properties", "allOf", "$ref"))
    if is_value and is_described and "additionalProperties" not in copy:
        if "$ref" in copy:
            copy = {"allOf": [copy]}
        copy["unevaluatedProperties"] = False
    return copy


def resolve(document, node):
    while "$ref" in node:
        target = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


class Description:
    def __init__(self, name):
        self.name = name
        with open(name, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        schemas = self.document["components"]["schemas"]
        self.schemas = {name: closed(schema, False) for name, schema in schemas.items()}
        self.paths = [(re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path) + "$"), operations)
                      for path, operations in self.document["paths"].items()]
        self.seen = set()
        self.unasked = {(operation["operationId"], name)
                        for _, operations in self.paths for operation in operations.values()
                        if isinstance(operation, dict) and "operationId" in operation
                        for name in self.queries(operations, operation) - {"token"}}

    def queries(self, operations, operation):
        """The names that a query of this operation may have."""
        parameters = operations.get("parameters", []) + operation.get("parameters", [])
        known = [resolve(self.document, parameter) for parameter in parameters]
        known += self.document["components"].get("securitySchemes", {}).values()
        return {parameter["name"] for parameter in known if parameter.get("in") == "query"}

    def fault(self, answer):
        """What is not as described; None when all is."""
        path = answer["path"].split("?")[0]
        found = [operations for pattern, operations in self.paths if pattern.match(path)]
        status = str(answer["status"])
        if not found:
            return None if status in ("404", "400", "401") else "no such path"
        operation = found[0].get(answer["method"].lower())
        if operation is None:
            return None if status in ("405", "401", "400") else "no such method"
        if status not in operation["responses"]:
            return f"status {status} is not described"
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(answer["path"]).query)
        self.unasked -= {(operation["operationId"], name) for name in asked}
        unknown = asked.keys() - self.queries(found[0], operation)
        if status == "200" and unknown:
            return f"{', '.join(sorted(unknown))}: no such parameter"
        response = resolve(self.document, operation["responses"][status])
        self.seen.add((operation["operationId"], status))
        content = response.get("content", {})
        media = answer["type"].split(";")[0]
        if answer["method"] == "HEAD" or (not content and not answer["body"]):
            return None
        if media not in content:
            return f"media type {media} is not described"
        return self.shape_fault(media, content[media].get("schema", {}), answer["body"])

    def shape_fault(self, media, schema, body):
        if not media.endswith("json"):
            return None
        whole = {**closed(schema), "components": {"schemas": self.schemas}}
        validator = Draft202012Validator(whole, format_checker=formats)
        for error in validator.iter_errors(json.loads(body)):
            return f"{'/'.join(str(part) for part in error.absolute_path)}: {error.message[:300]}"
        return None


def answers_of(name):
    with open(name, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("{"):
                yield json.loads(line)
                continue
            method, path, status, media, body = line.rstrip("\n").split("\t", 4)
            yield {"method": method, "path": path, "status": int(status), "type": media,
                   "body": body}


def main():
    description = Description(sys.argv[1])
    left_out = {word.removeprefix("--without=") for word in sys.argv[2:] if word.startswith("--")}
    count = 0
    faults = set()
    for name in (word for word in sys.argv[2:] if not word.startswith("--")):
        for answer in answers_of(name):
            count += 1
            fault = description.fault(answer)
            if fault is not None:
                faults.add(f"{answer['method']} {answer['path'].split('?')[0]} "
                           f"{answer['status']}: {fault}")
    for operation, parameter in description.unasked:
        if operation in left_out:
            continue
        faults.add(f"{operation}: {parameter}: nobody asked it")
    for fault in sorted(faults):
        print(fault)
    print(f"{description.name.split('/')[-2]}: {count} answers, {len(description.seen)} kinds of "
          f"them, {len(faults)} not as described")
    return 1 if faults or count == 0 else 0


sys.exit(main())
