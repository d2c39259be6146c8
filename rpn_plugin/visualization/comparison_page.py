"""Several runs side by side as one HTML page that needs nothing else: no script, no file, no network."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from rpn_plugin.shown_names import one_line
from rpn_plugin.visualization.svg_charts import Line, bar_chart, colour, dash, line_chart

LOSS = 'loss'
"""The sum of a run's losses; it is shown first and the others below."""

STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #5b6675; --line: #dfe3e8;
  --warn: #fff4dd; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --card: #1d232a; --ink: #e8ecf1; --soft: #9aa5b3;
  --line: #323a44; --warn: #3a2f14; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 77rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.25rem; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem;
  margin: 0 0 1rem; }
.warn { background: var(--warn); } .warn ul { margin: 0; padding-left: 1.2rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; position: sticky; top: 0; background: var(--paper);
  padding: .5rem 0; overflow-wrap: anywhere; }
.legend svg { width: 34px; height: 10px; margin-right: .4rem; vertical-align: middle; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
.text { text-align: left; white-space: normal; overflow-wrap: break-word; min-width: 9rem; max-width: 24rem; }
td.best { font-weight: 700; }
svg { display: block; width: 100%; max-width: 52rem; } .legend svg { display: inline; }
text { fill: var(--ink); font: 11px system-ui, sans-serif; } .label { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); } polyline { fill: none; stroke-width: 1.8; }
summary { cursor: pointer; color: var(--soft); }
"""


@dataclass(frozen=True)
class ComparedRun:
    """What the page shows of one run.

    Args:
        name: Of the run, unlike the others'.
        losses: Name of a loss to its points (iteration, value).
        mean_ap: Points (tIoU, mAP in [0, 1]).
        class_ap: Class to average precision in [0, 1], the mean over the averaged tIoU.
        numbers: Head of a column to a share in [0, 1], best if largest.
        facts: Head of a column to text.
    """

    name: str
    losses: Mapping[str, Line] = field(default_factory=dict)
    mean_ap: Line = ()
    class_ap: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def comparison_page(runs: Sequence[ComparedRun], warnings: Sequence[str],
                    settings: Mapping[str, Sequence[str]]) -> str:
    """Return the page.

    Args:
        runs: At least one.
        warnings: Why their numbers may not be compared, a sentence each.
        settings: Name of a setting that differs to its value in each run.
    """
    places = {run.name: index for index, run in enumerate(runs)}
    title = f'Comparison of {len(runs)} run{"s" * (len(runs) > 1)}'
    body = [f'<h1>{title}</h1>']
    if warnings:
        items = ''.join(f'<li>{_text(warning)}</li>' for warning in warnings)
        body.append(f'<section class="warn"><h2>Before you compare</h2><ul>{items}</ul></section>')
    body += [_legend(places), _section('Numbers', f'<div class="wide">{_numbers(runs)}</div>')]
    over = line_chart({run.name: [(tiou, 100 * value) for tiou, value in run.mean_ap] for run in runs}, 'tIoU',
                      'mAP in %', places)
    losses = {name: line_chart({run.name: run.losses.get(name, ()) for run in runs}, 'iteration', name, places)
              for name in dict.fromkeys(name for run in runs for name in run.losses)}
    charts = [_section(head, chart) for head, chart in (
        ('mAP over tIoU', over), ('Loss over time', losses.pop(LOSS, ''))) if chart]
    body.append(f'<div class="charts">{"".join(charts)}</div>')
    if any(losses.values()):
        each = ''.join(f'<div>{chart}</div>' for chart in losses.values() if chart)
        body.append(_section('', f'<details><summary>Each loss</summary><div class="charts">{each}</div></details>'))
    classes = _by_class(runs)
    if classes:
        body.append(_section('Average precision of each class in %', bar_chart(classes, places)))
    heads = dict.fromkeys(head for run in runs for head in run.facts)
    facts = {head: [run.facts.get(head, '–') for run in runs] for head in heads}
    body.append(_section('Runs', _transposed(places, facts)))
    if settings:
        body.append(_section('Settings that differ', _transposed(places, settings)))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
            f'content="{policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}'
            f'</title><style>{STYLE}</style></head><body><main>{"".join(body)}</main></body></html>\n')


def _text(value: object) -> str:
    return escape(one_line(value))


def _section(head: str, content: str) -> str:
    return f'<section>{f"<h2>{head}</h2>" if head else ""}{content}</section>'


def _legend(places: Mapping[str, int]) -> str:
    items = [f'<span><svg viewBox="0 0 34 10" aria-hidden="true"><line x1="0" x2="34" y1="5" y2="5" stroke-width="4" '
             f'stroke="{colour(index)}" stroke-dasharray="{dash(index)}"/></svg>{_text(name)}</span>'
             for name, index in places.items()]
    return f'<div class="legend">{"".join(items)}</div>'


def _numbers(runs: Sequence[ComparedRun]) -> str:
    """A row for each run; the best of a column stands out where there are several."""
    heads = dict.fromkeys(head for run in runs for head in run.numbers)
    best = {head: max(run.numbers[head] for run in runs if head in run.numbers) for head in heads}
    rows = []
    for run in runs:
        cells = [f'<td class="text">{_text(run.name)}</td>']
        for head in heads:
            value = run.numbers.get(head)
            mark = ' class="best"' if value is not None and value == best[head] and len(runs) > 1 else ''
            cells.append(f'<td{mark}>{"–" if value is None else f"{100 * value:.2f}"}</td>')
        rows.append(f'<tr>{"".join(cells)}</tr>')
    head = '<th class="text">run, in %</th>' + ''.join(f'<th>{_text(name)}</th>' for name in heads)
    return f'<table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _by_class(runs: Sequence[ComparedRun]) -> dict[str, dict[str, float]]:
    """Class to the average precision in % of each run that has it, the best classes first."""
    names = dict.fromkeys(label for run in runs for label in run.class_ap)
    found = {label: {run.name: 100 * run.class_ap[label] for run in runs if label in run.class_ap} for label in names}
    return dict(sorted(found.items(), key=lambda item: -sum(item[1].values()) / len(item[1])))


def _transposed(places: Mapping[str, int], rows: Mapping[str, Sequence[str]]) -> str:
    """A column for each run."""
    head = ''.join(f'<th class="text">{_text(name)}</th>' for name in ('', *places))
    body = ''.join(f'<tr>{"".join(f"""<td class="text">{_text(value)}</td>""" for value in (name, *values))}</tr>'
                   for name, values in rows.items())
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
