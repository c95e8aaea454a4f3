"""Reads honest text out of packages: documentation, sayings, made-up data, examples of interfaces, values of
programs. Each gives pairs of a group and a text."""

import ast
import base64
import contextlib
import gzip
import hashlib
import html
import json
import re
import sys
from urllib.parse import quote, urlencode


def number(text, bound):
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:6], "big") % bound


LOCALES = ["en_US", "en_GB", "en_IE", "de_DE", "de_AT", "fr_FR", "fr_CA", "es_ES", "es_MX", "it_IT", "pt_BR", "pt_PT", "nl_NL", "sv_SE",
           "da_DK", "fi_FI", "no_NO", "pl_PL", "cs_CZ", "hu_HU", "ro_RO", "tr_TR", "ru_RU", "uk_UA", "el_GR", "he_IL", "ar_SA", "fa_IR",
           "hi_IN", "th_TH", "ja_JP", "ko_KR", "zh_CN", "zh_TW", "vi_VN", "id_ID", "ga_IE", "fr_BE"]
FIELDS = ["name", "address", "street_address", "city", "company", "job", "catch_phrase", "bs", "email", "phone_number", "uri", "url", "file_path",
          "user_agent", "sentence", "paragraph", "color", "currency", "license_plate", "iban", "credit_card_full", "date", "iso8601", "uuid4",
          "sha256", "ipv4", "ipv6", "mac_address", "file_name", "mime_type", "simple_profile", "password", "slug", "isbn13", "swift"]


def faker(root):
    sys.path.insert(0, str(root / "faker"))
    from faker import Faker
    for locale in LOCALES:
        with contextlib.suppress(Exception):
            fake = Faker(locale)
            fake.seed_instance(number(locale, 1 << 30))
            for field in FIELDS:
                make = getattr(fake, field, None)
                for _ in range(24 if make else 0):
                    with contextlib.suppress(Exception):
                        value = make()
                        text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
                        yield f"faker {field}", text


def texts(folder, patterns):
    files = sorted(file for pattern in patterns for file in folder.rglob(pattern) if file.is_file())
    for file in sorted(files, key=lambda f: number(f.name, 1 << 40))[:1200]:
        data = file.read_bytes()
        if file.suffix == ".gz":
            data = gzip.decompress(data)
        yield file, data.decode("utf-8", "replace")


def manual(root):
    for folder in sorted(root.glob("manpages*")):
        for _, text in texts(folder, ["*.gz"]):
            plain = re.sub(r"^[.'].*$", "", re.sub(r"\\f.|\\&|\\-", lambda m: "-" if m.group() == "\\-" else "", text), flags=re.M)
            for piece in re.split(r"\n\s*\n", plain)[:12]:
                if 30 < len(piece.strip()) < 2000:
                    yield folder.name, piece.strip()


def fortunes(root):
    for folder in sorted(root.glob("fortunes*")):
        for file, text in texts(folder, ["fortunes/*", "games/**/*"]):
            if file.suffix not in (".dat", ".u8"):
                for piece in text.split("\n%\n")[:400]:
                    if 10 < len(piece) < 2000:
                        yield folder.name, piece.strip()


def stripped(markup):
    """What a browser would show."""
    text = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", markup)
    text = re.sub(r"</?(p|div|h\d|li|pre|tr|table|section|dd|dt)\b[^>]*>", "\n\n", text)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def documents(root):
    for name in ["postgresql-doc", "python3.11-doc", "sqlite3-doc", "git-doc", "debian-handbook", "harden-doc"]:
        for folder in root.glob(name + "*"):
            for _, text in texts(folder, ["*.html"]):
                for piece in re.split(r"\n\s*\n", stripped(text))[5:60:3]:
                    if 25 < len(piece.strip()) < 3000:
                        yield name, piece.strip()
    for name in ["vim-runtime", "miscfiles", "linux-doc", "git-doc"]:
        for folder in root.glob(name + "*"):
            for _, text in texts(folder, ["*.txt", "*.txt.gz", "*.rst", "*.rst.gz"]):
                for piece in re.split(r"\n\s*\n", text)[2:60:4]:
                    if 25 < len(piece.strip()) < 3000:
                        yield name, piece.strip()


def rich(root):
    """Fragments as editors of rich text send them: no script, no handler, few attributes."""
    safe = re.compile(r"(?i)<(?!/?(b|i|em|strong|a|p|br|ul|ol|li|code|pre|h[1-6]|span|table|tr|td|th|tbody|thead|blockquote|img|div|sub|sup|hr)\b)")
    for name in ["postgresql-doc", "python3.11-doc", "sqlite3-doc", "git-doc"]:
        for folder in root.glob(name + "*"):
            for _, text in list(texts(folder, ["*.html"]))[:400]:
                for piece in re.findall(r"(?s)<(?:p|ul|table|blockquote)\b[^>]*>.*?</(?:p|ul|table|blockquote)>", text)[3:30:4]:
                    if 30 < len(piece) < 2000 and not safe.search(piece):
                        yield f"rich text {name}", piece


def agents(root):
    for file in (root / "fake_useragent").rglob("*.jsonl"):
        for line in file.read_text().splitlines():
            yield "user-agent", json.loads(line)["useragent"]


def openapi(root):
    """Examples and descriptions of a large API."""
    seen = 0
    def walk(node, key):
        if isinstance(node, dict):
            for name, child in node.items():
                yield from walk(child, name)
        elif isinstance(node, list):
            for child in node:
                yield from walk(child, key)
        elif isinstance(node, str) and 3 < len(node) < 3000:
            yield node
    for file in (root / "octokit-openapi").rglob("api.github.com.json"):
        for value in dict.fromkeys(walk(json.loads(file.read_text()), "")):
            seen += 1
            if seen < 9000:
                yield "openapi", value


def webhooks(root):
    """Every text in the examples of what a code host sends to applications."""
    def walk(node):
        if isinstance(node, (dict, list)):
            for child in node.values() if isinstance(node, dict) else node:
                yield from walk(child)
        elif isinstance(node, str) and 3 < len(node) < 3000:
            yield node
    for file in (root / "octokit-webhooks-examples").rglob("api.github.com/index.json"):
        for value in list(dict.fromkeys(walk(json.loads(file.read_text()))))[:9000]:
            yield "webhooks", value


def prompts(root):
    """Honest messages to chat bots; the others of that corpus attack models, not applications."""
    for file in (root / "bastioncorpus").rglob("*.jsonl"):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            if "benign" in json.dumps(entry).lower():
                for key in ("text", "payload", "prompt", "content"):
                    if isinstance(entry.get(key), str):
                        yield "prompts", entry[key]


# What the texts below are of, by the beginning of the name of the folder they come from.
MANUALS = ["python-django-doc", "python-jinja2-doc", "python-flask-doc", "python-sqlalchemy-doc", "debian-reference", "gnome-user-docs"]


def guides(root):
    """Documentation in several languages: of a web framework, of templates, of SQL, of a desktop."""
    for name in MANUALS:
        for folder in sorted(root.glob(name + "*")):
            for _, text in list(texts(folder, ["*.html", "*.page", "*.txt", "*.txt.gz"]))[:500]:
                for piece in re.split(r"\n\s*\n", stripped(text))[3:60:3]:
                    if 25 < len(piece.strip()) < 3000:
                        yield name, piece.strip()


def strings_of(value):
    if isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from strings_of(child)
    elif isinstance(value, str):
        yield value


def made_up(root):
    """Names, products, addresses, sentences and words of 30 languages."""
    for file in sorted((root / "mimesis/mimesis/datasets").rglob("*.json")):
        with contextlib.suppress(ValueError):
            for text in strings_of(json.loads(file.read_text())):
                if len(text) > 5 and number(text, 40) == 0:
                    yield "mimesis", text


def constants_in(file):
    """Texts of a module that are no documentation."""
    for node in ast.walk(ast.parse(file.read_text(errors="replace"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            yield node.value


def formulas(root):
    """LaTeX and formulas, and the identifiers of chemical substances."""
    for part in ["printing/tests", "parsing/tests", "core/tests"]:
        for file in sorted((root / "sympy/sympy" / part).glob("*.py")):
            for text in constants_in(file):
                if len(text) > 6:
                    yield "formulas", text
    for file in sorted((root / "chemicals").rglob("*.tsv")):
        for line in file.read_text(errors="replace").splitlines()[1:]:
            cells = [cell for cell in line.split("\t") if len(cell) > 6]
            for cell in cells:
                if number(cell, 600) == 0:
                    yield "substances", cell


def tables(root):
    """Lines of CSV and records of JSON as a spreadsheet or a program sends them."""
    for file in sorted((root / "vega_datasets").rglob("*")):
        if file.suffix == ".csv":
            for line in file.read_text(errors="replace").splitlines()[:400:2]:
                yield "tables", line
        elif file.suffix == ".json" and file.stat().st_size < 4_000_000:
            with contextlib.suppress(ValueError):
                data = json.loads(file.read_text())
                for record in (data if isinstance(data, list) else [])[:600:2]:
                    yield "tables", json.dumps(record)
                    yield from (("tables", text) for text in strings_of(record) if len(text) > 3)


def interfaces(root):
    """Examples of requests and answers of some hundred services, and what their fields are said to mean."""
    for file in sorted((root / "botocore").rglob("examples-1.json*")):
        data = json.loads(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_text())
        for examples in data.get("examples", {}).values():
            for example in examples:
                yield "interfaces", json.dumps(example.get("input", {}))
                yield from (("interfaces", text) for text in strings_of(example) if len(text) > 3)
    for file in sorted((root / "botocore").rglob("service-2.json*")):
        if number(str(file), 8) == 0:
            data = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
            found = [html.unescape(text.replace("\\\"", '"').replace("\\n", "\n")) for text in re.findall(r'"documentation":"((?:[^"\\\\]|\\\\.)*)"', data)][:3000:12]
            yield from (("descriptions", text) for text in found if 20 < len(text) < 2000)


def patterns(root):
    """Regular expressions and the user agents they are for."""
    for file in sorted((root / "uap-core").rglob("*.yaml")):
        for text in re.findall(r"(?m)^\s*-?\s*(?:regex|user_agent_string):\s*'(.*)'\s*$", file.read_text(errors="replace")):
            yield "expressions", text.replace("''", "'")


def graphql(root):
    """Types of an interface as a document of GraphQL has them, and queries made of their fields."""
    for file in sorted((root / "octokit-graphql-schema").rglob("schema.graphql")):
        blocks = re.split(r"\n\s*\n", file.read_text())
        yield from (("graphql", block.strip()) for block in blocks[::9] if 30 < len(block) < 3000)
        names = re.findall(r"(?m)^  (\w+)\(", file.read_text())
        for first, second in zip(names[::7], names[3::7]):
            yield "graphql", f"query Q($id: ID!) {{ node(id: $id) {{ id {first}(first: 10) {{ nodes {{ {second} }} }} }} }}"
            yield "graphql", f'mutation {{ {first}(input: {{clientMutationId: "{second}", body: "done"}}) {{ clientMutationId }} }}'


def logs(root):
    """Lines of the logs of servers, as somebody pastes them into a ticket."""
    for file in sorted((root / "fail2ban").rglob("tests/files/logs/*")):
        if file.is_file():
            lines = [line for line in file.read_text(errors="replace").splitlines() if len(line) > 20 and not line.startswith("#")]
            yield from (("logs", line) for line in lines[:80])


def beacons(root):
    """What scripts and single sign-on put into addresses: nested addresses, campaigns, signatures, tokens, images."""
    places = ["https://www.example.com/a?b=1&c=2#d", "https://app.example.org/cb?state=x%3D1", "/account/orders?page=2&sort=-date", "https://xn--bcher-kva.example/über?q=a b"]
    for step in range(400):
        digest = hashlib.sha256(str(step).encode()).digest()
        token, place = base64.urlsafe_b64encode(digest).decode().rstrip("="), places[step % len(places)]
        signed = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{token[:20]}/20240101/eu-west-1/s3/aws4_request", "X-Amz-Date": "20240101T000000Z", "X-Amz-Expires": "3600", "X-Amz-SignedHeaders": "host", "X-Amz-Signature": digest.hex()}
        sign_in = {"client_id": token[:16], "redirect_uri": place, "response_type": "code", "scope": "openid profile email", "state": token, "nonce": token[4:20], "code_challenge": token, "code_challenge_method": "S256"}
        seen = {"v": "2", "tid": "G-" + token[:8].upper(), "dl": place, "dt": "Shop | Shirts & more – 50% off", "ul": "de-de", "sr": "1920x1080", "en": "page_view", "ep.debug": "{}", "_p": str(number(token, 1 << 30))}
        campaign = {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "summer_sale|2024", "utm_content": "cta; top", "gclid": token}
        for query in (signed, sign_in, seen, campaign):
            yield "beacons", place.split("?")[0] + "?" + urlencode(query)
            yield "beacons", quote(urlencode(query), safe="")
        part = lambda data: base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")
        yield "beacons", ".".join([part({"alg": "RS256", "kid": token[:8]}), part({"sub": str(step), "iss": "https://id.example", "aud": ["a", "b"]}), token])
        yield "beacons", "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + digest * 6).decode()
        yield "beacons", base64.b64encode(b"\x0a\x10" + digest + b"\x12\x08" + digest[:8]).decode()
        yield "beacons", json.dumps({"events": [{"t": step, "type": "click", "target": "div#main > a.btn:nth-child(2)", "url": place, "ua": "Mozilla/5.0 (X11; Linux x86_64)"}], "sid": token})


BENIGN = {"faker": faker, "manuals": manual, "fortunes": fortunes, "documents": documents, "rich-text": rich, "agents": agents,
          "openapi": openapi, "webhooks": webhooks, "prompts": prompts, "guides": guides, "made-up": made_up, "formulas": formulas,
          "tables": tables, "interfaces": interfaces, "patterns": patterns, "graphql": graphql, "logs": logs, "beacons": beacons}
