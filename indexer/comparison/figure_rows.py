"""The figures of a comparison as rows of text, for a terminal and for a page."""

from __future__ import annotations

from indexer.contract.comparisons import Compared, Difference, ModelFigures, PairScores
from indexer.contract.evaluations import Rate

FIGURES = {
    "accuracy.labels": "accuracy, label names alone",
    "accuracy.grown": "accuracy, grown",
    "none_auroc": "none AUROC",
    "v_measure": "V-measure",
}
Cells = tuple[str, ...]


def figure_rows(compared: Compared) -> list[Cells]:
    """Return a row for each figure, its name first, then its value for each model; what no model has is left out."""
    columns = [_cells(model) for model in compared.models]
    names = list(dict.fromkeys(name for cells in columns for name in cells))
    rows = [(name, *(cells.get(name, "-") for cells in columns)) for name in names]
    return [row for row in rows if any(cell != "-" for cell in row[1:])]


def difference_rows(compared: Compared) -> list[Cells]:
    """Return a row for each pair of models and figure: the difference, its interval, p, and what that says."""
    return [(" minus ".join(d.models), FIGURES[d.figure], *_difference(d)) for d in compared.differences]


def _difference(difference: Difference) -> Cells:
    """Return the difference with its interval, the p of its test, and whether it is noise."""
    d = difference
    p = "< 0.001" if d.p < 0.001 else f"{d.p:.3f}"
    return (
        f"{d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f})",
        f"{p}, {d.test}",
        "noise" if d.noise else "more than noise",
    )


def agreement_rows(compared: Compared) -> list[Cells]:
    """Return a row for each pair of models: the share of the same answers, and of nearest texts that both name."""
    return [(" and ".join(a.models), rate_cell(a.answers), rate_cell(a.neighbours)) for a in compared.agreement]


def disagreement_rows(compared: Compared, most: int) -> list[Cells]:
    """Return a row for each of the most telling disagreements: the text, its label, and each model's answer."""
    names = [model.name for model in compared.models]
    rows = []
    for found in compared.disagreements[:most]:
        answers = {a.model: a.topic if a.right else f"{a.topic} (!)" for a in found.answers}
        rows.append((found.text, found.label, *(answers.get(name, "-") for name in names)))
    return rows


def rate_cell(rate: Rate | None) -> str:
    """Return a rate with its interval."""
    if rate is None or rate.value is None:
        return "-"
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def _cells(model: ModelFigures) -> dict[str, str]:
    """Return the value of each figure that a model has, by the figure's name, in the order of the table."""
    if model.error is not None:
        return {}
    return {**_of_answers(model), **_of_range(model), **_of_cost(model)}


def _of_answers(model: ModelFigures) -> dict[str, str]:
    rates: dict[str, Rate | None] = (
        {}
        if model.accuracy is None
        else {
            FIGURES["accuracy.labels"]: model.accuracy.labels,
            "accuracy, label names alone, centred": model.accuracy.centred,
            "accuracy, label names alone, second half": model.accuracy.labels_there,
            "accuracy, grown on the first half, second half": model.accuracy.grown,
        }
    )
    rates |= {FIGURES["none_auroc"]: model.none_auroc, FIGURES["v_measure"]: model.v_measure}
    return {name: rate_cell(rate) for name, rate in rates.items()}


def _of_range(model: ModelFigures) -> dict[str, str]:
    shown = model.range
    if shown is None:
        return {}
    level = shown.similar_from
    cells = {"random pairs, 5 / 50 / 95 / 99 %": _percentiles(shown.random)}
    if shown.same_topic is not None:
        cells["pairs of one topic, 5 / 50 / 95 / 99 %"] = _percentiles(shown.same_topic)
    cells["similar from"] = f"{level.score:.3f} ({level.low:.3f} to {level.high:.3f})"
    if shown.same_topic_above is not None:
        cells["pairs of one topic above that"] = f"{shown.same_topic_above:.3f}"
    if shown.likelier_from is not None:
        cells["one topic is likelier from"] = f"{shown.likelier_from:.3f}"
    return cells


def _of_cost(model: ModelFigures) -> dict[str, str]:
    cells = {
        "texts a second": (model.texts_per_second, "{:,.0f}"),
        f"milliseconds for one, median of {model.timed}": (model.milliseconds, "{:.1f}"),
        "dimension": (model.dimension, "{}"),
        "bytes a word in memory": (model.bytes_per_word, "{:,}"),
        "bytes a word on disk, about": (model.stored_bytes_per_word, "{:,}"),
        "USD for a million such texts": (model.price_per_million, "{:.2f}"),
        "tokens a text": (model.tokens_per_text, "{:.1f}"),
    }
    return {name: form.format(value) for name, (value, form) in cells.items() if value is not None}


def _percentiles(scores: PairScores) -> str:
    return " / ".join(f"{scores.percentiles[p]:.2f}" for p in ("5", "50", "95", "99"))
