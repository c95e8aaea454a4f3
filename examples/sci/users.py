"""Writes accounts for `mantlet user import`, as a Flask application keeps them: a name, roles, and
the hash that werkzeug made of the password. Reads lines of `NAME ROLE PASSWORD` from standard input.
"""

import json
import sys

from werkzeug.security import generate_password_hash

# What applications have stored over the years.
METHODS = ("scrypt", "pbkdf2:sha256:1000", "pbkdf2:sha512:1000")

for place, line in enumerate(sys.stdin):
    name, role, password = line.split()
    made = generate_password_hash(password, method=METHODS[place % len(METHODS)])
    print(json.dumps({"name": name, "roles": [role], "password_hash": made}))
