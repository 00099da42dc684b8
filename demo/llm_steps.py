"""What the demo shows of models: prompts, answers and tool calls of the official SDKs, on their way through the gate."""

import json
import secrets
import string

from anthropic import Anthropic
from openai import APIStatusError, OpenAI, PermissionDeniedError
from steps import Step, expect

from passgate.testing import IssuedPass, RunningGate
from passgate.testing.llm_provider import Cut, Provider, Script, Text, ToolCall

PERSON = "ada.stone@example.com"
TOKEN = r"<<EMAIL:[^>]+>>"  # how an e-mail looks to the model
_TOOL = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "description": "Sends a letter.",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}, "body": {"type": "string"}},
            "required": ["to", "body"],
        },
    },
}


def openai_client(gate: RunningGate, pass_: IssuedPass) -> OpenAI:
    """One base URL and a pass instead of the provider's key: nothing else changes for the caller."""
    return OpenAI(base_url=f"{gate.url}/v1", api_key=pass_.key)


def anthropic_client(gate: RunningGate, pass_: IssuedPass) -> Anthropic:
    return Anthropic(base_url=gate.url, api_key=pass_.key)


def blocked_secret(client: OpenAI, provider: Provider) -> Step:
    """A key in a prompt does not leave. Made up here and now: nobody's key is kept in a repository."""
    key = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
    sent = f"Why does aws s3 ls fail with {key}?"
    before = len(provider.received)
    try:
        client.chat.completions.create(model="gpt-5.2", messages=[{"role": "user", "content": sent}])
    except PermissionDeniedError as error:
        expect(key not in str(error), "the refusal repeats the secret")
        expect(len(provider.received) == before, "the provider was asked")
        body = error.body if isinstance(error.body, dict) else {}
        return Step(
            name="a prompt with a secret",
            sent=sent.replace(key, f"{key[:4]}{'*' * 16}"),
            verdict="deny",
            rule="",
            said=(f"403 {body.get('type', '')}: {body.get('message', '')}", "what the provider saw: nothing"),
            event_id=error.response.headers["x-passgate-call"],
        )
    expect(condition=False, what="a secret was let through")
    raise AssertionError


def restored_email(client: Anthropic, provider: Provider) -> Step:
    """The model sees a token. It writes the token, and the person who asked reads the address again, while it streams."""
    sent = f"Write one friendly line to {PERSON}."
    letter = "Of course! Here it is: Dear {quoted}, your parcel is on its way."
    provider.then(Script(parts=(Text(text=letter),), quote=TOKEN, delta=Cut(size=5)))
    pieces: list[str] = []
    with client.messages.stream(
        model="claude-opus-4-7", max_tokens=200, messages=[{"role": "user", "content": sent}]
    ) as stream:
        pieces.extend(piece for piece in stream.text_stream if piece)  # an empty one says that text is held back
        event_id = stream.response.headers["x-passgate-call"]
    seen = provider.last.body.decode()
    said = "".join(pieces)
    expect(PERSON not in seen, "the address reached the provider")
    expect(said == letter.format(quoted=PERSON), f"the answer does not read as it should: {said}")
    expect(len(pieces) > 3, "the answer did not stream")
    return Step(
        name="an e-mail, as the model sees it and as the person does",
        sent=sent,
        verdict="allow, masked",
        rule="",
        said=(
            f"what the provider saw: {json.loads(seen)['messages'][0]['content']}",
            f"what came back, in {len(pieces)} pieces: {' | '.join(pieces)}",
        ),
        event_id=event_id,
    )


def restored_tool_call(client: OpenAI, provider: Provider) -> Step:
    """In the arguments of a streamed tool call too, inside their JSON, so that the tool writes to the real address."""
    sent = f"Tell {PERSON} that the parcel is on its way."
    arguments = '{"to": "{quoted}", "body": "Your parcel is on its way, \\"express\\"."}'
    provider.then(Script(parts=(ToolCall(name="send_mail", arguments=arguments),), quote=TOKEN, delta=Cut(size=4)))
    pieces = 0
    with client.chat.completions.stream(
        model="gpt-5.2", messages=[{"role": "user", "content": sent}], tools=[_TOOL]
    ) as stream:
        for event in stream:
            pieces += event.type == "tool_calls.function.arguments.delta" and bool(event.arguments_delta)
        calls = stream.get_final_completion().choices[0].message.tool_calls or []
        event_id = stream._response.headers["x-passgate-call"]
    seen = provider.last.body.decode()
    expect(PERSON not in seen, "the address reached the provider")
    given = json.loads(calls[0].function.arguments)
    expect(given == {"to": PERSON, "body": 'Your parcel is on its way, "express".'}, f"the tool was given {given}")
    return Step(
        name="a tool call, streamed",
        sent=sent,
        verdict="allow, masked",
        rule="",
        said=(
            f"what the provider saw: {json.loads(seen)['messages'][0]['content']}",
            f"what the tool is called with, from {pieces} pieces: {calls[0].function.name}({json.dumps(given)})",
        ),
        event_id=event_id,
    )


def closed_door(gate: RunningGate, client: OpenAI, pass_: IssuedPass, provider: Provider) -> Step:
    """The pass is revoked, and the next prompt goes nowhere."""
    gate.cli("pass", "revoke", pass_.id)
    before = len(provider.received)
    sent = "And now?"
    try:
        client.with_options(max_retries=0).chat.completions.create(
            model="gpt-5.2", messages=[{"role": "user", "content": sent}]
        )
    except APIStatusError as error:
        expect(error.status_code in {401, 403}, f"the answer is {error.status_code}")
        expect(len(provider.received) == before, "the provider was asked")
        body = error.body if isinstance(error.body, dict) else {}
        return Step(
            name="ask again once the pass is revoked",
            sent=sent,
            verdict="deny",
            rule="the pass was revoked",
            said=(f"{error.status_code} {body.get('type', '')}: {body.get('message', '')}",),
        )
    expect(condition=False, what="a revoked pass still works")
    raise AssertionError


def replay(gate: RunningGate, session: str) -> Step:
    text = gate.cli("sessions", "replay", session)
    expect(PERSON not in text, "the recording holds the address")
    expect("send_mail" in text, "the replay does not show the tool call")
    return Step(
        name="replay the chat: tokens only",
        sent=f"passgate sessions replay {session}",
        verdict="shown",
        rule="",
        said=tuple(text.strip().splitlines()),
    )
