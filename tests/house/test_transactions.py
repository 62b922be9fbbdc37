"""What may happen while rows are locked, and who may lock them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.source import TOP, dotted_name, product_files, relative, tree_of

# Files that open transactions: verbs, reactions and schedules of a room (or a verb file named by
# its noun), the kit, and where two doors store a reply or an outcome together with its effect.
OPENERS = re.compile(
    r"grid/kit/\w+\.py"
    r"|grid/(?!kit/)(?:\w+/)+(?!__init__|tables|types|rules)\w+\.py"
    r"|bot/inbound\.py"
    r"|mobile_api/sync/\w+\.py"
)
# Beside them: the demo county is loaded in one piece by set-based statements of its own, and a
# migration commits together with the mark that it ran.
LOADERS = re.compile(r"backend/demo/\w+\.py|backend/migrate\.py")

WAITING_CALLS = frozenset(
    {"gather", "create_task", "ensure_future", "TaskGroup", "sleep", "to_thread", "run_in_executor"}
    | {"enqueue_job", "urlopen", "open_connection", "getaddrinfo", "AsyncClient", "wait_for"}
)
NETWORK_MODULES = frozenset(
    {"httpx", "requests", "urllib.request", "http.client", "aiohttp", "socket", "websockets"}
)


def opens_transaction(node: ast.AST) -> bool:
    return isinstance(node, ast.AsyncWith) and any(
        isinstance(item.context_expr, ast.Call)
        and dotted_name(item.context_expr.func).rsplit(".", 1)[-1] == "transaction"
        for item in node.items
    )


def transactions_in(tree: ast.AST) -> Iterator[ast.AsyncWith]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith) and opens_transaction(node):
            yield node


def imported_modules(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files_with_transactions() -> list[Path]:
    return [path for path in product_files() if any(transactions_in(tree_of(path)))]


def waits_in(block: ast.AsyncWith) -> list[str]:
    calls = [node for line in block.body for node in ast.walk(line) if isinstance(node, ast.Call)]
    return [
        f"line {call.lineno}: {dotted_name(call.func)}"
        for call in calls
        if dotted_name(call.func).rsplit(".", 1)[-1] in WAITING_CALLS
        or dotted_name(call.func).split(".")[0] in NETWORK_MODULES
    ]


def test_the_linter_sees_what_it_forbids() -> None:
    tree = ast.parse(
        "async def verb():\n"
        "    async with transaction():\n"
        "        if True:\n"
        "            await asyncio.sleep(1)\n"
        "            await asyncio.gather(one(), two())\n"
        "            await httpx.get('http://example')\n"
    )
    (block,) = transactions_in(tree)
    assert [wait.split(": ")[1] for wait in waits_in(block)] == [
        "asyncio.sleep",
        "asyncio.gather",
        "httpx.get",
    ]


def test_nothing_waits_for_the_world_inside_a_transaction() -> None:
    found = {
        f"{relative(path)} {wait}"
        for path in product_files()
        for block in transactions_in(tree_of(path))
        for wait in waits_in(block)
    }
    assert found == set()


def test_a_file_that_opens_transactions_holds_no_network_client() -> None:
    found = {
        relative(path): imported_modules(tree_of(path)) & NETWORK_MODULES
        for path in files_with_transactions()
        if imported_modules(tree_of(path)) & NETWORK_MODULES
    }
    assert found == {}


def test_only_verbs_reactions_and_schedules_open_transactions() -> None:
    names = [relative(path) for path in files_with_transactions()]
    assert names, "the linter finds no transaction at all: has the kit changed its name for it?"
    assert [
        name for name in names if not OPENERS.fullmatch(name) and not LOADERS.fullmatch(name)
    ] == []


# --- the two clocks ----------------------------------------------------------------------------

DATABASE_CLOCK = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)
# `wangge doctor` compares the database's clock with this machine's.
READS_DATABASE_CLOCK = frozenset({"backend/doctor.py"})
LOOKS_LIKE_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|VALUES|INTERVAL|SET)\b")


def sql_strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """String constants that hold SQL; docstrings are sentences, not statements."""
    sentences = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in sentences
            and LOOKS_LIKE_SQL.search(node.value)
        ):
            yield node


def test_business_sql_takes_the_time_as_a_parameter() -> None:
    """The database's clock is not business time, which a demo or a test may push forward."""
    asked = [
        f"{relative(path)}:{text.lineno}"
        for path in product_files()
        if not path.is_relative_to(TOP / "grid" / "kit")
        and relative(path) not in READS_DATABASE_CLOCK
        for text in sql_strings(tree_of(path))
        if DATABASE_CLOCK.search(str(text.value))
    ]
    assert asked == []


def test_the_business_reads_no_clock_but_the_two_of_the_kit() -> None:
    machine_clocks = {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "datetime.datetime.now",
        "datetime.date.today",
        "time.time",
    }
    asked = [
        f"{relative(path)}:{node.lineno} {dotted_name(node.func)}"
        for path in product_files()
        if path != TOP / "grid" / "kit" / "clock.py" and path.is_relative_to(TOP / "grid")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and dotted_name(node.func) in machine_clocks
    ]
    assert asked == []
