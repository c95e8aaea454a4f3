"""A strategy dashboard: a forecast under one's own assumptions, notes, and one's own figures."""

import csv
import io

import streamlit as st

SECTORS = {
    "Energy": [102, 99, 108, 115, 121, 118, 127, 133, 131, 140, 146, 152],
    "Health": [88, 91, 95, 94, 101, 107, 110, 116, 123, 121, 130, 134],
    "Retail": [120, 118, 113, 117, 111, 116, 112, 119, 124, 122, 126, 131],
}


def forecast(history: list[float], growth: float, months: int) -> list[float]:
    """The months after the history, growing by `growth` percent a month."""
    last = history[-1]
    return [round(last * (1 + growth / 100) ** month, 1) for month in range(1, months + 1)]


def read_figures(content: bytes) -> list[float]:
    """The numbers in the last column of a CSV file; lines without one are headings."""
    figures = []
    for row in csv.reader(io.StringIO(content.decode("utf-8", errors="replace"))):
        try:
            figures.append(float(row[-1]))
        except (ValueError, IndexError):
            continue
    return figures


def sidebar() -> tuple[str, float, int]:
    """The assumptions."""
    with st.sidebar:
        st.header("Assumptions")
        sector = st.selectbox("Sector", list(SECTORS))
        growth = st.slider("Growth per month, %", -5.0, 5.0, 1.5, step=0.5)
        months = st.slider("Months ahead", 3, 24, 12)
    return sector, growth, months


def outlook(sector: str, growth: float, months: int) -> None:
    """Past and expected figures as a chart and three numbers."""
    history = SECTORS[sector]
    expected = forecast(history, growth, months)
    now, then, change = st.columns(3)
    now.metric("Now", history[-1])
    then.metric(f"In {months} months", expected[-1])
    change.metric("Change", f"{(expected[-1] / history[-1] - 1) * 100:+.1f} %")
    padding = [None] * len(history)
    st.line_chart(
        {
            "past": history + [None] * months,
            "expected": padding[:-1] + [history[-1]] + expected,
        },
        height=260,
    )


def notes() -> None:
    """Decisions of this session, added by a form."""
    decisions = st.session_state.setdefault("decisions", [])
    with st.form("decision", clear_on_submit=True):
        text = st.text_input("Decision", max_chars=200, placeholder="What do we do?")
        is_added = st.form_submit_button("Add decision")
    if is_added and text:
        decisions.append(text)
    st.text(f"Decisions in this session: {len(decisions)}")
    for decision in decisions:
        # Shown as text, not as Markdown: what people type stays what they typed.
        st.text(f"· {decision}")


def review() -> None:
    """A switch that lives in the session's state."""
    is_approved = st.session_state.setdefault("is_approved", False)
    if st.button("Withdraw approval" if is_approved else "Approve the plan"):
        st.session_state.is_approved = not is_approved
        st.rerun()
    if is_approved:
        st.success("The plan is approved")
    else:
        st.info("The plan is a draft")


def own_figures() -> None:
    """Figures from a file."""
    file = st.file_uploader("Own figures (CSV)", type=["csv"])
    if file is None:
        return
    figures = read_figures(file.getvalue())
    if figures:
        st.text(f"{len(figures)} figures, {sum(figures):g} in total")
        st.bar_chart(figures, height=180)
    else:
        st.warning("no figures in the last column of this file")


def main() -> None:
    """The page."""
    st.set_page_config(page_title="Strategy dashboard", layout="wide")
    st.title("Strategy dashboard")
    sector, growth, months = sidebar()
    outlook(sector, growth, months)
    left, right = st.columns(2)
    with left:
        notes()
    with right:
        review()
        own_figures()


main()
