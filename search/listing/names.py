"""Names of suppliers and recipients in a question, by the names that a project's documents have.
Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz, process

from documents import fields
from search.listing.sheet import Sheet

_FORMS = (
    "pvt private ltd limited llp inc llc gmbh mbh co kg ag corp corporation company plc sdn bhd sa "
    "srl sarl sas spa bv nv oy ab as m s ms messrs the and und et"
)
LEGAL_FORMS = frozenset(_FORMS.split())
_CUE = re.compile(
    r"(?:(?P<firm>supplier|vendor|seller|issuer|recipient|customer|buyer|client|consignee)s?"
    r"(?:\s+(?:is|named|called|name))?|(?P<loose>from|by|of|with|to|for|at))\s*[:\"“']?\s*"
    r"(?:m/s\.?\s+)?$"
)
_FIRM_SUPPLIER = frozenset({"supplier", "vendor", "seller", "issuer"})
_LOOSE_RECIPIENT = frozenset({"to", "for"})
_WORD = re.compile(r"\w+")
_PHRASE = re.compile(
    r"\b(?:supplier|vendor|seller|issuer|recipient|customer|buyer|client|consignee)s?\s+"
    r"(?:is\s+|named\s+|called\s+|name\s+)?[\"“]?(?P<name>\w[\w&.'’-]*(?:\s+(?!(?:above|below|over|"
    r"under|in|on|from|to|for|by|of|with|between|more|less|at|due|and|or|since|before|after|that|"
    r"which|where|who|sorted|order|is|are|was|last|this|next)\b)\w[\w&.'’-]*){0,5})"
)
_LOOSE_PHRASE = re.compile(
    r"\b(?:from|by|of)\s+(?P<name>[a-z][\w&.'’-]{2,}(?:\s+[a-z][\w&.'’-]+)?)"
)
_SAME = 85.0
_MIN_CHARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names of a project's documents."""

    suppliers: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()


@dataclass(slots=True)
class Named:
    """What was found: names as documents have them, or a text that no name has."""

    suppliers: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    supplier_text: str = ""
    recipient_text: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    text: str
    start: int
    end: int


def core(name: str) -> tuple[str, ...]:
    """The words of a name that tell it apart: without its legal form."""
    words = _WORD.findall(fields.fold(name))
    return tuple(word for word in words if word not in LEGAL_FORMS) or tuple(words)


def read_long(sheet: Sheet, known: Known, named: Named, *, common: frozenset[str]) -> None:
    """Names by their first two words at least: before all else, so that the month in "May &
    Sons" is none and the paper in "Zarnik Paper" no document."""
    cores = _cores(known)
    while found := _longest(sheet, cores, is_early=True, common=common):
        _note(sheet, known, named, found)


def read_parts(sheet: Sheet, known: Known, named: Named, *, common: frozenset[str]) -> None:
    """Names by their first words, or by any two; then names that are nearly as written, and at
    last what is called a supplier and is none. common: words that mean something else."""
    cores = _cores(known)
    while found := _longest(sheet, cores, is_early=False, common=common):
        _note(sheet, known, named, found)
    for pattern in (_PHRASE, _LOOSE_PHRASE):
        for match in list(pattern.finditer(sheet.text)):
            if sheet.text[match.start("name") : match.end("name")].strip():
                _nearly(sheet, match, cores, known, named, common=common)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cores:
    """The names of a project by what tells them apart, looked up by the words that a question
    may share with them: a name's first word, or any two in a row. Numbers are places in `all`."""

    all: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    by_first: Mapping[str, list[int]]
    by_pair: Mapping[tuple[str, str], list[int]]
    heads: dict[int, list[str]] = field(default_factory=dict)

    def sharing(self, words: Sequence[str], *, is_early: bool) -> list[int]:
        pairs = set(pairwise(words))
        found = {at for pair in pairs for at in self.by_pair.get(pair, ())}
        if not is_early:
            found.update(at for word in set(words) for at in self.by_first.get(word, ()))
        return sorted(found)

    def heads_of(self, length: int) -> list[str]:
        """The first `length` words of each, as one."""
        if length not in self.heads:
            self.heads[length] = ["".join(parts[:length]) for parts, _ in self.all]
        return self.heads[length]


# Tens of thousands of names take a while to take apart, and are the same in the next question.
@lru_cache(maxsize=2)
def _cores(known: Known) -> _Cores:
    cores: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(known.suppliers | known.recipients):
        cores.setdefault(core(name), []).append(name)
    by_first: dict[str, list[int]] = {}
    by_pair: dict[tuple[str, str], list[int]] = {}
    for at, parts in enumerate(cores):
        for word in parts[:1]:
            by_first.setdefault(word, []).append(at)
        for pair in set(pairwise(parts)):
            by_pair.setdefault(pair, []).append(at)
    whole = tuple((parts, tuple(names)) for parts, names in cores.items())
    return _Cores(all=whole, by_first=by_first, by_pair=by_pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    start: int
    end: int
    names: tuple[str, ...]


def _longest(
    sheet: Sheet,
    cores: _Cores,
    *,
    is_early: bool,
    common: frozenset[str],
) -> _Found | None:
    """The longest run of the question's words that is a name, or part of some."""
    tokens = [
        _Token(text=match[0], start=match.start(), end=match.end())
        for match in _WORD.finditer(sheet.text)
    ]
    words = [token.text for token in tokens if token.text not in LEGAL_FORMS]
    tokens = [token for token in tokens if token.text not in LEGAL_FORMS]
    best: tuple[tuple[int, bool], int, int, list[str]] = ((0, False), 0, 0, [])
    places: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        places.setdefault(word, []).append(at)
    for number in cores.sharing(words, is_early=is_early):
        parts, alike = cores.all[number]
        at, length = _run(words, places, parts, is_early=is_early, common=common)
        # A name that stands there whole goes before those that only begin like it.
        weight = (sum(map(len, words[at : at + length])), length == len(parts))
        if length and weight > best[0]:
            best = (weight, at, length, list(alike))
        elif length and weight == best[0] and at == best[1]:
            best[3].extend(alike)
    if not best[2]:
        return None
    _, at, length, names = best
    end = _with_legal_form(sheet.text, tokens[at + length - 1].end)
    return _Found(start=tokens[at].start, end=end, names=tuple(names))


_ENDINGS = "|".join(sorted(LEGAL_FORMS - {"the", "and", "as", "s"}))
_LEGAL_FORM = re.compile(rf"[\s.,&()]*(?:(?:{_ENDINGS})\b\.?[\s.]*)+")


def _with_legal_form(text: str, end: int) -> int:
    """Past "Pvt. Ltd." behind a name."""
    match = _LEGAL_FORM.match(text, end)
    return match.end() if match else end


def _run(
    words: list[str],
    places: Mapping[str, list[int]],
    parts: tuple[str, ...],
    *,
    is_early: bool,
    common: frozenset[str],
) -> tuple[int, int]:
    """Where a name's words stand in the question, and how many of them in a row."""
    best = (0, 0)
    begins = range(1 if is_early else len(parts))
    starts = sorted((at, begin) for begin in begins for at in places.get(parts[begin], ()))
    for at, begin in starts:
        length = 1
        while (
            at + length < len(words)
            and begin + length < len(parts)
            and words[at + length] == parts[begin + length]
        ):
            length += 1
        if length > best[1] and _is_enough(
            words[at : at + length], parts, begin, is_early=is_early, common=common
        ):
            best = (at, length)
    return best


def _is_enough(
    run: list[str], parts: tuple[str, ...], begin: int, *, is_early: bool, common: frozenset[str]
) -> bool:
    telling = [word for word in run if word not in common and len(word) >= _MIN_CHARS]
    if len(run) == 1:
        return bool(telling) and begin == 0 and not is_early
    return bool(telling)


def _note(sheet: Sheet, known: Known, named: Named, found: _Found) -> None:
    cue = _CUE.search(sheet.text[: found.start])
    start = cue.start() if cue else found.start
    _assign(known, named, found.names, cue)
    sheet.blank(start, found.end)


def _assign(known: Known, named: Named, names: Iterable[str], cue: "re.Match[str] | None") -> None:
    """A word like "supplier" says what a name is; "of" or "for" only where both are known."""
    suppliers = [name for name in names if name in known.suppliers]
    recipients = [name for name in names if name in known.recipients]
    firm, loose = (cue["firm"] or "", cue["loose"] or "") if cue else ("", "")
    wants_recipient = (firm and firm not in _FIRM_SUPPLIER) or loose in _LOOSE_RECIPIENT
    chosen = recipients if wants_recipient else suppliers
    if not chosen and not firm:
        wants_recipient = not wants_recipient
        chosen = recipients if wants_recipient else suppliers
    target = named.recipients if wants_recipient else named.suppliers
    target.extend(name for name in chosen if name not in target)
    if not chosen:
        role = "recipient" if wants_recipient else "supplier"
        first = next(iter(names))
        setattr(named, f"{role}_text", first)
        named.notes.append(f"No document here has “{first}” as its {role}.")


def _nearly(
    sheet: Sheet,
    match: "re.Match[str]",
    cores: _Cores,
    known: Known,
    named: Named,
    *,
    common: frozenset[str],
) -> None:
    text = sheet.question[match.start("name") : match.end("name")].strip(" .,'’-")
    wanted = [word for word in core(text) if word not in common]
    cue = _CUE.search(sheet.text[: match.start("name")])
    if not wanted or (cue is None) or len("".join(wanted)) < _MIN_CHARS:
        return
    heads = cores.heads_of(len(wanted))
    scored = process.extract(
        "".join(wanted), heads, scorer=fuzz.ratio, limit=None, score_cutoff=_SAME
    )
    if scored:
        top = max(score for _, score, _ in scored)
        alike = sorted(at for _, score, at in scored if score == top)
        names = [name for at in alike for name in cores.all[at][1]]
        _assign(known, named, names, cue)
        named.notes.append(f"“{text}” was taken for “{names[0]}”.")
    else:
        firm = cue["firm"] or ""
        is_recipient = bool(firm) and firm not in _FIRM_SUPPLIER
        setattr(named, "recipient_text" if is_recipient else "supplier_text", text)
        role = "recipient" if is_recipient else "supplier"
        named.notes.append(f"No {role} here is called “{text}”.")
    sheet.blank(cue.start(), match.end("name"))
