"""Each example has a page, whose blocks test_documentation_blocks.py runs, and which says how."""

import ast
import json
from pathlib import Path
from typing import Any, Final

import pytest

from documentation import EXAMPLES, OUTPUT, SHELL, Block, blocks_of, links_of
from servers.notebook import outputs, running_kernel
from test_configure import environment
from test_documentation_blocks import normal

FOLDER: Final = Path(__file__).parent.parent / "examples"
INDEX: Final = FOLDER / "README.md"
SHARED: Final = {"demo_model", "loopback", "mcp_server", "openai_server", "scripted_model"}
"""What examples import or start; the index says what each is."""
WITHOUT_A_TREE: Final = {"attributes", "serverless", "tenants", "test_agent"}
"""They print what their spans have, or keep them for a backend or for the tests."""
LONGEST: Final = 120
PROGRAMS: Final = [path for path in EXAMPLES if path.stem not in SHARED]
NOTEBOOK: Final = FOLDER / "notebook.ipynb"
SHOWN: Final = [*PROGRAMS, NOTEBOOK]

each_example = pytest.mark.parametrize("example", SHOWN, ids=lambda path: path.stem)
each_program = pytest.mark.parametrize("example", PROGRAMS, ids=lambda path: path.stem)


def page_of(example: Path) -> Path:
    return example.with_suffix(".md")


def commands_in(blocks: tuple[Block, ...]) -> set[str]:
    lines = [line for block in blocks if block.language == SHELL for line in block.text.split("\n")]
    words = [part.split("#")[0].strip() for line in lines for part in line.split("&&")]
    return {word for word in words if word}


@each_example
def test_an_example_has_a_page(example: Path) -> None:
    """It links to the program, shows what it prints, and says what to look at."""
    page = page_of(example)
    text = page.read_text(encoding="utf-8")
    assert example.name in links_of(page)
    assert "\nLook at:\n" in text
    assert any(command.startswith("pip install ") for command in commands_in(blocks_of(page)))
    printed = "".join(block.text for block in blocks_of(page) if block.language == OUTPUT)
    assert printed
    assert ("\ntrace " in f"\n{printed}") == (example.stem not in WITHOUT_A_TREE)


@each_program
def test_its_commands_are_on_its_page(example: Path) -> None:
    """The page's are run, so those of the docstring are."""
    assert commands_in(blocks_of(example)) <= commands_in(blocks_of(page_of(example)))


@each_program
def test_an_example_is_short_and_by_itself(example: Path) -> None:
    """Nothing of our tests is imported."""
    text = example.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    imported = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [])
    }
    ours = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"test_agent"}
    assert not imported & ours


def test_the_index_has_all() -> None:
    """Every page, and every module that examples share."""
    linked = set(links_of(INDEX))
    assert {page_of(example).name for example in SHOWN} <= linked
    assert {f"{name}.py" for name in SHARED} <= linked
    assert all((FOLDER / f"{name}.py").exists() for name in SHARED)


# The notebook


def cells() -> list[Any]:
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def texts(shown: list[Any]) -> list[str]:
    """What a cell showed; a trace may come before or after what it printed."""
    parts = [
        part["data"]["text/plain"] if "data" in part else part["text"]
        for part in sorted(shown, key=lambda part: str(part["output_type"]))
    ]
    return normal("\n".join("".join(part) for part in parts))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_notebook_shows_what_it_has_kept() -> None:
    """Every cell runs; its outputs in the file, and on its page, are those of a run."""
    pytest.importorskip("langchain_openai")
    with running_kernel(environment(PYTHONPATH=str(FOLDER))) as kernel:
        shown = [texts(outputs(kernel, "".join(cell["source"]))) for cell in cells()]
    assert shown == [texts(cell["outputs"]) for cell in cells()]
    (kept,) = [block.text for block in blocks_of(page_of(NOTEBOOK)) if block.language == OUTPUT]
    assert normal(kept) == [line for lines in shown for line in lines]
