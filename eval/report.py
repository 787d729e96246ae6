"""A result as one HTML page that needs nothing else: tables, plots, and every question with its answer and quotes.

Everything that comes from articles, questions or models is escaped; the page runs no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from eval import plots
from eval.results import Result
from eval.table import NONE, TITLES, with_interval

STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 system-ui,sans-serif;color:#1f2933;background:#f6f7f9;margin:0 auto;max-width:1080px;padding:24px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 10px}
p.of{color:#52606d;margin:0 0 16px}
section.card,details{background:#fff;border:1px solid #e1e5ea;border-radius:8px;padding:14px 18px;margin:10px 0;overflow-x:auto}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid #edf0f3;vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}td small{color:#7b8794}
svg{max-width:100%;height:auto}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:16px}
summary{cursor:pointer}summary b{font-weight:600}
.tag{font-size:12px;border-radius:4px;padding:1px 7px;margin-right:8px;background:#e4e9ef}
.wrong{background:#fbe3d6}.right{background:#dcefe0}
blockquote{margin:6px 0;padding:4px 12px;border-left:3px solid #9aa5b1;background:#f6f7f9}
blockquote.hit{border-color:#3a8a4f}blockquote.miss{border-color:#c4601d}blockquote small{color:#7b8794;display:block}
h4{margin:10px 0 4px;font-size:13px;color:#52606d}
"""


def page(result: Result) -> str:
    """The whole page. The same result gives the same bytes."""
    rows = result["rows"]
    wrong = [row for row in rows if row["right"] is False]
    right = [row for row in rows if row["right"]]
    body = [
        _head(result),
        f"<section class=card>{_figures(result)}</section>",
        _plots(result),
        f"<h2>Wrong: {len(wrong)} of {len(wrong) + len(right)}</h2>",
        *(_question(row) for row in wrong),
        f"<h2>Right: {len(right)}</h2>",
        *(_question(row) for row in right),
    ]
    title = escape(f"{result['system']}: {len(rows)} questions")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
        f"<body>{chr(10).join(part for part in body if part)}</body></html>\n"
    )


def _head(result: Result) -> str:
    questions, made, index = result["questions"], result.get("made", {}), result.get("index", {})
    changed = " with changes" if made.get("changed") else ""
    settings = ", ".join(f"{name} {value}" for name, value in result.get("settings", {}).items())
    about = (
        f"{questions.get('file', '')}, split {questions.get('split', 'all')}"
        f" · commit {made.get('commit', '')[:12] or 'unknown'}{changed}"
        f" · index {index.get('generation', '')} · {index.get('embedder', '')}"
    )
    return (
        f"<h1>{escape(result['system'])}: {questions['rows']} questions</h1><p class=of>{escape(about)}</p>"
        f"<details><summary>Settings</summary><p>{escape(settings)}</p></details>"
    )


def _figures(result: Result) -> str:
    overall = result["figures"]["overall"]
    lines = [[escape(TITLES.get(name, name)), with_interval(figure), str(figure["rows"])] for name, figure in overall.items()]
    return _table(["Metric", "Figure, 95 % interval", "Questions"], lines)


def _plots(result: Result) -> str:
    parts = [f"<h2>By category</h2><section class=card>{plots.by_category(result)}</section>", _category_section(result)]
    if any(row.get("selective") for row in result["rows"]):
        parts.append(
            f"<h2>Does it know when it does not know?</h2><section class='card two'><div><h4>Risk–coverage</h4>"
            f"{plots.risk_coverage(result)}</div><div><h4>Reliability</h4>{plots.reliability(result)}</div></section>"
        )
    if result.get("latency", {}).get("stages"):
        parts.append(f"<h2>Latency</h2><section class=card>{plots.latency(result)}</section>")
    return "\n".join(parts)


def _category_section(result: Result) -> str:
    categories = result["figures"]["by_category"]
    if not categories:
        return ""
    names = [name for name in TITLES if any(name in figures for figures in categories.values())]
    lines = [[escape(TITLES[name]), *(_short(figures.get(name)) for figures in categories.values())] for name in names]
    return f"<section class=card>{_table(['Metric', *(escape(c.replace('_', ' ')) for c in categories)], lines)}</section>"


def _short(figure: dict[str, float] | None) -> str:
    if figure is None:
        return NONE
    return f"{figure['mean']:.2f}<br><small>{figure['low']:.2f}–{figure['high']:.2f}</small>"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already."""

    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}{' class=n' if n else ''}>{cell}</{tag}>" for n, cell in enumerate(cells)) + "</tr>"

    return f"<table><thead>{row(head, 'th')}</thead><tbody>{''.join(row(line, 'td') for line in lines)}</tbody></table>"


def _question(row: dict[str, Any]) -> str:
    verdict = "right" if row["right"] else "wrong"
    history = "".join(f"<p>{escape(earlier)} →</p>" for earlier in row["history"])
    standalone = f"<p class=of>read as: {escape(row['standalone'])}</p>" if row["history"] else ""
    return (
        f"<details id='{escape(row['id'])}'><summary><span class='tag {verdict}'>{escape(row['id'])}</span>"
        f"<b>{escape(row['question'])}</b></summary>{history}{standalone}"
        f"<h4>{escape(row['status'])}, confidence {row['confidence']:.2f}</h4><p>{escape(row['answer']) or '(no answer)'}</p>"
        f"{_held_back(row)}{_conflicts(row)}<h4>Gold answer</h4><p>{_gold(row)}</p>"
        f"<div class=two><div><h4>Gold quotes{_ranks(row)}</h4>{_gold_quotes(row)}</div>"
        f"<div><h4>Cited quotes</h4>{_cited_quotes(row)}</div></div>"
        f"{_judge(row)}</details>"
    )


def _held_back(row: dict[str, Any]) -> str:
    return f"<h4>Held back</h4><p>{escape(row['held_back'])}</p>" if row["held_back"] else ""


def _ranks(row: dict[str, Any]) -> str:
    """Where the first ten passages hold gold evidence."""
    if not row["evidence"]:
        return ""
    ranks = [str(rank) for rank, passage in enumerate(row["retrieved"], 1) if passage.get("covers")]
    return f", in passage {', '.join(ranks)}" if ranks else ", in none of the first ten passages"


def _gold(row: dict[str, Any]) -> str:
    return escape(" · ".join(" / ".join(group) for group in row["gold"])) or "none: it should abstain"


def _gold_quotes(row: dict[str, Any]) -> str:
    hit = {group for citation in row["citations"] for group in citation["hits"]}
    return "".join(
        _quote(quote["quote"], quote["source"], number in hit) for number, group in enumerate(row["evidence"]) for quote in group
    )


def _cited_quotes(row: dict[str, Any]) -> str:
    return "".join(
        _quote(c["quote"], f"[{c['number']}] {c['source']} {c['start']}–{c['end']}: {c['proof']}", bool(c["hits"]))
        for c in row["citations"]
    )


def _quote(text: str, place: str, hit: bool) -> str:
    return f"<blockquote class={'hit' if hit else 'miss'}>{escape(text)}<small>{escape(place)}</small></blockquote>"


def _conflicts(row: dict[str, Any]) -> str:
    shown = ((conflict["about"], " · ".join(value["value"] for value in conflict["values"])) for conflict in row["conflicts"])
    return "".join(f"<p>Sources disagree on {escape(about)}: {escape(values)}</p>" for about, values in shown)


def _judge(row: dict[str, Any]) -> str:
    judge = row.get("judge")
    return f"<h4>Judge</h4><p>{escape(str(judge.get('why', '')))}</p>" if judge else ""
