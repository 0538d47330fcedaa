"""Several models on the same texts, one after the other: a model's vectors are given back before the next is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from indexer.comparison.figures import Answered, figures_of
from indexer.comparison.measuring import Candidate, measure
from indexer.comparison.pairs import agreements, differences, disagreements
from indexer.comparison.sample import Sample
from indexer.contract.comparisons import MOST_MODELS, Compared, ModelFigures
from indexer.errors import Cancelled, InvalidRequest, TopicdexError
from indexer.progress import Progress, scaled, throttled

LOADED, EMBEDDED = 0.1, 0.7  # shares of the work on one model
_SMALL_PAIRS = 1_000  # unrelated pairs below which their 99th percentile is hardly known


def check_names(names: Sequence[str]) -> None:
    """Raise InvalidRequest where there are no models, too many, or two of one name."""
    if not 1 <= len(names) <= MOST_MODELS:
        raise InvalidRequest(f"{len(names)} models; name 1 to {MOST_MODELS}")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InvalidRequest(f"two models are called {twice[0]!r}; name each once, and folders differently")


def compare(
    sample: Sample,
    candidates: Sequence[Candidate],
    *,
    progress: Progress | None = None,
    on_model: Callable[[Compared], None] = lambda _: None,
) -> Compared:
    """Return what the models make of a sample.

    A model that fails is reported with its reason, and the others go on. `on_model` is called after each with what is
    known by then; `progress` ends the work by raising. Raises InvalidRequest as `check_names` does.
    """
    check_names([candidate.name for candidate in candidates])
    report = throttled(progress)
    answered: list[Answered] = []
    done: list[ModelFigures] = []
    compared = _compared(sample, done, answered)
    for i, candidate in enumerate(candidates):
        share = scaled(report, i / len(candidates), (i + 1) / len(candidates))
        try:
            answered.append(_answered(candidate, sample, share))
            done.append(answered[-1].figures)
        except Cancelled:
            raise
        except TopicdexError as error:
            done.append(ModelFigures(name=candidate.name, error=str(error)))
        compared = _compared(sample, done, answered)
        on_model(compared)
    report(1.0)
    return compared


def _answered(candidate: Candidate, sample: Sample, progress: Progress) -> Answered:
    progress(0.0)
    embedder = candidate.load()
    progress(LOADED)
    measured = measure(embedder, sample, scaled(progress, LOADED, EMBEDDED))
    del embedder  # the next model needs its memory
    answered = figures_of(candidate.name, measured, sample, scaled(progress, EMBEDDED, 1.0))
    price = candidate.price(sample.texts)
    priced = {"tokens_per_text": price.tokens, "price_per_million": price.usd, "price_dated": price.dated}
    return replace(answered, figures=answered.figures.model_copy(update=priced))


def _compared(sample: Sample, models: Sequence[ModelFigures], answered: Sequence[Answered]) -> Compared:
    disagreeing, shown = disagreements(answered, sample)
    return Compared(
        rows=len(sample.rows),
        distinct_texts=len(sample.texts),
        labels=list(sample.topics),
        no_topic_rows=int((~sample.in_scope).sum()) if sample.topics else 0,
        seed=sample.seed,
        models=list(models),
        agreement=agreements(answered),
        differences=differences(answered, sample),
        disagreeing=disagreeing,
        disagreements=shown,
        messages=list(_messages(sample, models)),
    )


def _messages(sample: Sample, models: Sequence[ModelFigures]) -> list[str]:
    """Return what a reader must know of these figures."""
    found = []
    if not sample.topics:
        found.append("no labels: accuracy, none AUROC and V-measure need them")
    elif len(sample.topics) == 1:
        found.append("one label only: every answer is right, so accuracy and V-measure say nothing")
    if len(sample.texts) < 2:
        found.append("there are no two different texts: similarities have no range")
    elif len(sample.pairs.unrelated) < _SMALL_PAIRS:
        found.append(f"the range comes from {len(sample.pairs.unrelated)} unrelated pairs; give more texts")
    for model in models:
        if model.accuracy is not None and model.accuracy.growing is not None:
            found.append(f"{model.name}: {model.accuracy.growing}")
        if model.truncated:
            found.append(f"{model.name} cut {model.truncated} texts that are longer than it reads")
        if model.name.startswith("openai:") and model.error is None:
            found.append(f"{model.name}: vectors that were paid for before came from the cache, at its speed")
        if model.price_dated is not None:
            found.append(f"{model.name}: the price is of {model.price_dated}; prices change")
    if sum(model.error is None for model in models) > 2:
        found.append("of many differences, one in twenty is called more than noise by chance")
    return found
