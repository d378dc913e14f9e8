"""Attributes of an application's own on every span: of a request, of a stream, of a client.

    python examples/attributes.py

`answer` is what a web server's handler would be: it reads a stream within a generator, which is
decorated, so that the server's code between two chunks has none of them. The tenant comes along in
the baggage, as an instrumented server hands it on from the header.
"""

import asyncio
from collections.abc import AsyncIterator

from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from opentelemetry import baggage, context
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langchain_otel

spans = InMemorySpanExporter()
telemetry = langchain_otel.configure(exporter=spans, baggage_keys="tenant")
chain = ChatPromptTemplate.from_template("{question}") | FakeListChatModel(responses=["Sunny."])


@langchain_otel.attributes({"app.feature": "chat"})
async def answer(question: str, plan: str) -> AsyncIterator[str]:
    """Stream an answer, with the attributes of the function and of this one request."""
    with langchain_otel.attributes(plan=plan):
        async for chunk in chain.astream({"question": question}):
            yield str(chunk.content)


async def request(tenant: str, plan: str) -> str:
    """Answer what one client asks."""
    context.attach(baggage.set_baggage("tenant", tenant))
    return "".join([chunk async for chunk in answer("How is the weather?", plan)])


async def main() -> None:
    """Answer two clients at once, and print what their spans say."""
    await asyncio.gather(request("acme", "gold"), request("umbrella", "free"))
    telemetry.force_flush()
    found = {
        (span.name, *(str((span.attributes or {})[name]) for name in ("tenant", "plan")))
        for span in spans.get_finished_spans()
    }
    for words in sorted(found, key=lambda words: (words[1:], words)):
        print(*words)


if __name__ == "__main__":
    asyncio.run(main())
