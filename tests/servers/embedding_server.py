"""A server that embeds texts in the formats of several providers: loopback only, any key.

A token is a word, whoever counts: all of them must come to the same number.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

Json = dict[str, Any]

VECTOR: Final = [0.5, 0.25, 0.125]


def counted(texts: list[str]) -> int:
    """The tokens of texts."""
    return sum(len(text.split()) for text in texts)


def openai(request: Json) -> Json:
    """OpenAI's answer, which Mistral's is like."""
    given = request["input"]
    texts = [given] if isinstance(given, str) else given
    data = [{"object": "embedding", "index": i, "embedding": VECTOR} for i in range(len(texts))]
    spent = {"prompt_tokens": counted(texts), "total_tokens": counted(texts)}
    return {"id": "e-1", "object": "list", "data": data, "model": "served", "usage": spent}


def voyage(request: Json) -> Json:
    """Voyage's answer: all its tokens are input."""
    answer = openai(request)
    del answer["usage"]["prompt_tokens"]
    return answer


def cohere(request: Json) -> Json:
    """Cohere's answer, with what it bills."""
    texts = request["texts"]
    return {
        "id": "e-1",
        "response_type": "embeddings_by_type",
        "texts": texts,
        "embeddings": {"float": [VECTOR for _ in texts]},
        "meta": {"api_version": {"version": "1"}, "billed_units": {"input_tokens": counted(texts)}},
    }


def gemini(request: Json) -> Json:
    """The answer of Google's Gemini API to a batch."""
    texts = [part["text"] for each in request["requests"] for part in each["content"]["parts"]]
    return {
        "embeddings": [{"values": VECTOR} for _ in texts],
        "usageMetadata": {"promptTokenCount": counted(texts)},
    }


def vertex(request: Json) -> Json:
    """The answer of Google's Vertex AI, which counts for each text."""
    return {
        "predictions": [
            {
                "embeddings": {
                    "values": VECTOR,
                    "statistics": {"token_count": counted([each["content"]]), "truncated": False},
                }
            }
            for each in request["instances"]
        ]
    }


def ollama(request: Json) -> Json:
    """Ollama's answer."""
    texts = request["input"]
    return {
        "model": "served",
        "embeddings": [VECTOR for _ in texts],
        "prompt_eval_count": counted(texts),
    }


def titan(request: Json) -> Json:
    """The answer of Amazon's Titan on Bedrock."""
    return {"embedding": VECTOR, "inputTextTokenCount": counted([request["inputText"]])}


ROUTES: Final[dict[str, Callable[[Json], Json]]] = {
    "/mistral/embeddings": openai,
    "/voyage/embeddings": voyage,
    "/v1/embed": cohere,
    ":batchEmbedContents": gemini,
    ":predict": vertex,
    "/api/embed": ollama,
    "/invoke": titan,
    "/embeddings": openai,
}
"""What answers, by how the path ends."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        answer = next(route for end, route in ROUTES.items() if path.endswith(end))
        content = json.dumps(answer(request)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def embedding_server() -> Iterator[str]:
    """Serve in a daemon thread; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
