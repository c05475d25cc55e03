"""A question on its way to being understood: what is read is blanked, so that nothing is read
twice and what is left at the end was not understood."""

import re

from documents import fields


class Sheet:
    """A question, and its text in lower case without accents, of which what was read is blank.
    Both have the same length, so that places carry over."""

    def __init__(self, question: str) -> None:
        self.question = question
        self.text = fields.fold(question)

    def blank(self, start: int, end: int) -> None:
        self.text = f"{self.text[:start]}{' ' * (end - start)}{self.text[end:]}"

    def take(self, pattern: "re.Pattern[str]") -> "re.Match[str] | None":
        """The first match, blanked."""
        match = pattern.search(self.text)
        if match:
            self.blank(match.start(), match.end())
        return match
