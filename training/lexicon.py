"""Count the words that people write: what the normaliser puts disguised words back to.

`python -m training.lexicon training/config.toml` counts the messages of the pool and of the corpus'
training part that hold each word and writes the lexicon of `detector.respell`. The texts are counted
before any word is put back. A new lexicon makes a new normaliser: raise `NORMALISER_VERSION` and train.
"""

import gzip
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from detector import respell
from detector.normalise import normalise
from training import config, corpus

PACKAGED = Path("src/detector/respell") / respell.LEXICON
_WORD = re.compile(r"(?<![^\W_])[^\W_]{2,20}(?![^\W_])")
_KNOWN_KIND = re.compile(r"[^\W\d]+|(?=\d*[a-z])[a-z\d]+")
"""Letters, or Arabizi with its digits; not a number, nor Arabic letters with a digit among them."""


def words(texts: Iterable[str]) -> Counter[str]:
    """In how many of the texts each word stands."""
    counts: Counter[str] = Counter()
    for text in texts:
        found = set(_WORD.findall(normalise(text, respelling=False).text))
        counts.update(word for word in found if _KNOWN_KIND.fullmatch(word))
    return counts


def count(settings: config.Config) -> Counter[str]:
    """Of the pool, no source counting more than the settings say for any word, and of the training part."""
    counts: Counter[str] = Counter()
    for texts in corpus.pool_texts(Path(settings.paths.pool)):
        for word, times in words(texts).items():
            counts[word] += min(times, settings.lexicon.most)
    train = corpus.read_part(Path(settings.paths.corpus), Path(settings.paths.split), "train")
    for word, times in words(example.text for example in train).items():
        counts[word] += settings.lexicon.weight * times
    return counts


def pack(counts: Counter[str], least: int) -> bytes:
    """The lexicon's file: words by the logarithm of their share, in halves, the most frequent first."""
    total = counts.total()
    lines: dict[float, list[str]] = defaultdict(list)
    for word, times in counts.items():
        if times >= least:
            lines[round(2 * math.log(times / total)) / 2].append(word)
    text = "".join(f"{share} {' '.join(sorted(lines[share]))}\n" for share in sorted(lines, reverse=True))
    return gzip.compress(text.encode(), mtime=0)


def main() -> None:
    """Write the lexicon."""
    settings = config.from_command_line()
    if not Path(settings.paths.pool).is_dir():
        print(f"{settings.paths.pool}: not there; {PACKAGED} stays as it is")
        return
    packed = pack(count(settings), settings.lexicon.least)
    PACKAGED.write_bytes(packed)
    print(f"{PACKAGED}: {len(gzip.decompress(packed).split())} words, {len(packed) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
