"""Says which rules libmodsecurity (the PyPI package of that name) matches.

Usage: matched.py RULES_FILE < requests > matches
One request a line, as JSON: method, target, protocol, headers (pairs), body; texts are bytes read as
Latin-1. One line of output a request: the numbers of the rules of the request phases that matched and
log, as JSON.
"""

import json
import sys

import libmodsecurity as m


def matched(engine, rules, request):
    transaction = m.Transaction(engine, rules)
    transaction.process_connection("127.0.0.1", 40000, "127.0.0.1", 80)
    transaction.process_uri(
        request["target"], request["method"], request["protocol"].removeprefix("HTTP/")
    )
    for name, value in request["headers"]:
        transaction.add_request_header(name, value)
    transaction.process_request_headers()
    transaction.append_request_body(request["body"].encode("latin-1"))
    transaction.process_request_body()
    return [message.rule_id for message in transaction.get_rule_messages()]


def main():
    engine, rules = m.ModSecurity(), m.RulesSet()
    # It writes every match to standard error otherwise.
    engine.set_log_callback(lambda _: None)
    with open(sys.argv[1]) as file:
        # The rule set's own file says them again, and libmodsecurity takes them once.
        lines = [line for line in file if not line.startswith("SecDefaultAction")]
    if rules.load("".join(lines)) < 0:
        sys.exit(rules.get_parser_error())
    for line in sys.stdin:
        print(json.dumps(matched(engine, rules, json.loads(line))), flush=True)


main()
