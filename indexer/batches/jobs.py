"""A submission from its beginning to its end: submitted, looked at, taken in, asked again, cancelled.

All of it can be killed at any moment and done again: what was sent is found, what was paid is kept, and one process at
a time works on a submission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace

from indexer.batches.asking import (
    Words,
    batch_embedder,
    check_shared,
    index_words,
    part_name,
    plan,
    price,
    send,
)
from indexer.batches.submissions import Part, Submission, asked_elsewhere, planning
from indexer.batches.taking import Taken, fetch, take_in
from indexer.contract.service import Service
from indexer.contract.words import Counts
from indexer.embedders import as_stored, stored_identity
from indexer.embedders.openai.batch_api import TOO_MANY_TOKENS, BatchAPI, BatchState
from indexer.embedders.openai.embedder import OpenAIEmbedder
from indexer.errors import InvalidRequest, ModelMismatch, ModelUnavailable, NotFound, OverBudget
from indexer.records import Word
from indexer.settings import Settings

FEW = 1_000  # texts that failed, which are asked for at once: a further batch may take a day
_SHOWN = 10  # reasons of the API for one batch

Told = Callable[[str], None]
Opened = Callable[[Settings], AbstractContextManager[Service]]


def submit(
    service: Service, settings: Settings, model: str, words: Words, told: Told
) -> tuple[Submission | None, Counts]:
    """Ask for the texts of words by batches, and index at once the words whose vectors are there.

    Returns the submission, None where there was nothing to ask, and the counts of the words that were indexed. Raises
    as `batch_embedder` and `check_shared` do, OverBudget, and ModelUnavailable where the API does not take it: it is
    kept then, and `resume` goes on.
    """
    settings = as_stored(settings, stored_identity(service.info().model))
    embedder = batch_embedder(settings, model)
    check_shared(service, embedder)
    with ExitStack() as locked:
        with planning(settings):
            new = Submission.new(settings, embedder.address, embedder.identity)
            locked.enter_context(new.locked(0))
            try:
                made = plan(new, service, embedder, words, asked_elsewhere(settings, new), 1)
                new.parts = made.parts
                new.usd, new.dated = price(settings, model, sum(part.tokens for part in made.parts))
                _check_budget(new, settings)
                if made.parts:
                    new.save()
            except BaseException:
                new.remove()
                raise
        counts = index_words(service, (word for word in words() if not made.pending(word)))
        if not made.parts:
            new.remove()
            return None, counts
        try:
            send(new, BatchAPI(model, new.dimensions), told)
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{error}; nothing is lost: go on with topicdex batches resume {new.id}") from error
    return new, counts


def _check_budget(new: Submission, settings: Settings) -> None:
    """Raise OverBudget where the batches would cost more than the budget; that needs a price, as the model did."""
    if settings.budget is not None and new.usd is not None and new.usd > settings.budget:
        raise OverBudget(
            f"the batches would cost about USD {new.usd:.4f} by the prices of {new.dated}, and the budget is USD "
            f"{settings.budget:g}; nothing was sent: give a larger --budget, or fewer texts"
        )


@dataclass
class Outcome:
    """How far a submission is after a look at it; `left`: texts that were not embedded, and are not asked for again."""

    submission: Submission
    taken: Taken
    done: bool = False
    left: int = 0

    def to_json(self) -> dict[str, object]:
        """Return it as the command line prints it with --json."""
        return {
            "id": self.submission.id,
            "done": self.done,
            **vars(self.taken.counts),
            "left": self.left,
            "problems": dict(self.taken.problems),
            "batches": [vars(part) for part in self.submission.parts],
        }


def resume(submission: Submission, settings: Settings, opened: Opened, told: Told, *, again: bool = False) -> Outcome:
    """Take in what is done; once nothing is under way, ask again for what failed, few texts directly.

    `again`: also for what the API refused as a file. `opened` opens the store of settings. Raises ModelUnavailable,
    NotFound where this key sees no such batch, StoreUnavailable, StoreBusy.
    """
    with submission.locked(settings.wait):
        return _Work(submission.reread(), settings, opened, told).go_on(again)


def cancel(submission: Submission, settings: Settings, opened: Opened, told: Told, *, forget: bool = False) -> Outcome:
    """Call off what is under way, take in what was done and paid, and ask for no more.

    `forget`: batches that this key does not see are given up. Raises as `resume` does.
    """
    with submission.locked(settings.wait):
        work = _Work(submission.reread(), settings, opened, told, forget=forget)
        work.call_off()
        return work.go_on(again=True)


def look(submission: Submission) -> None:
    """Ask the API how far the batches of a submission are; raises as `resume` does."""
    api = BatchAPI(submission.model, submission.dimensions)
    for part in submission.parts:
        if part.batch is not None and not part.taken:
            state = api.state(part.batch)
            part.status, part.completed, part.failed = state.status, state.completed, state.failed


class _Work:
    """One process at work on a submission that it has locked."""

    def __init__(
        self, submission: Submission, settings: Settings, opened: Opened, told: Told, *, forget: bool = False
    ) -> None:
        self._submission, self._told, self._forget = submission, told, forget
        self._settings = submission.settings(settings)
        self._opened = opened
        self._api = BatchAPI(submission.model, submission.dimensions)
        if self._api.address != submission.address:
            raise ModelUnavailable(
                f"{submission.id} was submitted to {submission.address}, and OPENAI_BASE_URL leads to "
                f"{self._api.address}; set it as it was"
            )
        submission.tidy()

    def call_off(self) -> None:
        """Cancel the batches that are under way, and submit no more."""
        submission = self._submission
        submission.cancelled = True
        submission.save()
        for part in submission.parts:
            if part.taken:
                continue
            if part.batch is None and part.tried:
                found = self._api.named(part_name(submission, part), submission.made)
                part.batch = found.id if found else None
            if part.batch is None:
                part.taken, part.status = True, "cancelled"
                continue
            with self._forgotten(part):
                self._note(part, self._api.cancel(part.batch))
        submission.save()

    def go_on(self, again: bool) -> Outcome:
        """Take in what has ended; where nothing is under way, finish."""
        submission, taken = self._submission, Taken()
        send(submission, self._api, self._told)
        for part in submission.parts:
            if not part.taken and part.batch is not None:
                with self._forgotten(part):
                    self._look_at(part, part.batch, again, taken)
                submission.save()
        if refused := [part for part in submission.parts if not part.taken and part.status == "failed"]:
            raise _file_refused(submission, refused)
        if all(part.taken for part in submission.parts):
            return self._finish(taken)
        return Outcome(submission, taken)

    def _look_at(self, part: Part, batch: str, again: bool, taken: Taken) -> None:
        """Take in a batch that has ended; one of which the API took no request may be asked for again."""
        submission, state = self._submission, self._api.state(batch)
        self._note(part, state)
        if not state.ended:
            return
        if state.status == "failed":
            if too_many := any(reason.code == TOO_MANY_TOKENS for reason in state.refused):
                submission.most_texts = max(1, part.texts // 2)
                self._told(f"{batch} is more than this key may have waiting; it is asked for again in smaller batches")
            part.taken = too_many or again
            return
        files = fetch(submission, part, state, self._api)
        with self._store() as (service, embedder):
            take_in(submission, part, files, self._api, embedder, service, self._settings, taken)
        part.taken = True
        submission.save()
        for file in files:
            file.unlink()

    def _note(self, part: Part, state: BatchState) -> None:
        part.status, part.completed, part.failed = state.status, state.completed, state.failed
        part.refused = [str(reason) for reason in state.refused]

    @contextmanager
    def _forgotten(self, part: Part) -> Iterator[None]:
        """Give a part up, where that is wanted, of which the API knows nothing for this key."""
        try:
            yield
        except NotFound:
            if not self._forget:
                raise
            part.taken, part.status = True, "forgotten"

    def _finish(self, taken: Taken) -> Outcome:
        """Ask again for the texts that brought nothing; where there are none, the submission is done and removed."""
        submission, old = self._submission, self._submission.parts

        def words() -> Iterable[Word]:
            return submission.words(old)

        with self._store() as (service, embedder), planning(self._settings):
            first = 1 + max(part.number for part in old)
            made = plan(submission, service, embedder, words, asked_elsewhere(self._settings, submission), first)
            others = index_words(service, (word for word in words() if not made.pending(word)))
            taken.counts += replace(others, unchanged=0)  # nearly all were counted when they were taken in
            if submission.cancelled:
                submission.remove()
                return Outcome(submission, taken, done=True, left=len(made.number_of))
            parts = made.parts
            if made.texts <= FEW:
                if made.texts:
                    self._told(f"asking directly for {made.texts} texts that brought no vector")
                asked = {part.number for part in parts if part.texts}
                taken.counts += index_words(service, (word for word in words() if made.part_of(word) in asked))
                parts = [part for part in parts if not part.texts]
            submission.parts = parts
            if not parts:
                submission.remove()
                return Outcome(submission, taken, done=True)
            submission.usd, submission.dated = price(
                self._settings, submission.model, sum(part.tokens for part in parts)
            )
            submission.save()
        submission.tidy()
        send(submission, self._api, self._told)
        return Outcome(submission, taken)

    @contextmanager
    def _store(self) -> Iterator[tuple[Service, OpenAIEmbedder]]:
        """Open the store with its model, and check that vectors of the cache are those that it takes."""
        submission = self._submission
        with self._opened(self._settings) as service:
            service.check_model()
            embedder = batch_embedder(self._settings, submission.model)
            if embedder.identity.dimension != submission.dimension:
                raise ModelMismatch(
                    f"{submission.id} is for {submission.dimension} numbers a text, and {submission.model} gives "
                    f"{embedder.identity.dimension} now; set the dimension as it was"
                )
            check_shared(service, embedder)
            yield service, embedder


def _file_refused(submission: Submission, parts: list[Part]) -> InvalidRequest:
    """Return the error that says what the API has against the files of these parts."""
    reasons = [f"{part.batch}: {'; '.join(part.refused[:_SHOWN]) or 'no reason given'}" for part in parts]
    resume, give_up = (f"topicdex batches {verb} {submission.id}" for verb in ("resume", "cancel"))
    return InvalidRequest(
        f"the API refuses the requests of {' and '.join(reasons)}. Nothing was paid for them. Mend that and submit "
        f"them again ({resume} --again), or give up ({give_up})"
    )
