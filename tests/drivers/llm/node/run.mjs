// The official SDKs for Node against OPENAI_BASE_URL and ANTHROPIC_BASE_URL; prints what they saw as one JSON document.
// Which answer comes is the other side's business: it goes by the model's name.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";

const openai = new OpenAI();
const anthropic = new Anthropic();
const asked = [{ role: "user", content: "Grüße aus Zürich \u{1F600}" }];
const weather = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const seen = {};

const chat = await openai.chat.completions.create({ model: "echo", messages: asked });
seen.chat = { text: chat.choices[0].message.content, request: chat._request_id, usage: chat.usage.total_tokens };

seen.chatStream = "";
for await (const chunk of await openai.chat.completions.create({ model: "echo", messages: asked, stream: true })) {
  seen.chatStream += chunk.choices[0]?.delta?.content ?? "";
}

const tools = [{ type: "function", function: { name: "weather", parameters: weather } }];
const running = openai.chat.completions.stream({ model: "tools", messages: asked, tools });
const completed = await running.finalChatCompletion();
seen.chatTools = completed.choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments));

const response = await openai.responses.create({ model: "echo", input: asked[0].content });
seen.responses = { text: response.output_text, request: response._request_id };

const responding = openai.responses.stream({
  model: "tools",
  input: asked[0].content,
  tools: [{ type: "function", name: "weather", parameters: weather, strict: false }],
});
seen.responsesStream = { numbers: [], deltas: "" };
for await (const event of responding) {
  seen.responsesStream.numbers.push(event.sequence_number);
  if (event.type === "response.output_text.delta") seen.responsesStream.deltas += event.delta;
}
const final = await responding.finalResponse();
seen.responsesStream.text = final.output_text;
seen.responsesStream.tools = final.output.filter((item) => item.type === "function_call").map((item) => JSON.parse(item.arguments));

const message = await anthropic.messages.create({ model: "echo", max_tokens: 64, messages: asked });
seen.messages = { text: message.content[0].text, request: message._request_id };

const speaking = anthropic.messages.stream({
  model: "tools",
  max_tokens: 64,
  messages: asked,
  tools: [{ name: "weather", input_schema: weather }],
});
seen.messagesStream = { deltas: "" };
speaking.on("text", (text) => (seen.messagesStream.deltas += text));
const spoken = await speaking.finalMessage();
seen.messagesStream.kinds = spoken.content.map((block) => block.type);
seen.messagesStream.input = spoken.content.find((block) => block.type === "tool_use").input;

// The thinking block goes back with its signature: a provider refuses it if anything was changed on the way.
const tool = spoken.content.find((block) => block.type === "tool_use");
const turns = [
  ...asked,
  { role: "assistant", content: spoken.content },
  { role: "user", content: [{ type: "tool_result", tool_use_id: tool.id, content: "sunny" }] },
];
seen.messagesTurn = (await anthropic.messages.create({ model: "echo", max_tokens: 64, messages: turns })).content[0].text;

seen.countTokens = (await anthropic.messages.countTokens({ model: "echo", messages: asked })).input_tokens;
seen.embedding = (await openai.embeddings.create({ model: "echo", input: ["a", "b"] })).data.length;
seen.models = [(await openai.models.list()).data[0].id, (await anthropic.models.list()).data[0].id];

const line = { custom_id: "one", method: "POST", url: "/v1/chat/completions", body: { model: "echo", messages: asked } };
const file = await openai.files.create({ file: await toFile(Buffer.from(JSON.stringify(line) + "\n"), "in.jsonl"), purpose: "batch" });
let batch = await openai.batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
batch = await openai.batches.retrieve(batch.id);
seen.batch = JSON.parse(await (await openai.files.content(batch.output_file_id)).text()).response.body.choices[0].message.content;

let many = await anthropic.messages.batches.create({
  requests: [{ custom_id: "one", params: { model: "echo", max_tokens: 9, messages: asked } }],
});
many = await anthropic.messages.batches.retrieve(many.id);
for await (const entry of await anthropic.messages.batches.results(many.id)) seen.messageBatch = entry.result.message.content[0].text;

seen.errors = {};
for (const [name, call] of Object.entries({
  openai: () => openai.chat.completions.create({ model: "forbidden", messages: asked }),
  anthropic: () => anthropic.messages.create({ model: "forbidden", max_tokens: 9, messages: asked }),
})) {
  try {
    await call();
  } catch (error) {
    seen.errors[name] = { kind: error.constructor.name, status: error.status, type: error.type ?? error.error?.error?.type, id: error.requestID };
  }
}

seen.retried = [
  (await openai.chat.completions.create({ model: "busy-openai", messages: asked })).choices[0].message.content,
  (await anthropic.messages.create({ model: "busy-anthropic", max_tokens: 9, messages: asked })).content[0].text,
];

console.log(JSON.stringify(seen));
