"""Reads payloads out of the sources of scanners, as syntax and never by running them."""

import ast
import re

# What the name of a file or a list of a scanner says about its class.
NAMED = [("nosql", "nosql"), ("sqli", "sqli"), ("sql_injection", "sqli"), ("blind", "sqli"), ("xss", "xss"), ("ssti", "template"),
         ("template", "template"), ("cmd", "shell"), ("command", "shell"), ("rce", "shell"), ("traversal", "path-traversal"),
         ("lfi", "path-traversal"), ("ssrf", "ssrf"), ("xxe", "xxe"), ("crlf", "crlf"), ("ldap", "ldap"), ("xpath", "xpath"),
         ("prototype", "node")]


def named(text):
    return next((kind for mark, kind in NAMED if mark in text.lower()), None)


def constants(node):
    """The texts of lists and of the values of dictionaries, however nested; of a short tuple the first."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.List, ast.Set)):
        for inner in node.elts:
            yield from constants(inner)
    elif isinstance(node, ast.Tuple) and node.elts:
        for inner in node.elts if len(node.elts) > 3 else node.elts[:1]:
            yield from constants(inner)
    elif isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        chosen = [value for key, value in zip(keys, node.values) if key in ("payload", "payloads", "value", "vector", "true", "false")]
        for inner in chosen or node.values:
            yield from constants(inner)


def scanner(folder):
    """What the modules of a scanner assign to names such as `payloads`."""
    telling, other = r"payload|probe|vector|inject|attack|polyglot|bypass", r"indicator|pattern|regex|error|sign|evidence|header|name|param"

    def read(root):
        for file in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(errors="replace"))):
                if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                    continue
                targets = [ast.unparse(target) for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
                fits = any(re.search(telling, name, re.I) for name in targets) and not any(re.search(other, name, re.I) for name in targets)
                kind = named(file.stem) or next((named(name) for name in targets if named(name)), None)
                pairs = [(kind, node.value)]
                if isinstance(node.value, ast.Dict) and not kind:
                    pairs = [(named(str(getattr(key, "value", ""))), value) for key, value in zip(node.value.keys, node.value.values)]
                for known, value in pairs if fits else []:
                    yield from ((known, text.strip("\r\n")) for text in constants(value) if known and re.search(r"[^\w\s.,:-]", text))
    return read



TELLING = re.compile(r"payload|probe|vector|inject|attack|polyglot|bypass|exploit|test", re.I)
OTHER = re.compile(r"indicator|pattern|regex|error|sign|evidence|header|name|param|wordlist|prompt|agent|benign|safe|color|help|usage|desc|severity|remed|keyword|match|success|response|cve|tech|title|path$|paths$|endpoint|subdomain|port|status|log|cmd_args|options|choices|fix|recommend|reference|waf|cookie", re.I)


def texts_of(node):
    """The texts of a list of payloads: plain ones, the first of short tuples, `payload` of dictionaries."""
    for element in node.elts:
        if isinstance(element, ast.Constant) and isinstance(element.value, str):
            yield element.value
        elif isinstance(element, (ast.Tuple, ast.Dict, ast.Call)):
            yield from constants(element) if not isinstance(element, ast.Call) else keywords(element)


def keywords(call):
    """`payload="…"` or the first text among the arguments of a call."""
    for keyword in call.keywords:
        if keyword.arg in ("payload", "value", "vector") and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            yield keyword.value.value
            return
    for argument in call.args[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def by_context(folder, kind=None, least=3):
    """Every list of at least `least` texts whose surroundings (module, class, function, variable, key) name
    a class of attacks and payloads; `kind` is the class of a scanner that has only one."""

    def walk(node, names):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [*names, node.name]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [*names, *(ast.unparse(target) for target in targets)]
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            texts = [text for text in texts_of(node) if re.search(r"[^\w\s.,:-]", text)]
            inner = names[-3:]
            known = kind or next((named(name) for name in reversed(names) if named(name)), None)
            fits = any(TELLING.search(name) for name in inner) and not any(OTHER.search(name) for name in names[-1:])
            if known and fits and len(texts) >= least:
                yield from ((known, text.strip("\r\n")) for text in texts)
                return
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                label = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
                yield from walk(value, [*names, label] if label else names)
            return
        for child in ast.iter_child_nodes(node):
            yield from walk(child, names)

    def read(root):
        for file in sorted((root / folder).rglob("*.py")):
            try:
                tree = ast.parse(file.read_text(errors="replace"))
            except SyntaxError:
                continue  # written for another version of the language
            yield from walk(tree, [file.stem])
    return read


def js_lists(path, kind):
    """Every text of the lists in a module of JavaScript: one a line, in quotes."""

    def read(root):
        for file in sorted((root / path).parent.glob((root / path).name)):
            for text in re.findall(r"""^\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`),?\s*(?://.*)?$""", file.read_text(errors="replace"), re.M):
                value = next((part for part in text if part), "")
                if value:
                    yield kind, re.sub(r"\\(['\"`\\])", r"\1", value)
    return read


def literals_holding(folder, kind, sign):
    """Every text of a module that holds `sign`, read without a parser: for modules of another version of
    Python. Places that are filled in later (`{name}`) get a word."""

    def read(root):
        for file in sorted((root / folder).rglob("*.py")):
            source = file.read_text(errors="replace")
            for text in re.findall(r"""(?s)\"\"\"(.*?)\"\"\"|'''(.*?)'''|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)\"""", source):
                value = next((part for part in text if part), "")
                if re.search(sign, value) and len(value) < 2000 and not re.search(r"\bdef |\breturn |re\.|\\s", value):
                    value = re.sub(r"\{\w+\}", "x7", value).replace("\\n", "\n").replace("\\'", "'").replace('\\"', '"')
                    yield kind, value.strip()
    return read
