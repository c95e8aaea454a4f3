"""Measures libmodsecurity (the PyPI package of that name) with the requests of `cost requests`.

Usage: reference.py RULES_DIR SETUP_FILE PARANOIA_LEVEL < requests.json
Prints one line a request: its name and the CPU time of its request phases in microseconds, the
least of some rounds, as crates/waf/examples/cost.rs does.
"""

import glob
import json
import sys
import tempfile
import time

import libmodsecurity as m

ROUNDS = 7
ROUND_SECONDS = 0.3


def load(rules_dir, setup, paranoia):
    text = (
        "SecRuleEngine On\nSecRequestBodyAccess On\n"
        'SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" '
        '"id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"\n'
        f"Include {setup}\n"
        f'SecAction "id:900000,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level={paranoia}"\n'
    )
    text += "".join(f"Include {path}\n" for path in sorted(glob.glob(f"{rules_dir}/*.conf")))
    rules = m.RulesSet()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        rules.load_from_uri(file.name)
    return rules


def inspect(engine, rules, request):
    transaction = m.Transaction(engine, rules)
    transaction.process_connection("127.0.0.1", 40000, "127.0.0.1", 80)
    transaction.process_uri(request["target"], request["method"], "1.1")
    for name, value in request["headers"]:
        transaction.add_request_header(name, value)
    transaction.process_request_headers()
    if transaction.intervention() is None:
        transaction.append_request_body(request["body"].encode())
        transaction.process_request_body()
    return transaction.intervention()


def measure(engine, rules, request):
    best = float("inf")
    for _ in range(ROUNDS):
        count, start = 0, time.process_time()
        while time.process_time() - start < ROUND_SECONDS:
            inspect(engine, rules, request)
            count += 1
        best = min(best, (time.process_time() - start) / count * 1e6)
    return best


def main():
    rules_dir, setup, paranoia = sys.argv[1:]
    engine, rules = m.ModSecurity(), load(rules_dir, setup, paranoia)
    for request in json.load(sys.stdin):
        blocked = inspect(engine, rules, request) is not None
        print(request["name"], f"{measure(engine, rules, request):.1f}", "blocked" if blocked else "passed", flush=True)


main()
