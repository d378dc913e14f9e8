"""A chain in LangChain's expression language: two questions at the same time, then one answer.

python examples/lcel.py
"""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_openai import ChatOpenAI

import langchain_otel
from demo_model import chat_model


def joined(parts: dict[str, str]) -> str:
    """One text of what both branches found."""
    return f"Sights: {parts['sights']}\nFood: {parts['food']}"


def guide(model: ChatOpenAI) -> Runnable[dict[str, str], str]:
    """A chain that asks about a city's sights and its food, at the same time."""
    branches = {
        topic: ChatPromptTemplate.from_template(f"Name the {topic} of {{city}}.")
        | model
        | StrOutputParser()
        for topic in ("sights", "food")
    }
    return (RunnableParallel(branches) | RunnableLambda(joined)).with_config(run_name="guide")


def main() -> None:
    """Ask about one city."""
    langchain_otel.configure(service_name="guide")
    with chat_model() as model:
        print(guide(model).invoke({"city": "Lisbon"}))


if __name__ == "__main__":
    main()
