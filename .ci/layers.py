#!/usr/bin/env python3
"""Checks who depends on whom.

    .ci/layers.py               check this workspace
    .ci/layers.py --self-test   check that each rule below finds what it forbids

Arrows point down: a crate may use the crates named beside it and whatever those use, never one above it or beside it.
The protocol crates know no runtime, no socket, no clock and no randomness; what they need of these is an argument, so
that a run can be repeated and the crates work anywhere. One dependency added in passing would end that, and nobody
would notice for a year. Hence this check. It needs Python 3.11 and nothing else.
"""

import fnmatch
import json
import pathlib
import subprocess
import sys
import tomllib

# --- the rules ---------------------------------------------------------------------------------------------------

PROTOCOL = ("engineio-proto", "socketio-proto")
CORE = "socketio-adapter"
SERVER, CLIENT = "socketio-server", "socketio-client"

# What each library uses of this workspace, and what its tests use besides.
USES = {
    "engineio-proto": [],
    "socketio-proto": ["engineio-proto"],
    CORE: ["socketio-proto"],
    SERVER: ["socketio-proto", CORE],
    CLIENT: ["socketio-proto"],
}
TESTS_USE = {
    "engineio-proto": [],
    "socketio-proto": [],
    CORE: [],
    SERVER: [CLIENT],
    CLIENT: [SERVER],
}
# Any package below `adapters/` other than the core joins nodes over one bus.
BUS_USES, BUS_TESTS_USE = [CORE], [SERVER, CLIENT]
# Programs: they use anything public, are never published, and nothing uses them.
PROGRAMS = ("docs", "examples/", "interop/", "bench/")
# The fuzz targets are a workspace of their own.
FUZZ_USES = [*PROTOCOL, CORE]

# Packages that must not stand behind a crate, at any depth, through normal dependencies, with any features.
RUNTIME = "tokio tokio-* async-std async-io async-executor async-global-executor smol futures-executor futures-timer " \
    "pollster mio polling rayon".split()
NETWORK = "hyper hyper-* http http-* h2 h3 tower tower-* axum axum-* tungstenite *-tungstenite socket2 quinn quinn-* " \
    "reqwest ureq rustls rustls-* native-tls openssl openssl-* ring aws-lc-*".split()
CHANCE = "getrandom rand rand_* fastrand oorandom uuid".split()
CLOCK = "chrono time instant web-time quanta coarsetime".split()
DATABASE = "redis fred postgres postgres-* sqlx sqlx-* diesel async-nats nats mongodb".split()
FORBIDDEN = {
    "engineio-proto": RUNTIME + NETWORK + CHANCE + CLOCK + DATABASE,
    "socketio-proto": RUNTIME + NETWORK + CHANCE + CLOCK + DATABASE,
    CORE: RUNTIME + NETWORK + DATABASE,
}

# The harness of the protocol crates draws plans of operations with this package, which brings randomness. It may do so
# because it is optional and one feature alone, which nobody else turns on outside tests, brings it in.
HARNESS, HARNESS_FEATURE = "proptest", "testing"

# Crates with code whose README is still to be written. An entry has to go when the file is there.
README_PENDING = set()
PLACEHOLDER = "Reserved for"


# --- checking ----------------------------------------------------------------------------------------------------


def violations(facts):
    """All sentences that say what is wrong. `facts` is what `gather` returns."""
    found = []
    members = facts["members"]
    for name, crate in members.items():
        found += direct_dependencies(name, crate, members)
        found += inherited(name, crate)
        if is_program(crate):
            if crate["published"]:
                found.append(f"{name}: a program in {crate['folder']} is not published: publish = false")
            continue
        found += front_page(name, crate)
        found += harness_stays_optional(name, crate)
    for features, graph in facts["graphs"].items():
        found += forbidden_packages(graph, features)
    found += protocol_lints(facts["clippy"])
    for used in facts["fuzz"]:
        if used in members and used not in FUZZ_USES:
            found.append(f"fuzz: uses {used}; fuzz targets use {listed(FUZZ_USES)}")
    return found


def direct_dependencies(name, crate, members):
    """A crate uses what stands below it; its tests may use a little more."""
    allowed = allowed_for(name, crate)
    if allowed is None:
        yield f"{name}: no rule for a package in {crate['folder']}: say in .ci/layers.py where it belongs"
        return
    normal, dev = allowed
    for used, kind in crate["uses"]:
        if used not in members or (used == name and kind == "dev"):
            continue
        if is_program(members[used]):
            yield f"{name}: uses the program {used}"
        elif normal != ANYTHING and used not in (normal | dev if kind == "dev" else normal):
            yield f"{name}: {'tests use' if kind == 'dev' else 'uses'} {used}; allowed: {listed(normal)}" + (
                f", in tests also {listed(dev - normal)}" if dev - normal else ""
            )


ANYTHING = frozenset(["anything public"])


def allowed_for(name, crate):
    """What the package and what its tests may use of this workspace; None if there is no rule for it."""
    if is_program(crate):
        return ANYTHING, ANYTHING
    if name in USES:
        return below(USES[name]), below(TESTS_USE[name])
    if crate["folder"].startswith("adapters/"):
        return below(BUS_USES), below(BUS_TESTS_USE)
    return None


def below(names):
    """The crates named, and all that they may use."""
    return frozenset(names).union(*(below(USES[name]) for name in names))


def forbidden_packages(graph, features):
    """Walks the normal dependencies of each crate that must stay free of something."""
    for name, patterns in FORBIDDEN.items():
        paths = {name: [name]}
        queue = [name] if name in graph else []
        while queue:
            package = queue.pop()
            for used in graph[package]:
                if used in paths or (package in PROTOCOL and used == HARNESS):
                    continue
                paths[used] = [*paths[package], used]
                if any(fnmatch.fnmatchcase(used, pattern) for pattern in patterns):
                    yield f"{name}: brings in {used} with {features}: {' -> '.join(paths[used])}"
                else:
                    queue.append(used)


def harness_stays_optional(name, crate):
    """What the harness needs reaches nobody who did not ask for it."""
    features = crate["features"]
    if name in PROTOCOL:
        if HARNESS in crate["required"]:
            yield f"{name}: {HARNESS} must be optional, behind the feature `{HARNESS_FEATURE}`"
        for feature, turns_on in features.items():
            brings = any(on.startswith((f"dep:{HARNESS}", f"{HARNESS}/")) or on == HARNESS for on in turns_on)
            if brings and feature not in (HARNESS, HARNESS_FEATURE):
                yield f"{name}: the feature `{feature}` brings in {HARNESS}; only `{HARNESS_FEATURE}` may"
    seen, queue = set(), ["default"]
    while queue:
        feature = queue.pop()
        if feature not in seen:
            seen.add(feature)
            queue += features.get(feature, [])
    if any(feature.rpartition("/")[2] == HARNESS_FEATURE for feature in seen):
        yield f"{name}: `{HARNESS_FEATURE}` is on by default"
    for used in set(crate["asks_for_harness"]).intersection(USES):
        yield f"{name}: turns on `{HARNESS_FEATURE}` of {used} for everybody; ask for it under [dev-dependencies]"


def inherited(name, crate):
    """What is decided once for the whole workspace."""
    manifest = crate["manifest"]
    if manifest.get("lints") != {"workspace": True}:
        yield f"{name}: Cargo.toml lacks `[lints] workspace = true`"
    if manifest["package"].get("rust-version") != {"workspace": True}:
        yield f"{name}: Cargo.toml lacks `rust-version.workspace = true`"


def front_page(name, crate):
    """Whoever finds the crate in a registry learns what it is."""
    if not crate["has_code"]:
        return
    if not crate["has_readme"] and name not in README_PENDING:
        yield f"{name}: has no README.md"
    if crate["has_readme"] and name in README_PENDING:
        yield f"{name}: has a README.md now: take it off README_PENDING in .ci/layers.py"
    if crate["manifest"]["package"].get("description", "").startswith(PLACEHOLDER):
        yield f"{name}: has code, and its description still says that it is empty"


def protocol_lints(clippy):
    """Clippy reads the nearest clippy.toml only, so the list of what is forbidden is kept twice, alike."""
    if None in clippy.values():
        yield f"a protocol crate lacks its clippy.toml: {listed(name for name, text in clippy.items() if text is None)}"
    elif len(set(clippy.values())) > 1:
        yield f"the clippy.toml of {listed(clippy)} differ"


def is_program(crate):
    return crate["folder"].startswith(PROGRAMS)


def listed(names):
    return ", ".join(sorted(names)) or "nothing"


# --- gathering ---------------------------------------------------------------------------------------------------


def gather(root):
    """What the rules look at, from cargo and from the files of the workspace."""
    graphs = {}
    for title, flags in {"default features": [], "all features": ["--all-features"]}.items():
        metadata = cargo_metadata(root / "Cargo.toml", *flags)
        graphs[title] = normal_graph(metadata)
    fuzz = root / "fuzz" / "Cargo.toml"
    return {
        "members": members(metadata, root),
        "graphs": graphs,
        "clippy": {name: text_of(root / name / "clippy.toml") for name in PROTOCOL},
        "fuzz": fuzz_uses(cargo_metadata(fuzz, "--no-deps")) if fuzz.exists() else [],
    }


def cargo_metadata(manifest, *flags):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--manifest-path", str(manifest), *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"cargo could not describe {manifest}, see above")
    return json.loads(done.stdout)


def members(metadata, root):
    found = {}
    for package in metadata["packages"]:
        if package["id"] not in metadata["workspace_members"]:
            continue
        folder = pathlib.Path(package["manifest_path"]).parent
        found[package["name"]] = crate_facts(
            package,
            f"{folder.relative_to(root).as_posix()}/",
            tomllib.loads((folder / "Cargo.toml").read_text()),
            has_readme=(folder / "README.md").exists(),
            has_code=any(has_code(file.read_text()) for file in (folder / "src").rglob("*.rs")),
        )
    return found


def crate_facts(package, folder, manifest, has_readme, has_code):
    dependencies = package["dependencies"]
    return {
        "folder": folder,
        "manifest": manifest,
        "has_readme": has_readme,
        "has_code": has_code,
        "published": package["publish"] != [],
        "features": package["features"],
        "uses": [(used["name"], used["kind"]) for used in dependencies],
        "required": [used["name"] for used in dependencies if used["kind"] != "dev" and not used["optional"]],
        "asks_for_harness": [
            used["name"] for used in dependencies if used["kind"] != "dev" and HARNESS_FEATURE in used["features"]
        ],
    }


def has_code(source):
    """Whether there is more than comments and crate attributes."""
    lines = (line.strip() for line in source.splitlines())
    return any(line and not line.startswith(("//", "#![")) for line in lines)


def normal_graph(metadata):
    """Package name to the names it uses outside tests and build scripts.

    Two versions of a package become one node: what is forbidden is forbidden in every version.
    """
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    graph = {name: set() for name in names.values()}
    for node in metadata["resolve"]["nodes"]:
        for used in node["deps"]:
            if any(kind["kind"] is None for kind in used["dep_kinds"]):
                graph[names[node["id"]]].add(names[used["pkg"]])
    return graph


def fuzz_uses(metadata):
    return [used["name"] for package in metadata["packages"] for used in package["dependencies"]]


def text_of(path):
    return path.read_text() if path.exists() else None


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.dont_write_bytecode = True  # the checkout stays clean
        import layers_self_test

        wrong, summary = layers_self_test.run()
    elif not sys.argv[1:]:
        facts = gather(pathlib.Path(__file__).resolve().parent.parent)
        wrong = violations(facts)
        packages = max(len(graph) for graph in facts["graphs"].values())
        summary = f"layers: {len(facts['members'])} crates, {packages} packages with what they bring in, no violation"
    else:
        sys.exit(__doc__)
    for message in wrong:
        print(message, file=sys.stderr)
    if wrong:
        sys.exit(f"{len(wrong)} violation(s)")
    print(summary)


if __name__ == "__main__":
    main()
