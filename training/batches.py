"""Labelled messages as batches of word pieces, varied anew each epoch as people misspell and disguise."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor

from detector.normalise import normalise
from detector.records import SPAN_LABELS, Label
from training import config, corpus, model
from training.evasions import FAMILIES
from training.exchange import Phrases

UNKNOWN = -1
"""Target of a label, or tag of a token, that is not known and not learnt from."""
UNTAGGED = 255
"""Tag of a character of which is not known whether a span holds it."""
LONGEST_TOGETHER = 320
"""Characters of messages put together: about what is read at once."""
HALF = 0.5
BY_HEART = 0.1
"""How far a network's probabilities may be from the labels of a message that it knows by heart."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Normalised text with one tag a character, the targets of the five labels, and its pair, if any."""

    text: str
    tags: bytes
    targets: tuple[int, ...]
    pair: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of shape (batch, tokens), (batch, tokens), (batch, 5), (batch, tokens) and (contrasts, 2).

    `contrasts` holds the rows of an extortion message and of one with its words and another verdict.
    """

    input_ids: Tensor
    attention_mask: Tensor
    targets: Tensor
    tags: Tensor
    contrasts: Tensor

    def to(self, where: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(*(getattr(self, one.name).to(where, non_blocking=True) for one in fields(self)))


def tag(example: corpus.Example) -> Tagged:
    """Carry spans over to the normalised text. Unknown labels become `UNKNOWN`."""
    plain = normalise(example.text)
    tags = bytearray(len(plain.text))
    for span in example.spans:
        value = SPAN_LABELS.index(span.label) + 1
        for at, (start, end) in enumerate(zip(plain.starts, plain.ends, strict=True)):
            if start < span.end and end > span.start:
                tags[at] = value
    targets = tuple(example.labels.get(label, UNKNOWN) for label in Label)
    return Tagged(plain.text, bytes(tags), targets, example.pair)


def disguise(example: corpus.Example, plain: str, dice: random.Random) -> Tagged | None:
    """The example spelt as by someone who dodges filters; where its spans lie then is not known.

    A spelling that the normaliser undoes, so that nothing but the `plain` text is left, teaches nothing:
    another way is tried. None where it undoes them all.
    """
    for family in dice.sample(list(FAMILIES), len(FAMILIES)):
        found = tag(replace(example, text=FAMILIES[family](example.text, dice), spans=()))
        if found.text != plain:
            return replace(found, tags=bytes([UNTAGGED]) * len(found.text))
    return None


def misspell(example: Tagged, dice: random.Random) -> Tagged:
    """One to three slips of the finger: a letter dropped, doubled or swapped with the next.

    What comes out is normalised again, as the slips of people are before the model reads them.
    """
    text, tags = list(example.text), list(example.tags)
    for _ in range(dice.randint(1, 3)):
        if len(text) < 8:
            break
        at = dice.randrange(1, len(text) - 1)
        slip = dice.choice(("drop", "double", "swap"))
        if slip == "drop":
            del text[at], tags[at]
        elif slip == "double":
            text.insert(at, text[at])
            tags.insert(at, tags[at])
        else:
            text[at], text[at + 1] = text[at + 1], text[at]
    again = normalise("".join(text))
    return replace(example, text=again.text, tags=bytes(tags[start] for start in again.starts))


def hide(batch: Batch, mask: int, share: float, dice: torch.Generator) -> Batch:
    """The batch with that share of the word pieces of its messages hidden, special ones excepted."""
    inside = batch.attention_mask.bool()
    inside[:, 0] = False
    inside.scatter_(1, batch.attention_mask.sum(1, keepdim=True) - 1, False)
    hidden = inside & (torch.rand(inside.shape, generator=dice) < share)
    return replace(batch, input_ids=batch.input_ids.masked_fill(hidden, mask))


def among(example: Tagged, ordinary: Sequence[Tagged], dice: random.Random) -> Tagged:
    """The example with one to three ordinary messages before or after it, as people write in one go.

    Whoever says more says nothing else by it: the targets stay. Nothing grows beyond what is read at once.
    """
    text, tags = example.text, example.tags
    for other in dice.sample(ordinary, min(dice.choice((1, 1, 2, 3)), len(ordinary))):
        if len(text) + len(other.text) > LONGEST_TOGETHER:
            continue
        beside = bytes(len(other.text) + 1)
        if dice.random() < HALF:
            text, tags = f"{other.text} {text}", beside + tags
        else:
            text, tags = f"{text} {other.text}", tags + beside
    return replace(example, text=text, tags=tags)


class Batches:
    """Batches of like length within a token budget, shuffled anew each epoch."""

    def __init__(
        self,
        settings: config.Config,
        tokenizer: Tokenizer,
        batch_tokens: int,
        examples: Sequence[corpus.Example],
    ) -> None:
        self._settings = settings
        self._batch_tokens = batch_tokens
        self._tokenizer = tokenizer
        self._mask = model.mask_of(tokenizer)
        self._labelled = [example for example in examples if example.source != "silver"]
        self._tagged = [tag(example) for example in self._labelled]
        self._phrases = Phrases(self._labelled)
        self._silver = [example for example in examples if example.source == "silver"]
        self._chances = [1.0] * len(self._tagged)
        self._ordinary: dict[tuple[str, str], list[Tagged]] = defaultdict(list)
        for example, tagged in zip(self._labelled, self._tagged, strict=True):
            if example.category == corpus.ORDINARY and not any(tagged.targets):
                self._ordinary[example.dialect, example.script].append(tagged)

    @torch.no_grad()
    def rehearse(self, network: model.ExtortionModel, share: float) -> int:
        """How many labelled messages a network knows by heart; epochs show only a share of them from now on.

        Those of a pair are known together or not at all. What is known teaches little, but is forgotten where
        it never comes again. Source: Robins, Catastrophic Forgetting, Rehearsal and Pseudorehearsal, 1995.
        """
        network.eval()
        where = next(network.parameters()).device
        apart = [0.0] * len(self._tagged)
        for rows, batch in self._collated(self._tagged):
            shown = batch.to(where)
            with model.precision(where):
                told = network(shown.input_ids, shown.attention_mask)[0].float().sigmoid().cpu()
            distances = (told - batch.targets).abs() * (batch.targets != UNKNOWN)
            for row, distance in zip(rows, distances.amax(1).tolist(), strict=True):
                apart[row] = distance
        known = [
            at
            for group in _paired(self._tagged).values()
            if max(apart[at] for at in group) < BY_HEART
            for at in group
        ]
        self._chances = [1.0] * len(self._tagged)
        for at in known:
            self._chances[at] = share
        return len(known)

    def epoch(self, number: int, presumed: int) -> Iterator[Batch]:
        """The batches of an epoch with so many presumed negatives; the same number gives the same ones."""
        dice = random.Random(self._settings.finetune.seed * 1000 + number)
        shown = [at for at, chance in enumerate(self._chances) if chance == 1.0 or dice.random() < chance]
        chosen = [self._varied(at, dice) for at in shown]
        drawn = dice.sample(self._silver, min(len(self._silver), presumed))
        chosen += [tag(replace(example, text=corpus.without_marks(example.text, dice))) for example in drawn]
        batches = list(self.collate(chosen))
        dice.shuffle(batches)
        pieces = torch.Generator().manual_seed(dice.randrange(2**31))
        for batch in batches:
            yield hide(batch, self._mask, self._settings.finetune.masked, pieces)

    def _varied(self, at: int, dice: random.Random) -> Tagged:
        """A labelled example with phrases of others, among others and spelt somehow, as the settings say."""
        wanted, example, plain = self._settings.finetune, self._labelled[at], self._tagged[at]
        if dice.random() < wanted.exchanged:
            example = self._phrases.exchange(example, dice)
            plain = plain if example is self._labelled[at] else tag(example)
        spelt = self._spelt(example, plain, dice)
        if dice.random() < wanted.among:
            return among(spelt, self._ordinary[example.dialect, example.script], dice)
        return spelt

    def _spelt(self, example: corpus.Example, plain: Tagged, dice: random.Random) -> Tagged:
        """An example as it is, disguised or misspelt, in the shares of the settings."""
        lot = dice.random()
        if lot < self._settings.finetune.disguised:
            return disguise(example, plain.text, dice) or plain
        if lot < self._settings.finetune.disguised + self._settings.finetune.noise:
            return misspell(plain, dice)
        return plain

    def collate(self, examples: list[Tagged]) -> Iterator[Batch]:
        """Batches in order of length; the messages of a pair stay together."""
        return (batch for _, batch in self._collated(examples))

    def _collated(self, examples: list[Tagged]) -> Iterator[tuple[list[int], Batch]]:
        """Those batches, each with the places of its messages among the examples."""
        cut = self._settings.finetune.max_tokens
        self._tokenizer.enable_truncation(cut)
        encoded = self._tokenizer.encode_batch([example.text for example in examples])
        groups = _paired(examples)
        longest = {name: max(len(encoded[at].ids) for at in group) for name, group in groups.items()}
        chunk: list[int] = []
        for name in sorted(groups, key=lambda name: longest[name]):
            size = len(chunk) + len(groups[name])
            if chunk and longest[name] * size > self._batch_tokens:
                yield chunk, _tensors([encoded[i] for i in chunk], [examples[i] for i in chunk])
                chunk = []
            chunk += groups[name]
        if chunk:
            yield chunk, _tensors([encoded[i] for i in chunk], [examples[i] for i in chunk])


def _paired(examples: Sequence[Tagged]) -> dict[str, list[int]]:
    """The places of the messages of each pair, and of each that has none by itself."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at, example in enumerate(examples):
        groups[example.pair or f"alone {at}"].append(at)
    return groups


def _contrasts(examples: list[Tagged]) -> list[tuple[int, int]]:
    """Rows of each extortion message with those of its pair that are none."""
    at = list(Label).index(Label.EXTORTION)
    return [
        (one, other)
        for one, first in enumerate(examples)
        for other, second in enumerate(examples)
        if first.pair and first.pair == second.pair and (first.targets[at], second.targets[at]) == (1, 0)
    ]


def _token_tag(tags: bytes, start: int, end: int) -> int:
    """The tag most of a token's characters carry; `UNKNOWN` for special tokens and where it is not known."""
    inside = tags[start:end]
    if not inside or UNTAGGED in inside:
        return UNKNOWN
    return max(set(inside), key=lambda value: (inside.count(value), value))


def _tensors(encoded: list, examples: list[Tagged]) -> Batch:  # type: ignore[type-arg]
    length = max(len(one.ids) for one in encoded)
    ids = torch.ones(len(encoded), length, dtype=torch.long)
    mask = torch.zeros(len(encoded), length, dtype=torch.long)
    tags = torch.full((len(encoded), length), UNKNOWN, dtype=torch.long)
    for row, (one, example) in enumerate(zip(encoded, examples, strict=True)):
        n = len(one.ids)
        ids[row, :n] = torch.tensor(one.ids)
        mask[row, :n] = 1
        tags[row, :n] = torch.tensor([_token_tag(example.tags, *offset) for offset in one.offsets])
    targets = torch.tensor([example.targets for example in examples], dtype=torch.float32)
    contrasts = torch.tensor(_contrasts(examples), dtype=torch.long).reshape(-1, 2)
    return Batch(ids, mask, targets, tags, contrasts)
