"""The words of a list question that no rule knows, put to a language model: the question and the
filters that there are, no document."""

from documents import prompts
from documents.language import Purpose
from ingestion.llm import calls
from ingestion.llm.base import About, Message, Question, engine_name
from ingestion.llm.fence import harmless
from ingestion.stages.base import Call
from search import listing
from search.investigation import Investigation
from search.listing import proposed
from search.listing.filters import Understood
from search.listing.proposed import Proposal


def propose(asked: Investigation, about: About, call: Call) -> tuple[Proposal | None, str]:
    """What a model makes of a list's question, None for no more than the rules; and its name.

    Outside any transaction. Raises what `calls.ask` does, and OperatorError where no prompt is
    active."""
    prompt = prompts.active(Purpose.FILTER, about.project_id)
    ground = listing.ground(asked.project)
    text = prompts.render(
        prompt,
        question=harmless(asked.question),
        filters=proposed.told(ground.types),
        today=f"{ground.today:%A, %Y-%m-%d}",
    )
    said = calls.ask(
        Question(
            prompt=prompt,
            messages=(Message(role="user", text=text),),
            schema=proposed.schema(list(ground.types)),
            about=about,
        ),
        call,
    )
    found = proposed.proposal(
        said.value,
        asked.question,
        Understood.from_json(asked.filters),
        known=ground.known,
        types=ground.types,
        today=ground.today,
    )
    return found, engine_name(prompt, said.model)
