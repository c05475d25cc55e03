"""A question answered by a language model from passages, and from nothing else.

What it says counts only as far as it cites: a quote must stand in the passage it names. An
answer of which no quote does is no answer; a number in it that no cited passage has is told."""

from collections.abc import Sequence

from documents import prompts
from documents.language import Prompt, Purpose
from ingestion.llm import calls
from ingestion.llm.base import About, Message, Question, engine_name
from ingestion.llm.budget import CHARS_A_TOKEN
from ingestion.llm.fence import RULE, fenced, harmless
from ingestion.stages.base import Call
from search import answers
from search.answers import Answered, Passage, Quote
from search.quotes import strange_numbers

MAX_CITATIONS = 8
MAX_ANSWER_CHARS = 4_000
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["found", "answer", "citations"],
    "properties": {
        "found": {"type": "boolean", "description": "whether the passages answer the question"},
        "answer": {"type": "string", "description": "plain text; empty where nothing was found"},
        "citations": {
            "type": "array",
            "maxItems": MAX_CITATIONS,
            "description": "what the answer rests on",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["passage", "quote"],
                "properties": {
                    "passage": {"type": "integer", "description": "the passage's number"},
                    "quote": {
                        "type": "string",
                        "description": "a few words of that passage, copied exactly as they stand",
                    },
                },
            },
        },
    },
}
_UNFOUNDED = (
    "The language model gave an answer whose quotes do not stand in the documents; it was dropped."
)
_FENCE_CHARS, _FRAME_CHARS = 80, 200


def answer(question: str, found: Sequence[Passage], about: About, call: Call) -> Answered:
    """What a model answers from these passages. Outside any transaction.

    Raises what `calls.ask` does, and OperatorError where no prompt is active."""
    prompt = prompts.active(Purpose.ANSWER, about.project_id)
    shown = _fitting(prompt, question, found)
    text = prompts.render(prompt, question=harmless(question), passages=_told(shown))
    said = calls.ask(
        Question(
            prompt=prompt,
            messages=(Message(role="system", text=RULE), Message(role="user", text=text)),
            schema=SCHEMA,
            about=about,
        ),
        call,
    )
    value, engine = said.value, engine_name(prompt, said.model)
    quotes = [Quote(n=one["passage"], text=one["quote"]) for one in value["citations"]]
    told = harmless(value["answer"]).strip()[:MAX_ANSWER_CHARS]
    if not value["found"] or not told:
        return Answered(is_found=False, engine=engine)
    cited = answers.cited(shown, quotes)
    if not cited:
        return Answered(is_found=False, engine=engine, notice=_UNFOUNDED)
    return Answered(
        is_found=True,
        text=told,
        citations=cited,
        notice=_doubt(told, shown, cited),
        engine=engine,
    )


def _doubt(told: str, shown: Sequence[Passage], cited: Sequence[Passage]) -> str:
    """Which numbers of an answer stand in no passage that it cites. The question's own prove
    nothing: who asks for a wrong one must not be told that it is so."""
    numbers = {one.n for one in cited}
    there = "\n".join(one.text for one in shown if one.n in numbers)
    strange = strange_numbers(told, there)
    if not strange:
        return ""
    return f"Check {', '.join(strange[:5])}: no passage that the answer cites says so."


def _told(shown: Sequence[Passage]) -> str:
    return "\n\n".join(fenced(one.text, f"passage {one.n}") for one in shown)


def _fitting(prompt: Prompt, question: str, found: Sequence[Passage]) -> list[Passage]:
    """The best passages, as many as the prompt has room for; the first one always."""
    spent = len(prompts.render(prompt, question=question, passages="")) + len(RULE) + _FRAME_CHARS
    room = prompt.max_input_tokens * CHARS_A_TOKEN - spent
    shown: list[Passage] = []
    for passage in found:
        room -= len(passage.text) + _FENCE_CHARS
        if room < 0 and shown:
            break
        shown.append(passage)
    return shown
