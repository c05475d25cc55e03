"""The admin's view of the queue: what runs, what failed and why, and what puts it right.

    panel     the front page, the page of the workers, the questions before many are acted on
    glance    its sentences about accuracy and cost
    jobs      the list of jobs, the page of one
    buttons   what their buttons do
    steps     single steps
    limits    how much of a project's work may go on at once, for how long, for how much
    calls     the calls of language models
    language  the page of what they do and cost
    prompts   what they are told, in versions
    trying    a prompt tried on one document
    replay    documents run again beside their values
    control   workers, pause and resume
    lists     what lists share
    accuracy  the page of how much was read right

Lists start from the user; every button calls the verb that the site and the API call.
"""

from ingestion.admin import calls, control, jobs, limits, prompts, replay, steps

__all__ = ["calls", "control", "jobs", "limits", "prompts", "replay", "steps"]
