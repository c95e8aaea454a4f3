"""A server that reads the mood of texts. It contains no security code.

    uvicorn app:app --port 8000      serves it
    python app.py > openapi.json     writes its document, which Mantlet enforces
"""

import json
import re
from datetime import date
from enum import Enum
from typing import Annotated

from fastapi import FastAPI, File, Form, HTTPException, Path, Query, UploadFile
from pydantic import BaseModel, Field

app = FastAPI(title="SAMO", version="1.0.0", description="Reads the mood of texts.")

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Threshold = Annotated[float, Field(ge=0, le=1)]
EntryId = Annotated[int, Path(ge=1, le=2**31 - 1)]

WORDS = {
    "joy": {"happy", "glad", "joy", "love", "great", "froh", "heureux", "feliz"},
    "sadness": {"sad", "cry", "tears", "lonely", "traurig", "triste"},
    "anger": {"angry", "furious", "hate", "wütend"},
    "fear": {"afraid", "fear", "scared", "angst", "peur"},
}
JOURNAL: dict[int, dict] = {}


class Emotion(str, Enum):
    joy = "joy"
    sadness = "sadness"
    anger = "anger"
    fear = "fear"
    neutral = "neutral"


class Analysis(BaseModel):
    text: Text
    threshold: Threshold = 0.5


class Batch(BaseModel):
    texts: Annotated[list[Text], Field(min_length=1, max_length=100)]
    threshold: Threshold = 0.5


class Entry(BaseModel):
    text: Text
    day: date
    title: Annotated[str, Field(max_length=200)] | None = None
    tags: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=10)] = []


class Setting(BaseModel):
    model: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    is_public: bool = False


def mood(text: str, threshold: float) -> dict:
    words = re.findall(r"\w+", text.lower())
    counts = {name: sum(word in known for word in words) for name, known in WORDS.items()}
    best = max(counts, key=counts.get)
    score = counts[best] / max(1, sum(counts.values()))
    return {"emotion": best if counts[best] and score >= threshold else "neutral", "score": score}


@app.get("/health")
def health() -> dict:
    return {"status": "ok"}


@app.post("/analyze")
def analyze(asked: Analysis) -> dict:
    return {"text": asked.text, **mood(asked.text, asked.threshold)}


@app.post("/analyze/batch")
def analyze_batch(asked: Batch) -> dict:
    return {"results": [mood(text, asked.threshold) for text in asked.texts]}


@app.post("/analyze/form")
def analyze_form(text: Annotated[Text, Form()], threshold: Annotated[Threshold, Form()] = 0.5) -> dict:
    return {"text": text, **mood(text, threshold)}


@app.post("/journal", status_code=201)
def write(entry: Entry) -> dict:
    number = len(JOURNAL) + 1
    JOURNAL[number] = {"id": number, **entry.model_dump(mode="json")}
    return JOURNAL[number]


@app.get("/journal")
def search(
    q: Annotated[str, Query(max_length=200)] = "",
    emotion: Emotion | None = None,
    since: date | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    tag: Annotated[list[str], Query(max_length=5)] = [],
) -> list[dict]:
    found = [entry for entry in JOURNAL.values() if q.lower() in entry["text"].lower()]
    return found[:limit]


@app.get("/journal/{entry_id}")
def read(entry_id: EntryId) -> dict:
    if entry_id not in JOURNAL:
        raise HTTPException(404)
    return JOURNAL[entry_id]


@app.delete("/journal/{entry_id}", status_code=204)
def erase(entry_id: EntryId) -> None:
    JOURNAL.pop(entry_id, None)


@app.post("/voice")
def voice(
    recording: Annotated[UploadFile, File()],
    language: Annotated[str, Form(pattern="^[a-z]{2}$")] = "en",
) -> dict:
    size = len(recording.file.read())
    return {"language": language, "bytes": size, **mood("", 0.5)}


@app.put("/admin/settings")
def settings(setting: Setting) -> dict:
    return setting.model_dump()


if __name__ == "__main__":
    print(json.dumps(app.openapi(), indent=1))
