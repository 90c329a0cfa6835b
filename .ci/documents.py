#!/usr/bin/env python3
"""Checks what the documents say about files: that the code map is complete, that links lead somewhere, that the Rust on the
pages in docs/ is compiled, that the table of behaviour names a test for every row, and that each scenario says what shows it.

    .ci/documents.py               check the documents at the top
    .ci/documents.py --self-test   check that each rule below finds what it forbids

A map that names what is not there, or not what is, is worse than none. A row of the code map in ARCHITECTURE.md is
marked `(planned)` as long as its files are not there, and not longer. It needs Python 3.11 and nothing else.
"""

import pathlib
import posixpath
import re
import sys

# Where documents stand, and what compiles those in docs/.
DOCUMENTS = ("*.md", "docs/*.md", "*/README.md", "*/*/README.md", "socketio-client/FROM-JAVASCRIPT.md")
NOT_OURS = ("node_modules", "target", ".venv")
PAGES = "docs/src/lib.rs"
# The crates whose modules the code map lists, each under a heading of its name.
MAPPED = ("engineio-proto", "socketio-proto")
# The heading above the table of everything else.
AROUND = "Around them"
PLANNED = "(planned)"
# The table of behaviour, whose tests they are all of, and where the tests that it names may stand.
BEHAVIOUR = "socketio-server/tests/behaviour.md"
ALL_OF = "socketio-server/tests/engine"
TESTS_IN = ("socketio-server", "engineio-proto", "examples/conformance")
WITHOUT_TEST = ("later: ", "not here: ")
# What tutorials show, and the test or the page for each; or what is missing.
SCENARIOS = "docs/scenarios.md"
SHOWN_IN = ("adapters", "engineio-proto", "examples", "socketio-client", "socketio-proto", "socketio-server")


def violations(documents, modules, exists, pages):
    """All sentences that say what is wrong.

    `documents` maps file names to texts, `modules` crates to the names of their top modules, `exists` tells whether
    there is a file or a folder of a name, seen from the top, and `pages` is the text that names the pages to compile.
    """
    sections = code_map(documents["ARCHITECTURE.md"])
    for crate in MAPPED:
        rows = sections.get(f"`{crate}`", {})
        for name in sorted(modules[crate] - rows.keys()):
            yield f"ARCHITECTURE.md: the code map lacks the module `{name}` of {crate}"
        for name, planned in rows.items():
            yield from there_or_planned(f"the module `{name}` of {crate}", planned, name in modules[crate])
    for name, planned in sections.get(AROUND, {}).items():
        yield from there_or_planned(f"`{name}`", planned, exists(name))
    for document, text in documents.items():
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", without_code(text)):
            if not exists(posixpath.normpath(posixpath.join(posixpath.dirname(document), target))):
                yield f"{document}: links to {target}, which is not there"
        for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", without_code(text)):
            linked = posixpath.normpath(posixpath.join(posixpath.dirname(document), target)) if target else document
            if linked in documents and heading not in headings(documents[linked]):
                yield f"{document}: links to the heading #{heading} of {linked}, which is not there"
        folder, _, name = document.rpartition("/")
        if folder == "docs" and "\n```rust" in text and f'"../{name}"' not in pages:
            yield f"{document}: has Rust that nobody compiles; give it a line in {PAGES}"


def without_code(text):
    """Brackets in code are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def headings(text):
    """The names by which headings are linked to."""
    found = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def there_or_planned(what, planned, there):
    if planned and there:
        yield f"ARCHITECTURE.md: calls {what} planned, and it is there"
    if not planned and not there:
        yield f"ARCHITECTURE.md: the code map has {what}, which is not there; mark it {PLANNED} if it will be"


def code_map(text):
    """For each heading of the third level the names in the first column below it, and whether they are planned."""
    sections, rows = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            rows = sections.setdefault(line.removeprefix("### "), {})
        elif line.startswith("| `"):
            cell = line.split("|")[1]
            rows.update((name, PLANNED in cell) for name in re.findall("`([^`]+)`", cell))
    return sections


def behaviour_violations(table, tests, must_be_named):
    """What is wrong with the table of behaviour. `tests` are the names of all tests that it may name."""
    seen, named = set(), set()
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[0] in ("id", "---"):
            continue
        row, names = cells[0], re.findall("`([^`]+)`", cells[-1])
        if len(cells) != 4:
            yield f"{BEHAVIOUR}: row {row} has {len(cells)} cells, not 4"
        if row in seen:
            yield f"{BEHAVIOUR}: there are two rows {row}"
        seen.add(row)
        if cells[-1].startswith(WITHOUT_TEST):
            continue
        if not names:
            yield f"{BEHAVIOUR}: row {row} names no test, and does not say why (later: ..., not here: ...)"
        for name in names:
            if name not in tests:
                yield f"{BEHAVIOUR}: row {row} names the test {name}, which is not there"
        named.update(names)
    if not seen:
        yield f"{BEHAVIOUR}: has no rows"
    for name in sorted(must_be_named - named):
        yield f"{BEHAVIOUR}: no row names the test {name} of {ALL_OF}"


def scenario_violations(page, tests, exists):
    """What is wrong with the page of scenarios. `exists` says whether a path below the page's folder is there."""
    labels = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", page, re.MULTILINE))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    rows = [row for row in rows if re.fullmatch(r"\d-\d\d", row[0])]
    for label, target in labels.items():
        if not exists(target):
            yield f"{SCENARIOS}: [{label}] leads to {target}, which is not there"
    for row in rows:
        number, shown = row[0], row[-1]
        if len(row) != 3:
            yield f"{SCENARIOS}: row {number} has {len(row)} cells, not 3"
        if sum(row[0] == other[0] for other in rows) > 1:
            yield f"{SCENARIOS}: there are several rows {number}"
        # Names of tests are sentences; other code in a cell is shorter.
        named = [name for name in re.findall("`([a-z0-9_]+)`", shown) if name.count("_") > 1]
        for name in named:
            if name not in tests:
                yield f"{SCENARIOS}: row {number} names the test {name}, which is not there"
        links = re.findall(r"\[([^\]]+)\]", shown)
        for label in links:
            if label not in labels:
                yield f"{SCENARIOS}: row {number} has [{label}], which leads nowhere"
        if not (named or links or shown.startswith("not yet: ")):
            yield f"{SCENARIOS}: row {number} says neither what shows it nor what is missing (not yet: ...)"
    if not rows:
        yield f"{SCENARIOS}: has no rows"


def scenario_self_test():
    """The same for the page of scenarios."""
    clean = "| 0-01 | x | `a_test_of_x` |\n| 0-02 | y | [page], `x` |\n| 0-03 | z | not yet: all |\n\n[page]: a.md\n"
    planted = {
        "row 0-01 names the test a_test_of_y, which": clean.replace("of_x", "of_y"),
        "row 0-02 has [side], which leads nowhere": clean.replace("[page],", "[side],"),
        "[page] leads to b.md": clean.replace("a.md", "b.md"),
        "row 0-03 says neither": clean.replace("not yet: all", "of course"),
        "several rows 0-02": clean.replace("0-03", "0-02"),
        "row 0-01 has 2 cells": clean.replace("| x ", ""),
        "has no rows": "[page]: a.md\n",
    }
    found = {words: list(scenario_violations(page, {"a_test_of_x"}, {"a.md"}.__contains__)) for words, page in planted.items()}
    wrong = list(scenario_violations(clean, {"a_test_of_x"}, {"a.md"}.__contains__))
    wrong += [f"planted and not found: {words!r}" for words in planted if not any(words in said for said in found[words])]
    return wrong, len(planted)


def tests_in(*folders):
    """The names of all tests below these folders."""
    marked = re.compile(r"#\[(?:tokio::)?test(?:\(.*?\))?\]\s*(?:#\[.*?\]\s*)*(?:async )?fn (\w+)")
    return {name for folder in folders for file in folder.rglob("*.rs") for name in marked.findall(file.read_text())}


def behaviour_self_test():
    """The same for the table of behaviour."""
    clean = "| id | behaviour | revisions | test |\n|---|---|---|---|\n" \
        "| 1 | x | both | `a`, `b` |\n| 2 | y | 4 | later: a reason |\n| 3 | z | 3 | not here: a reason |\n"
    tests, all_of = {"a", "b", "c"}, {"a"}
    planted = {
        "names the test d, which is not there": (clean.replace("`b`", "`d`"), all_of),
        "row 1 names no test": (clean.replace("`a`, `b`", "of course"), set()),
        "row 2 names no test": (clean.replace("later: a reason", "later"), all_of),
        "two rows 2": (clean.replace("| 3 |", "| 2 |"), all_of),
        "row 3 has 3 cells": (clean.replace("| z ", ""), all_of),
        "no row names the test c": (clean, {"a", "c"}),
        "has no rows": ("", set()),
    }
    wrong = [f"in a clean table: {message}" for message in behaviour_violations(clean, tests, all_of)]
    for words, (table, must) in planted.items():
        found = list(behaviour_violations(table, tests, must))
        if not any(words in message for message in found):
            wrong.append(f"planted and not found: {words!r}; found {found}")
    return wrong, len(planted)


def self_test():
    """What was planted and not found, or found and not planted."""
    clean = "### `engineio-proto`\n| `a`, `b` | x |\n| `c` (planned) | `z` |\n### `socketio-proto`\n| `a` | x |\n" \
        "### Around them\n| `x/` | y |\n[x](x/), [elsewhere](https://example.com), `[no](link)`\n# A `heading`, here\n[below](#a-heading-here)\n"
    modules = {"engineio-proto": {"a", "b"}, "socketio-proto": {"a"}}
    planted = {
        "lacks the module `d` of engineio-proto": (clean, modules | {"engineio-proto": {"a", "b", "d"}}),
        "has the module `b` of engineio-proto": (clean, modules | {"engineio-proto": {"a"}}),
        "calls the module `c` of engineio-proto planned": (clean, modules | {"engineio-proto": {"a", "b", "c"}}),
        "has `y/`, which is not there": (clean.replace("| `x/`", "| `y/`"), modules),
        "calls `x/` planned": (clean.replace("| `x/`", "| `x/` (planned)"), modules),
        "links to y/z.md": (f"{clean}[x](y/z.md#part)", modules),
        "links to the heading #nowhere of ARCHITECTURE.md": (f"{clean}[x](#nowhere)", modules),
        "docs/a.md: links to x/y": (clean, modules, "[x](x/y)"),
        "docs/a.md: links to the heading #x of ARCHITECTURE.md": (clean, modules, "[x](../ARCHITECTURE.md#x)"),
        "docs/a.md: has Rust that nobody compiles": (clean, modules, "x\n```rust\n```\n"),
    }

    def found(text, modules, page="[x](../x/)"):
        documents = {"ARCHITECTURE.md": text, "docs/a.md": page, "docs/b.md": "x\n```rust\n[x](y)\n```\n"}
        return list(violations(documents, modules, {"x", "x/", "ARCHITECTURE.md"}.__contains__, '"../b.md"'))

    wrong = [f"in a clean document: {message}" for message in found(clean, modules)]
    for words, case in planted.items():
        if not any(words in message for message in found(*case)):
            wrong.append(f"planted and not found: {words!r}; found {found(*case)}")
    of_behaviour, count = behaviour_self_test()
    of_scenarios, more = scenario_self_test()
    return wrong + of_behaviour + of_scenarios, f"self-test: {len(planted) + count + more} planted violations found"


def check(root):
    files = {file.relative_to(root) for pattern in DOCUMENTS for file in root.glob(pattern)}
    documents = {str(file): (root / file).read_text() for file in sorted(files) if not set(NOT_OURS) & set(file.parts)}
    modules = {crate: {file.stem for file in (root / crate / "src").glob("*.rs")} - {"lib"} for crate in MAPPED}
    wrong = list(violations(documents, modules, lambda name: (root / name).exists(), (root / PAGES).read_text()))
    table, tests = (root / BEHAVIOUR).read_text(), tests_in(*(root / folder for folder in TESTS_IN))
    wrong += behaviour_violations(table, tests, tests_in(root / ALL_OF))
    shown_in, page = tests_in(*(root / folder for folder in SHOWN_IN)), root / SCENARIOS
    wrong += scenario_violations(page.read_text(), shown_in, lambda name: (page.parent / name).exists())
    return wrong, f"documents: {len(documents)} agree with what is there, and so do {BEHAVIOUR} and {SCENARIOS}"


def main():
    if sys.argv[1:] == ["--self-test"]:
        wrong, summary = self_test()
    elif not sys.argv[1:]:
        wrong, summary = check(pathlib.Path(__file__).resolve().parent.parent)
    else:
        sys.exit(__doc__)
    for message in wrong:
        print(message, file=sys.stderr)
    if wrong:
        sys.exit(f"{len(wrong)} violation(s)")
    print(summary)


if __name__ == "__main__":
    main()
