#!/usr/bin/env python3
"""Lists what is public in each published crate, and compares it with the files in public-api/.

    .ci/public_api.py FOLDER              compare; FOLDER holds what `rustdoc --output-format json` wrote
    .ci/public_api.py FOLDER --accept     write the files anew
    .ci/public_api.py --self-test RUSTDOC check that a change of each kind is seen

A line is one thing that somebody may use: an item with its full signature, a field, a variant, a method, an
implementation. So a change of the public API is a change of a file that a reviewer sees, and none happens unseen.
`.ci/check doc` has the JSON written and starts this; `.ci/check accept-api` is the command for a change that is meant.

What the lists leave out: items with `#[doc(hidden)]`; blanket implementations; auto traits other than Send, Sync and
Unpin. Names of other crates are those of their definition, shortened to crate and last part.
"""

import difflib
import json
import pathlib
import sys

sys.dont_write_bytecode = True  # the checkout stays clean
from public_api_lines import Crate  # noqa: E402

CRATES = ("engineio-proto", "socketio-proto", "socketio-adapter", "socketio-server", "socketio-client")
LISTS = pathlib.Path(__file__).resolve().parent.parent / "public-api"
# The format of rustdoc that `Crate` reads: that of the oldest compiler that the manifests promise.
FORMAT = 57


def lines_of(file):
    described = json.loads(file.read_text())
    if described["format_version"] != FORMAT:
        sys.exit(f"{file} is of format {described['format_version']}, and .ci/public_api.py knows {FORMAT}. See what has "
                 "changed in rustdoc's description of itself, the crate rustdoc-types, before you change the number.")
    return Crate(described).list()


def compare(folder, accept):
    differences = 0
    for crate in CRATES:
        file = LISTS / f"{crate}.txt"
        now = lines_of(folder / f"{crate.replace('-', '_')}.json")
        before = file.read_text().splitlines() if file.exists() else []
        changed = [line for line in difflib.unified_diff(before, now, f"accepted/{crate}", f"now/{crate}", lineterm="", n=0)
                   if not line.startswith("@@")]
        if accept:
            LISTS.mkdir(exist_ok=True)
            file.write_text("\n".join(now) + "\n")
            print(f"{crate}: {len(now)} lines, {max(0, len(changed) - 2)} changed")
        elif changed:
            differences += 1
            print("\n".join(changed))
        else:
            print(f"{crate}: {len(now)} lines, as accepted")
    if differences:
        sys.exit("the public API has changed. If that is meant: `.ci/check accept-api`, and commit public-api/ with the change")


def main():
    match sys.argv[1:]:
        case ["--self-test", rustdoc]:
            import public_api_self_test

            wrong, summary = public_api_self_test.run(rustdoc, lines_of)
            for message in wrong:
                print(message, file=sys.stderr)
            if wrong:
                sys.exit(f"{len(wrong)} violation(s)")
            print(summary)
        case [folder]:
            compare(pathlib.Path(folder), accept=False)
        case [folder, "--accept"]:
            compare(pathlib.Path(folder), accept=True)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
