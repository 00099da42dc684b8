"""Paths of the providers' published APIs that nobody reads here. They are refused like any unknown one; this only names them."""

from passgate.codecs.llm.operations import candidates

_PUBLISHED = """\
POST /v1/complete
POST /v1/audio/speech
POST /v1/audio/transcriptions
POST /v1/audio/translations
POST /v1/images/generations
POST /v1/images/edits
POST /v1/images/variations
POST /v1/videos
GET /v1/realtime
POST /v1/realtime/client_secrets
GET /v1/responses
POST /v1/assistants
POST /v1/threads
POST /v1/threads/runs
POST /v1/conversations
POST /v1/vector_stores
POST /v1/uploads
POST /v1/fine_tuning/jobs
DELETE /v1/models/{id}
POST /v1/evals
POST /v1/containers
POST /v1/chatkit/sessions
POST /v1/skills
GET /v1/chat/completions
GET /v1/chat/completions/{id}
GET /v1/organization/usage/completions
GET /v1/organizations/me
POST /v1/rerank
POST /v1/score
POST /tokenize
POST /detokenize
POST /api/generate
POST /api/chat
POST /api/embed
POST /api/pull
POST /completion
POST /infill
GET /metrics
"""


def ungoverned() -> tuple[str, ...]:
    """Method and path; one that has become governed is left out."""
    routes = (line.split(" ") for line in _PUBLISHED.splitlines())
    return tuple(f"{method} {path}" for method, path in routes if not candidates(method, path.replace("{id}", "x")))
