"""Names of OpenTelemetry's semantic conventions for generative AI, pinned: version 1.44.0, where they are still "development".

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
CONVERSATION_ID = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
ERROR_TYPE = "error.type"

RESOURCE = "passgate.resource"
OUTCOME = "passgate.outcome"
MASKED = "passgate.masked"
"""Of our own: the resource's name, what became of the call, how many findings were masked."""

OPERATIONS = {"generate": "chat", "embed": "embeddings"}
"""The conventions' words for policy's verbs; the other verbs have none and stay what they are."""
