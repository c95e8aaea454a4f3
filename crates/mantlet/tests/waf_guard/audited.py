"""Writes what libmodsecurity (the PyPI package of that name) puts into its audit log.

Usage: audited.py RULES_FILE < requests > lines
One request a line, as JSON: target, headers (pairs), body, status (of the application's answer). One
line of output a request: its line of the audit log, or nothing. The rules name the file `AUDIT_LOG`.
"""

import json
import sys
import tempfile

import libmodsecurity as m


def run(engine, rules, request):
    transaction = m.Transaction(engine, rules)
    transaction.process_connection("127.0.0.1", 40000, "127.0.0.1", 80)
    transaction.process_uri(request["target"], "POST", "1.1")
    for name, value in request["headers"]:
        transaction.add_request_header(name, value)
    transaction.process_request_headers()
    transaction.append_request_body(request["body"].encode("latin-1"))
    transaction.process_request_body()
    transaction.add_response_header("content-type", "text/html")
    transaction.process_response_headers(request["status"], "HTTP/1.1")
    transaction.append_response_body(b"<p>hello")
    transaction.process_response_body()
    transaction.process_logging()


def main():
    engine, rules = m.ModSecurity(), m.RulesSet()
    engine.set_log_callback(lambda _: None)
    with tempfile.NamedTemporaryFile("r") as log:
        with open(sys.argv[1]) as file:
            text = file.read().replace("AUDIT_LOG", log.name)
        if rules.load(text) < 0:
            sys.exit(rules.get_parser_error())
        for line in sys.stdin:
            run(engine, rules, json.loads(line))
            print(log.read().strip(), flush=True)


main()
