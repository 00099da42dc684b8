"""The answers of models' APIs, rewritten piece by piece: every text through a lane, everything else as the bytes that came.

reader.py          answer_reader(operation, stream=, lanes=), error_reader(operation, lanes=) -> AnswerReader;
heartbeat(operation) event_stream.py    streams: what waits for what, in which order, and what leaves sse.py
server-sent events: EventParser, Event.rewritten, event_bytes, comment streamed_text.py   one text in many events: what its lane
shows, shared out to them json_fragments.py  a lane for JSON in fragments: a lane of its own for each string chat_stream.py
responses_stream.py, messages_stream.py: what an event is, in each dialect body.py            lines.py: answers that are one
JSON body, or JSON Lines openai_table.py    anthropic_table.py: which name is which text; words.py: what tables can say
whole_texts.py     texts in one piece, masked once; summaries.py: what it cost and how it ended
"""
