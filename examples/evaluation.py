"""An agent answers in one process, and in another one a person says what the answer was worth.

    python examples/evaluation.py ask
    python examples/evaluation.py judge good "It says what the weather is."
    langchain-otel view traces.jsonl

The first process keeps a text with its answer, the run's `traceparent`: here in a file, in an
application beside the answer in its database. The second process may come days later. It traces
nothing, it only has OpenTelemetry's providers. Both append to `traces.jsonl` (`LANGCHAIN_OTEL_FILE`
names another file), in which the evaluation stands beside the agent that it is about.
"""

import argparse
import json
from pathlib import Path
from uuid import uuid4

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

import langchain_otel
from demo_model import chat_model

QUESTION = "What is the weather in Lisbon?"
ANSWERS = Path("answer.json")
SCORES = {"good": 1.0, "bad": 0.0}


@tool
def get_weather(city: str) -> str:
    """Say what the weather is like in a city."""
    return f"In {city} it is sunny."


def ask() -> None:
    """Answer a question, and keep what names the run in every process."""
    run_id = uuid4()
    with chat_model() as model:
        agent = create_agent(model, [get_weather], name="weather-agent")
        result = agent.invoke({"messages": [HumanMessage(QUESTION)]}, {"run_id": run_id})
        answer = result["messages"][-1].text
    kept = {"answer": answer, "traceparent": langchain_otel.traceparent_of(run_id)}
    ANSWERS.write_text(json.dumps(kept), encoding="utf-8")
    print(answer)


def judge(word: str, why: str) -> None:
    """Record what a person thinks of the answer."""
    kept = json.loads(ANSWERS.read_text(encoding="utf-8"))
    langchain_otel.record_evaluation(
        kept["traceparent"], "helpful", score=SCORES[word], label=word, explanation=why or None
    )


def main() -> None:
    """Do what the command line says, with traces in a file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("ask")
    judging = commands.add_parser("judge")
    judging.add_argument("word", choices=SCORES)
    judging.add_argument("why", nargs="?", default="")
    given = parser.parse_args()
    telemetry = langchain_otel.configure(service_name="travel", exporter="langchain_file")
    if given.command == "ask":
        ask()
    else:
        judge(given.word, given.why)
    telemetry.shutdown()


if __name__ == "__main__":
    main()
