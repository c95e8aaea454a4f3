"""SciTrace: projects with research data, their owners, members and classes. A Flask application
without security code: who may what is decided in front of it.

    flask --app app run --port 5000

`X-Forwarded-User` names who asks; Mantlet sets it, and no client can. What Mantlet has to know of a
project it asks for below `/.facts`, which no client reaches.
"""

import os
import sqlite3

from flask import Flask, abort, g, jsonify, redirect, render_template_string, request
from markupsafe import escape

SCHEMA = """
CREATE TABLE IF NOT EXISTS project (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL,
    class TEXT NOT NULL DEFAULT 'internal', data TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS member (
    project INTEGER NOT NULL REFERENCES project (id), user TEXT NOT NULL,
    may_write INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (project, user));
"""
CLASSES = ("public", "internal", "confidential", "restricted")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><p>{{ user or "nobody" }} · <a href="/">projects</a>{% if user %}
· <a href="/.mantlet/sign-out">sign out</a>{% endif %}</p><h1>{{ title }}</h1>{{ main }}</body></html>"""

app = Flask(__name__)


def db() -> sqlite3.Connection:
    if "db" not in g:
        g.db = sqlite3.connect(os.environ.get("SCITRACE_DB", "scitrace.db"))
        g.db.row_factory = sqlite3.Row
        g.db.executescript(SCHEMA)
    return g.db


@app.teardown_appcontext
def close(_error) -> None:
    if "db" in g:
        g.pop("db").close()


def user() -> str:
    return request.headers.get("X-Forwarded-User", "")


def project(number: int) -> sqlite3.Row:
    row = db().execute("SELECT * FROM project WHERE id = ?", (number,)).fetchone()
    return row or abort(404)


def page(title: str, main: str):
    from markupsafe import Markup

    return render_template_string(PAGE, title=title, main=Markup(main), user=user())


@app.get("/")
def index():
    rows = db().execute(
        "SELECT id, name, class FROM project WHERE class IN ('public', 'internal') OR owner = ?1"
        " OR id IN (SELECT project FROM member WHERE user = ?1) ORDER BY id",
        (user(),),
    )
    items = (f'<li><a href="/projects/{r["id"]}">{escape(r["name"])}</a></li>' for r in rows)
    return page("Projects", f"<ul>{''.join(items)}</ul>")


@app.get("/projects/<int:number>")
def show(number: int):
    row = project(number)
    return page(row["name"], f'<p id="class">{row["class"]}</p><pre id="data">{escape(row["data"])}</pre>')


@app.post("/projects")
def create():
    wanted = request.form.get("class", "internal")
    if wanted not in CLASSES:
        abort(400)
    name, data = request.form.get("name", ""), request.form.get("data", "")
    added = db().execute(
        "INSERT INTO project (name, owner, class, data) VALUES (?, ?, ?, ?)",
        (name, user(), wanted, data),
    )
    db().commit()
    return redirect(f"/projects/{added.lastrowid}", 303)


@app.put("/projects/<int:number>")
def change(number: int):
    project(number)
    db().execute("UPDATE project SET data = ? WHERE id = ?", (request.get_data(as_text=True), number))
    db().commit()
    return "", 204


@app.delete("/projects/<int:number>")
def remove(number: int):
    project(number)
    db().execute("DELETE FROM member WHERE project = ?", (number,))
    db().execute("DELETE FROM project WHERE id = ?", (number,))
    db().commit()
    return "", 204


@app.put("/projects/<int:number>/members/<name>")
def join(number: int, name: str):
    project(number)
    may_write = request.get_data(as_text=True) == "write"
    db().execute("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", (number, name, may_write))
    db().commit()
    return "", 204


@app.get("/people/<name>/notes")
def notes(name: str):
    return page(f"Notes of {name}", "")


@app.get("/.facts/projects/<int:number>")
@app.get("/.facts/projects/<int:number>/<path:_below>")
def facts(number: int, _below: str = ""):
    row = project(number)
    members = db().execute("SELECT user, may_write FROM member WHERE project = ?", (number,)).fetchall()
    return jsonify(
        {
            "resource": f"project:{number}",
            "class": row["class"],
            "owner": row["owner"],
            "readers": [m["user"] for m in members],
            "writers": [m["user"] for m in members if m["may_write"]],
        }
    )
