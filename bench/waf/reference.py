"""Measures libmodsecurity (the PyPI package of that name) with the requests of `cost requests`.

Usage: reference.py RULES_DIR SETUP_FILE PARANOIA_LEVEL REQUESTS_FILE
Does what crates/waf/examples/cost.rs does: says how long the rules took to load, then measures one
round of every request whose name comes as a line of standard input.
"""

import glob
import json
import sys
import tempfile
import time

import libmodsecurity as m

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
    count, start = 0, time.process_time()
    while time.process_time() - start < ROUND_SECONDS:
        inspect(engine, rules, request)
        count += 1
    return (time.process_time() - start) / count * 1e6


def resident_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main():
    rules_dir, setup, paranoia, requests = sys.argv[1:]
    with open(requests) as file:
        requests = {request["name"]: request for request in json.load(file)}
    engine = m.ModSecurity()
    # It writes every match to standard error otherwise.
    engine.set_log_callback(lambda _: None)
    start, before = time.process_time(), resident_kib()
    rules = load(rules_dir, setup, paranoia)
    took = (time.process_time() - start) * 1e3
    print(f"loaded {took:.0f} ms {resident_kib() - before} KiB", flush=True)
    for line in sys.stdin:
        request = requests[line.strip()]
        word = "blocked" if inspect(engine, rules, request) is not None else "passed"
        figure = measure(engine, rules, request)
        print(f"{request['name']} {figure:.1f} {word} {resident_kib()} KiB", flush=True)


main()
