"""A rule that never fires is no rule: violations of each, planted in a made-up workspace, must be found.

`.ci/layers.py --self-test` runs this.
"""

import copy
import functools

from layers import (
    CLIENT,
    CORE,
    HARNESS,
    HARNESS_FEATURE,
    PLACEHOLDER,
    PROTOCOL,
    README_PENDING,
    SERVER,
    crate_facts,
    fuzz_uses,
    has_code,
    normal_graph,
    violations,
)


def run():
    """What was planted and not found, or found and not planted; and a line that says how much was tried."""
    cases = {
        **{words: sample_facts(lambda _, use: plant(use)) for words, plant in PLANTED_DEPENDENCIES.items()},
        **{
            words: sample_facts(lambda packages, _: packages[name]["features"].update(features))
            for words, (name, features) in PLANTED_FEATURES.items()
        },
        **{
            words: sample_facts(spoil_facts=lambda facts: plant(facts["members"], facts["clippy"]))
            for words, plant in PLANTED_FACTS.items()
        },
    }
    wrong = [f"in a clean workspace: {message}" for message in violations(sample_facts())]
    for words, facts in cases.items():
        found = violations(facts)
        if not any(words in message for message in found):
            wrong.append(f"planted and not found: {words!r}; found {found}")
    if not has_code("//! x\n#![no_std]\nfn f() {}") or has_code("//! x\n#![no_std]\n\n// y"):
        wrong.append("has_code takes comments for code, or code for comments")
    return wrong, f"self-test: {len(cases)} planted violations found"


# Words that the message must contain, and the dependency that has to cause it.
PLANTED_DEPENDENCIES = {
    "engineio-proto: uses socketio-proto": lambda use: use("engineio-proto", "socketio-proto"),
    "socketio-proto: uses socketio-server": lambda use: use("socketio-proto", SERVER, "build"),
    "socketio-proto: tests use socketio-client": lambda use: use("socketio-proto", CLIENT, "dev"),
    "socketio-adapter: uses socketio-server": lambda use: use(CORE, SERVER),
    "socketio-redis: uses socketio-server": lambda use: use("socketio-redis", SERVER),
    "socketio-redis: uses socketio-nats": lambda use: use("socketio-redis", "socketio-nats"),
    "socketio-nats: tests use socketio-redis": lambda use: use("socketio-nats", "socketio-redis", "dev"),
    "socketio-server: uses socketio-client": lambda use: use(SERVER, CLIENT),
    "socketio-server: uses socketio-redis": lambda use: use(SERVER, "socketio-redis"),
    "socketio-client: uses socketio-server": lambda use: use(CLIENT, SERVER),
    "socketio-client: uses socketio-adapter": lambda use: use(CLIENT, CORE),
    "socketio-server: uses the program chat": lambda use: use(SERVER, "chat", "dev"),
    "fuzz: uses socketio-server": lambda use: use("fuzz-targets", SERVER),
    "engineio-proto: brings in rand": lambda use: use("bytes", "rand"),
    "socketio-proto: brings in mio": lambda use: use("bytes", "mio"),
    "socketio-adapter: brings in redis": lambda use: use(CORE, "redis"),
    "engineio-proto -> bytes -> tracing -> tokio": lambda use: (use("bytes", "tracing"), use("tracing", "tokio")),
    "engineio-proto: proptest must be optional": lambda use: use("engineio-proto", HARNESS),
    "socketio-server: turns on `testing` of engineio-proto": lambda use: use(
        SERVER, "engineio-proto", features=[HARNESS_FEATURE]
    ),
}

# The same for features of engineio-proto and socketio-proto.
PLANTED_FEATURES = {
    "the feature `fast` brings in proptest": ("engineio-proto", {"fast": ["dep:proptest"]}),
    "engineio-proto: `testing` is on by default": ("engineio-proto", {"default": ["more"], "more": ["testing"]}),
    "socketio-proto: `testing` is on by default": ("socketio-proto", {"default": ["engineio-proto/testing"]}),
}

# The same for what stands in files; each takes the facts of the members and the clippy.toml files.
PLANTED_FACTS = {
    "chat: a program in examples/chat/": lambda crates, _: crates["chat"].update(published=True),
    "chat: no rule for a package in tools/chat/": lambda crates, _: crates["chat"].update(folder="tools/chat/"),
    "chat: Cargo.toml lacks `[lints]": lambda crates, _: crates["chat"]["manifest"].pop("lints"),
    "socketio-client: Cargo.toml lacks `rust-version": lambda crates, _: crates[CLIENT]["manifest"]["package"].update(
        {"rust-version": "1.95"}
    ),
    "socketio-server: has no README.md": lambda crates, _: crates[SERVER].update(has_readme=False),
    "still says that it is empty": lambda crates, _: crates[SERVER]["manifest"]["package"].update(
        description=f"{PLACEHOLDER} the server."
    ),
    "lacks its clippy.toml: socketio-proto": lambda _, clippy: clippy.update({"socketio-proto": None}),
    "clippy.toml of engineio-proto, socketio-proto differ": lambda _, clippy: clippy.update({"socketio-proto": ""}),
}
for crate in README_PENDING:
    PLANTED_FACTS[f"{crate}: has a README.md now"] = lambda crates, _, crate=crate: crates[crate].update(has_readme=True)


def sample_metadata():
    """A made-up workspace, as cargo describes it, that keeps all rules."""
    folders = {
        "engineio-proto": ("engineio-proto", ["bytes"], []),
        "socketio-proto": ("socketio-proto", ["engineio-proto"], []),
        CORE: ("adapters/core", ["socketio-proto"], []),
        "socketio-redis": ("adapters/redis", [CORE, "redis"], [SERVER]),
        "socketio-nats": ("adapters/nats", [CORE, "async-nats"], []),
        SERVER: ("socketio-server", ["engineio-proto", "socketio-proto", CORE, "tokio"], [CLIENT]),
        CLIENT: ("socketio-client", ["socketio-proto", "tokio"], [SERVER]),
        "chat": ("examples/chat", [SERVER, "axum"], []),
        "bytes": (None, [], []),
        "tokio": (None, ["mio"], []),
        "mio": (None, [], []),
        "redis": (None, ["tokio"], []),
        "async-nats": (None, ["tokio"], []),
        "axum": (None, ["tokio"], []),
        "proptest": (None, ["rand"], []),
        "rand": (None, [], []),
        "tracing": (None, [], []),
        "fuzz-targets": (None, ["engineio-proto"], []),
    }
    packages, nodes = {}, {}
    for name, (folder, normal, dev) in folders.items():
        packages[name] = {
            "id": name,
            "name": name,
            "manifest_path": f"/{folder}/Cargo.toml",
            "publish": [] if name == "chat" else None,
            "features": {"default": [], HARNESS_FEATURE: ["dep:proptest"]} if name == "engineio-proto" else {},
            "dependencies": [],
        }
        nodes[name] = {"id": name, "deps": []}
        for kind, used in [(None, used) for used in normal] + [("dev", used) for used in dev]:
            link(packages, nodes, name, used, kind)
    link(packages, nodes, "engineio-proto", "proptest", None, optional=True)
    link(packages, nodes, "engineio-proto", "proptest", "dev")
    return folders, packages, nodes


def link(packages, nodes, name, used, kind=None, optional=False, features=()):
    packages[name]["dependencies"].append(
        {"name": used, "kind": kind, "optional": optional, "features": list(features)}
    )
    nodes[name]["deps"].append({"pkg": used, "dep_kinds": [{"kind": kind}]})


def sample_facts(spoil_metadata=None, spoil_facts=None):
    """The facts of the made-up workspace, spoilt before or after they were gathered from its metadata."""
    folders, packages, nodes = sample_metadata()
    manifest = {
        "package": {"rust-version": {"workspace": True}, "description": "Something."},
        "lints": {"workspace": True},
    }
    if spoil_metadata:
        spoil_metadata(packages, functools.partial(link, packages, nodes))
    facts = {
        "members": {
            name: crate_facts(
                packages[name],
                f"{folder}/",
                copy.deepcopy(manifest),
                has_readme=name not in README_PENDING,
                has_code=True,
            )
            for name, (folder, _, _) in folders.items()
            if folder
        },
        "graphs": {
            "all features": normal_graph(
                {"packages": list(packages.values()), "resolve": {"nodes": list(nodes.values())}}
            )
        },
        "clippy": {name: "disallowed-methods = []" for name in PROTOCOL},
        "fuzz": fuzz_uses({"packages": [packages["fuzz-targets"]]}),
    }
    if spoil_facts:
        spoil_facts(facts)
    return facts
