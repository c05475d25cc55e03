"""What examples and a description say about the type of a page. Pure.

An engine by rules has spoken first (`Said`). What decides, in this order:

    the engine is sure of a shipped type     it stands, whatever the neighbours are
    it is less sure of one                   it stands, unless AGREEING neighbours as good as
                                             identical to the page all say otherwise
    it says unknown, or a type of the        such neighbours can make it a shipped type; else
    operator's own                           the evidence for the operator's own types is added
                                             up: near examples, titles, words of descriptions

Similarities are cosines of unit vectors. A type is its slug, unknown is "".
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp

from documents.fields import fold
from search import terms

# From this confidence on, the engine's word for a shipped type is final.
SURE = 0.9
NEIGHBOURS = 10
# How many examples as near as this must agree before a less sure engine is overruled.
AGREEING = 3
IDENTICAL = 0.93

# An example at this similarity counts as much as the possibility that a page is of no type;
# each SCALE nearer or farther, e times as much or as little.
LEVEL = 0.7
SCALE = 0.05
# More examples of a type than these add nothing: it is how near they are that tells.
COUNTED = 3
# A heading that its examples share makes them count more, or less where all others have it;
# alone it says little, since it may be a letterhead. The name of the type speaks for itself.
TITLED = 6.0
UNTITLED = 0.15
NAMED = 2.0
USUAL = 0.75

# A description of fewer telling words is no description.
LEAST_WORDS = 5
# Different telling words of a page that is full, but no list of all there is.
WORDY = 250
DESCRIBED = 0.9
DESCRIBED_SCALE = 0.15
# A description alone: below what a document needs to pass without a person.
CAP_DESCRIBED = 0.55
CAP_TITLED = 0.85

_HEAD_LINES = 12
_HEADING_CHARS = 60
_DIGIT = re.compile(r"\d")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The engine's word for a page."""

    type: str
    confidence: float
    runner_up: str = ""
    runner_up_confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A page of which a person said what it is, and how near it stands (-1..1)."""

    type: str
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a page shows of one type.

    examples: how many the type has; wording: share of the description's telling words that
    stand on the page, 0..1; likeness: cosine of page and description; is_named: its name
    stands as a title; is_titled: that, or a heading that its examples share;
    is_title_usual: nearly all of its examples are titled."""

    examples: int = 0
    wording: float = 0.0
    likeness: float = 0.0
    is_named: bool = False
    is_titled: bool = False
    is_title_usual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The type of a page after all; is_taught where the engine alone would not have said so."""

    type: str
    confidence: float
    runner_up: str
    runner_up_confidence: float
    is_taught: bool


def decide(
    said: Said,
    neighbours: Sequence[Neighbour],
    signs: Mapping[str, Signs],
    shipped: Collection[str],
) -> Decision:
    """The type of a page. `neighbours` nearest first; `signs` of every type of the operator's
    own that may be given."""
    if is_final(said, shipped):
        return _kept(said)
    agreed = _agreed(said, neighbours, offered={"", *shipped, *signs})
    if said.type in shipped:
        return agreed or _kept(said)
    if agreed is not None and agreed.type in shipped:
        return agreed
    return _weighed(said, neighbours, signs)


def is_final(said: Said, shipped: Collection[str]) -> bool:
    """Whether no example can change the engine's word, so that none need be asked."""
    return said.type in shipped and said.confidence >= SURE


def _kept(said: Said) -> Decision:
    return Decision(
        type=said.type,
        confidence=said.confidence,
        runner_up=said.runner_up,
        runner_up_confidence=said.runner_up_confidence,
        is_taught=False,
    )


def _agreed(
    said: Said, neighbours: Sequence[Neighbour], *, offered: Collection[str]
) -> Decision | None:
    """What AGREEING neighbours as good as identical to the page all say against the engine."""
    nearest = neighbours[:AGREEING]
    types = {one.type for one in nearest}
    if len(nearest) < AGREEING or len(types) > 1 or nearest[-1].similarity < IDENTICAL:
        return None
    (other,) = types
    if other == said.type or other not in offered:
        return None
    agreeing = sum(one.type == other and one.similarity >= IDENTICAL for one in neighbours)
    sure = _succession(agreeing)
    return Decision(
        type=other,
        confidence=sure,
        runner_up=said.type,
        runner_up_confidence=round(min(said.confidence, 1 - sure), 3),
        is_taught=True,
    )


def _weighed(said: Said, neighbours: Sequence[Neighbour], signs: Mapping[str, Signs]) -> Decision:
    # A type that is not offered is still none of those that are.
    neighbours = [one if one.type in signs else replace(one, type="") for one in neighbours]
    shown = {slug: _shown(slug, neighbours, sign) for slug, sign in signs.items()}
    told = {slug: _told(sign) for slug, sign in signs.items()}
    caps = {slug: _cap(sign, shown[slug] >= told[slug]) for slug, sign in signs.items()}
    if said.type in signs:
        shown[said.type] = max(shown[said.type], _odds(said.confidence))
        caps[said.type] = max(caps[said.type], said.confidence)
    none = 1.0 + _nearness("", neighbours)
    whole = none + sum(shown.values()) + sum(told.values())
    shares = {slug: min((shown[slug] + told[slug]) / whole, caps[slug]) for slug in signs}
    shares[""] = none / whole
    ranked = sorted(shares, key=lambda slug: -shares[slug])
    best = ranked[0] if shares[ranked[0]] >= 0.5 else ""
    second = next(slug for slug in (*ranked, "") if slug != best) if len(ranked) > 1 else ""
    confidence = shares[best] if best else max(shares[""], 1 - shares[ranked[0]])
    if not best and said.type == "":
        confidence = min(confidence, said.confidence)
    return Decision(
        type=best,
        confidence=round(confidence, 3),
        runner_up=second,
        runner_up_confidence=round(min(shares.get(second, 0.0), 1 - confidence), 3),
        is_taught=best != said.type,
    )


def _shown(slug: str, neighbours: Sequence[Neighbour], sign: Signs) -> float:
    """What examples and titles say for a type."""
    near = _nearness(slug, neighbours)
    if sign.is_titled:
        near *= TITLED
    elif sign.is_title_usual:
        near *= UNTITLED
    return max(near, NAMED) if sign.is_named else near


def _odds(confidence: float) -> float:
    """What the engine's word weighs against the possibility that a page is of no type."""
    return confidence / max(0.01, 1 - confidence)


def _told(sign: Signs) -> float:
    """What the description says for a type: the less the more examples there are."""
    if not sign.wording:
        return 0.0
    told = exp((sign.wording + sign.likeness - DESCRIBED) / DESCRIBED_SCALE)
    return told / (1 + sign.examples)


def _nearness(slug: str, neighbours: Sequence[Neighbour]) -> float:
    own = [one.similarity for one in neighbours if one.type == slug][:COUNTED]
    return sum(exp((similarity - LEVEL) / SCALE) for similarity in own)


def _cap(sign: Signs, is_shown: bool) -> float:
    """No surer than the number of examples allows, or than a description can make us."""
    known = _succession(sign.examples) if is_shown and sign.examples else CAP_DESCRIBED
    return max(known, CAP_TITLED) if sign.is_named else known


def _succession(count: int) -> float:
    """Laplace's rule of succession: how sure `count` cases without a miss can make us."""
    return round((count + 1) / (count + 2), 3)


def telling_words(text: str) -> frozenset[str]:
    """The terms of a text but those of words that carry grammar only."""
    return frozenset(
        term
        for word in terms.words(text)
        if not terms.is_stop_word(text[word.start : word.end])
        for term in word.terms
    )


def wording(description: frozenset[str], page: frozenset[str]) -> float:
    """Share of a description's telling words that stand on a page; 0 for too few words.

    A page of very many words has some of every description, so it counts for less."""
    if len(description) < LEAST_WORDS:
        return 0.0
    return len(description & page) / len(description) * min(1.0, WORDY / max(1, len(page)))


def headings(text: str) -> frozenset[str]:
    """The lines at the head of a page that may be titles: short, of words, without digits."""
    lines = [squeezed(line) for line in text[:3_000].splitlines() if line.strip()][:_HEAD_LINES]
    return frozenset(line for line in lines if 4 <= len(line) <= _HEADING_CHARS)


def squeezed(line: str) -> str:
    """The letters of a line, folded; "" where it holds digits and is no bare title."""
    if len(line) > 2 * _HEADING_CHARS or _DIGIT.search(line):
        return ""
    # Examples are many and most of their lines are plain; `fold` goes by the character.
    folded = line.lower() if line.isascii() else fold(line)
    return _NO_LETTER.sub("", folded)


def shared_headings(
    own: Sequence[frozenset[str]], others: Iterable[frozenset[str]]
) -> frozenset[str]:
    """Headings that more than half of a type's examples share, two at least, and that no
    example of anything else has."""
    foreign = frozenset().union(*others)
    counts: dict[str, int] = {}
    for found in own:
        for heading in found - foreign:
            counts[heading] = counts.get(heading, 0) + 1
    return frozenset(
        heading for heading, count in counts.items() if count >= 2 and 2 * count > len(own)
    )
