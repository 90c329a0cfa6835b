"""One crate as `rustdoc --output-format json` describes it, as lines: one for each thing that somebody may use.

What the format holds is documented in the crate rustdoc-types, version 0.57.
"""

import re

AUTO = ("Send", "Sync", "Unpin")
# What everybody knows without its module.
PRELUDE = {"Option", "Result", "String", "Vec", "Box", "Clone", "Copy", "Debug", "Default", "Eq", "PartialEq", "Ord",
           "PartialOrd", "Hash", "From", "Into", "TryFrom", "AsRef", "Borrow", "Deref", "Display", "Drop", "Iterator",
           "IntoIterator", "Extend", "FromIterator", "Send", "Sync", "Unpin", "Fn", "FnMut", "FnOnce", "Future", "Arc",
           "Duration", "Sized", "IntoFuture", "ToOwned", "FromStr"}


class Crate:
    """One crate as rustdoc describes it."""

    def __init__(self, described):
        self.index, self.paths = described["index"], described["paths"]
        self.crates = described["external_crates"]
        self.root = described["root"]
        self.public = {}
        self.lines = set()

    def list(self):
        """The lines, sorted: the order in the source says nothing to a user."""
        # First where everything can be had, since signatures name it; then what it is.
        self.find(self.root, "", set())
        for name, item in sorted((name, item) for item, name in self.public.items()):
            self.describe(self.item(item), name)
        return sorted(self.lines, key=sort_key)

    def item(self, id):
        return self.index.get(str(id))

    def find(self, module, prefix, seen):
        """Gives each item that can be reached the shortest name by which it can be."""
        for id in self.item(module)["inner"]["module"]["items"]:
            self.find_item(id, prefix, seen)

    def find_item(self, id, prefix, seen):
        item = self.item(id)
        if item is None:
            return
        (kind, inner), = item["inner"].items()
        if kind == "use":
            target = self.item(inner["id"]) if inner["id"] is not None else None
            if target is None:
                star = "::*" if inner["is_glob"] else ""
                self.lines.add(f"pub use {prefix}{inner['name']} = {self.source(inner)}{star}")
            elif inner["is_glob"]:
                self.find(inner["id"], prefix, seen)
            else:
                self.name(inner["id"], prefix + inner["name"], seen)
        elif kind != "impl" and item["visibility"] == "public":
            self.name(id, prefix + item["name"], seen)

    def name(self, id, name, seen):
        before = self.public.get(id)
        if before is not None:
            short, long = sorted((before, name), key=lambda name: (name.count("::"), name))
            self.lines.add(f"pub use {long} = {short}")
            name = short
        self.public[id] = name
        if "module" in self.item(id)["inner"] and id not in seen:
            seen.add(id)
            self.find(id, name + "::", seen)

    def source(self, use):
        known = self.paths.get(str(use["id"]))
        return "::".join(known["path"]) if known else use["source"]

    # --- items ------------------------------------------------------------------------------------------------------

    def describe(self, item, name):
        (kind, inner), = item["inner"].items()
        mark = "#[non_exhaustive] " if "non_exhaustive" in item["attrs"] else ""
        if kind == "module":
            self.lines.add(f"pub mod {name}")
        elif kind == "struct":
            self.lines.add(f"{mark}pub struct {name}{self.generics(inner)}{self.struct_tail(inner)}")
            self.fields(inner, name)
            self.implementations(inner, name)
        elif kind == "enum":
            self.lines.add(f"{mark}pub enum {name}{self.generics(inner)}{self.where(inner)}")
            for id in inner["variants"]:
                self.variant(self.item(id), name)
            self.implementations(inner, name)
        elif kind == "union":
            self.lines.add(f"pub union {name}{self.generics(inner)}{self.where(inner)}")
            self.implementations(inner, name)
        elif kind == "trait":
            bounds = self.bounds(inner["bounds"], ": ")
            unsafe, auto = "unsafe " * inner["is_unsafe"], "auto " * inner["is_auto"]
            dyn = "" if inner["is_dyn_compatible"] else " // not dyn"
            self.lines.add(f"pub {unsafe}{auto}trait {name}{self.generics(inner)}{bounds}{self.where(inner)}{dyn}")
            for id in inner["items"]:
                self.member(self.item(id), name, in_trait=True)
            self.foreign_implementations(inner)
        elif kind == "function":
            self.lines.add(self.function(inner, name))
        elif kind == "type_alias":
            self.lines.add(f"pub type {name}{self.generics(inner)} = {self.type(inner['type'])}{self.where(inner)}")
        elif kind == "constant":
            self.lines.add(f"pub const {name}: {self.type(inner['type'])} = {inner['const']['value'] or inner['const']['expr']}")
        elif kind == "static":
            self.lines.add(f"pub static {'mut ' * inner['is_mutable']}{name}: {self.type(inner['type'])}")
        elif kind == "macro":
            self.lines.add(f"pub macro {name}!")
        else:
            self.lines.add(f"pub {kind} {name}")

    def struct_tail(self, inner):
        kind = inner["kind"]
        where = self.where(inner)
        if kind == "unit":
            return where
        if "tuple" in kind:
            fields = [self.public_field(id) or "_" for id in kind["tuple"]]
            return f"({', '.join(fields)}){where}"
        return where + (" { .. }" if kind["plain"]["has_stripped_fields"] else " { }")

    def public_field(self, id):
        field = self.item(id) if id is not None else None
        return field and "pub " + self.type(field["inner"]["struct_field"])

    def fields(self, inner, name):
        if "plain" in inner["kind"]:
            for id in inner["kind"]["plain"]["fields"]:
                field = self.item(id)
                self.lines.add(f"pub {name}::{field['name']}: {self.type(field['inner']['struct_field'])}")

    def variant(self, item, name):
        mark = "#[non_exhaustive] " if "non_exhaustive" in item["attrs"] else ""
        kind, text = item["inner"]["variant"]["kind"], ""
        if "tuple" in kind:
            fields = [self.item(id) for id in kind["tuple"] if id is not None]
            text = f"({', '.join(self.type(field['inner']['struct_field']) for field in fields)})"
        elif "struct" in kind:
            fields = [self.item(id) for id in kind["struct"]["fields"]]
            shown = [f"{field['name']}: {self.type(field['inner']['struct_field'])}" for field in fields]
            text = " { " + ", ".join(shown + [".."] * kind["struct"]["has_stripped_fields"]) + " }"
        value = item["inner"]["variant"]["discriminant"]
        self.lines.add(f"{mark}pub {name}::{item['name']}{text}{' = ' + value['expr'] if value else ''}")

    def member(self, item, name, behind="", in_trait=False):
        if item is None or (item["visibility"] != "public" and not in_trait):
            return
        (kind, inner), = item["inner"].items()
        name = f"{name}::{item['name']}"
        if kind == "function":
            provided = " // provided" if in_trait and inner["has_body"] else ""
            self.lines.add(self.function(inner, name) + provided + behind)
        elif kind == "assoc_const":
            value = f" = {inner['value']}" if inner["value"] is not None else ""
            self.lines.add(f"pub const {name}: {self.type(inner['type'])}{value}{behind}")
        elif kind == "assoc_type":
            default = f" = {self.type(inner['type'])}" if inner["type"] else ""
            bounds = self.bounds(inner["bounds"], ": ")
            self.lines.add(f"pub type {name}{self.generics(inner)}{bounds}{default}{self.where(inner)}")

    def function(self, inner, name):
        header, sig = inner["header"], inner["sig"]
        words = [word for word in ("const", "async", "unsafe") if header[f"is_{word}"]]
        inputs = [self.input(*each) for each in sig["inputs"]]
        output = f" -> {self.type(sig['output'])}" if sig["output"] else ""
        start = " ".join(["pub", *words, "fn", name])
        return f"{start}{self.generics(inner)}({', '.join(inputs)}){output}{self.where(inner)}"

    def input(self, name, type):
        shown = self.type(type)
        if name == "self":
            return {"Self": "self", "&Self": "&self", "&mut Self": "&mut self"}.get(shown, f"self: {shown}")
        return f"{name}: {shown}"

    # --- implementations --------------------------------------------------------------------------------------------

    def implementations(self, inner, name):
        auto = []
        for id in inner["impls"]:
            item = self.item(id)
            if item is None:
                continue
            impl = item["inner"]["impl"]
            if impl["trait"] is None:
                for member in impl["items"]:
                    self.member(self.item(member), *self.inherent(impl, inner, name))
            elif impl["is_synthetic"] or self.trait_name(impl) in AUTO:
                if self.trait_name(impl) in AUTO:
                    auto.append(("!" * impl["is_negative"]) + self.trait_name(impl) + self.where(impl["generics"]))
            elif impl["blanket_impl"] is None:
                self.implementation(impl)
        self.lines.add(f"auto {name}: {', '.join(sorted(auto))}")

    def inherent(self, impl, inner, name):
        """What stands before and behind a method: more than the name if not every such type has it."""
        params = [param["name"] for param in impl["generics"]["params"]]
        shown = self.type(impl["for"])
        everybody = shown in (name, f"{name}<{', '.join(params)}>") or all(param == "'_" for param in params) and "'_" in shown
        bounds = self.bounds_of(impl["generics"])
        more = bounds and bounds != self.bounds_of(inner["generics"])
        return (name if everybody else f"<{shown}>"), f" // if {', '.join(bounds)}" if more else ""

    def bounds_of(self, generics):
        params = [self.param(param).partition(" = ")[0] for param in generics["params"]]
        where = self.where_text(generics).removeprefix(" where ")
        return [param for param in params if ":" in param] + [where] * bool(where)

    def implementation(self, impl):
        if self.trait_name(impl) == "StructuralPartialEq":  # the compiler's own, and comes with `PartialEq`
            return
        unsafe = "unsafe " * impl["is_unsafe"]
        types = []
        for id in impl["items"]:
            item = self.item(id)
            if item is not None and "assoc_type" in item["inner"] and item["inner"]["assoc_type"]["type"]:
                types.append(f"{item['name']} = {self.type(item['inner']['assoc_type']['type'])}")
        shown = f" {{ {', '.join(types)} }}" if types else ""
        start = f"{unsafe}impl{self.generics(impl['generics'])}"
        self.lines.add(f"{start} {self.path(impl['trait'])} for {self.type(impl['for'])}"
                       f"{self.where(impl['generics'])}{shown}")

    def foreign_implementations(self, inner):
        """Those for types of others, which no type of ours lists."""
        for id in inner["implementations"]:
            item = self.item(id)
            if item is not None and not item["inner"]["impl"]["is_synthetic"]:
                self.implementation(item["inner"]["impl"])

    def trait_name(self, impl):
        return impl["trait"]["path"].rpartition("::")[2]

    # --- types ------------------------------------------------------------------------------------------------------

    def type(self, type):
        if type is None or type == "infer":
            return "_"
        (kind, inner), = type.items()
        return getattr(self, f"type_{kind}")(inner)

    def type_resolved_path(self, inner):
        return self.path(inner)

    def type_primitive(self, inner):
        return "!" if inner == "never" else inner

    def type_generic(self, inner):
        return inner

    def type_tuple(self, inner):
        return f"({', '.join(map(self.type, inner))}{',' * (len(inner) == 1)})"

    def type_slice(self, inner):
        return f"[{self.type(inner)}]"

    def type_array(self, inner):
        return f"[{self.type(inner['type'])}; {inner['len']}]"

    def type_impl_trait(self, inner):
        return self.bounds(inner, "impl ")

    def type_borrowed_ref(self, inner):
        lifetime = inner["lifetime"] + " " if inner["lifetime"] else ""
        return f"&{lifetime}{'mut ' * inner['is_mutable']}{self.type(inner['type'])}"

    def type_raw_pointer(self, inner):
        return f"*{'mut' if inner['is_mutable'] else 'const'} {self.type(inner['type'])}"

    def type_dyn_trait(self, inner):
        traits = [self.higher(each) + self.path(each["trait"]) for each in inner["traits"]]
        return "dyn " + " + ".join(traits + [inner["lifetime"]] * bool(inner["lifetime"]))

    def type_function_pointer(self, inner):
        sig = inner["sig"]
        output = f" -> {self.type(sig['output'])}" if sig["output"] else ""
        return f"{self.higher(inner)}fn({', '.join(self.type(type) for _, type in sig['inputs'])}){output}"

    def type_qualified_path(self, inner):
        of = self.type(inner["self_type"])
        args = self.args(inner["args"])
        if inner["trait"] is None or not inner["trait"]["path"]:
            return f"{of}::{inner['name']}{args}"
        return f"<{of} as {self.path(inner['trait'])}>::{inner['name']}{args}"

    def path(self, path):
        return self.name_of(path) + self.args(path["args"])

    def name_of(self, path):
        if path["id"] in self.public:
            return self.public[path["id"]]
        known = self.paths.get(str(path["id"]))
        if known is None:
            return path["path"]
        parts = known["path"]
        if parts[0] in ("std", "core", "alloc"):
            return parts[-1] if parts[-1] in PRELUDE and parts[-2] != "fmt" or parts[-1] in ("Debug", "Display") \
                else "::".join(["std", *parts[1:]])
        own = self.crates.get(str(known["crate_id"])) is None
        return "crate::" + "::".join(parts[1:]) if own else f"{parts[0]}::{parts[-1]}"

    def args(self, args):
        if not args:
            return ""
        (kind, inner), = args.items() if isinstance(args, dict) else ((args, None),)
        if kind == "parenthesized":
            output = f" -> {self.type(inner['output'])}" if inner["output"] else ""
            return f"({', '.join(map(self.type, inner['inputs']))}){output}"
        if kind == "return_type_notation":
            return "(..)"
        shown = [self.arg(arg) for arg in inner["args"]] + [self.constraint(each) for each in inner["constraints"]]
        return f"<{', '.join(shown)}>" if shown else ""

    def arg(self, arg):
        if arg == "infer":
            return "_"
        (kind, inner), = arg.items()
        return {"lifetime": lambda: inner, "const": lambda: inner["expr"]}.get(kind, lambda: self.type(inner))()

    def constraint(self, constraint):
        (kind, inner), = constraint["binding"].items()
        name = constraint["name"] + self.args(constraint["args"])
        return f"{name} = {self.term(inner)}" if kind == "equality" else name + self.bounds(inner, ": ")

    def term(self, term):
        return self.type(term["type"]) if "type" in term else term["constant"]["expr"]

    def bounds(self, bounds, before):
        shown = [self.bound(bound) for bound in bounds]
        return before + " + ".join(shown) if shown else ""

    def bound(self, bound):
        (kind, inner), = bound.items()
        if kind == "outlives":
            return inner
        if kind == "use":
            names = [each if isinstance(each, str) else next(iter(each.values())) for each in inner]
            return f"use<{', '.join(names)}>"
        sign = {"maybe": "?", "maybe_const": "~const "}.get(inner["modifier"], "")
        return self.higher({"generic_params": inner["generic_params"]}) + sign + self.path(inner["trait"])

    def higher(self, inner):
        params = [param["name"] for param in inner["generic_params"]]
        return f"for<{', '.join(params)}> " if params else ""

    def generics(self, inner):
        generics = inner.get("generics", inner)
        params = [self.param(param) for param in generics["params"] if not self.is_synthetic(param)]
        return f"<{', '.join(params)}>" if params else ""

    def is_synthetic(self, param):
        """What `impl Trait` stands for in a parameter."""
        return "type" in param["kind"] and param["kind"]["type"]["is_synthetic"]

    def param(self, param):
        (kind, inner), = param["kind"].items()
        if kind == "lifetime":
            return param["name"] + (": " + " + ".join(inner["outlives"]) if inner["outlives"] else "")
        if kind == "const":
            default = f" = {inner['default']}" if inner["default"] else ""
            return f"const {param['name']}: {self.type(inner['type'])}{default}"
        default = f" = {self.type(inner['default'])}" if inner["default"] else ""
        return param["name"] + self.bounds(inner["bounds"], ": ") + default

    def where(self, inner):
        return self.where_text(inner.get("generics", inner))

    def where_text(self, generics):
        shown = []
        for predicate in generics["where_predicates"]:
            (kind, inner), = predicate.items()
            if kind == "bound_predicate":
                shown.append(self.higher(inner) + self.type(inner["type"]) + self.bounds(inner["bounds"], ": "))
            elif kind == "lifetime_predicate":
                shown.append(f"{inner['lifetime']}: {' + '.join(inner['outlives'])}")
            else:
                shown.append(f"{self.type(inner['lhs'])} = {self.term(inner['rhs'])}")
        return " where " + ", ".join(shown) if shown else ""


def sort_key(line):
    """By what the line is about, so that members stand below their type."""
    subject = line
    for word in ("#[non_exhaustive] ", "pub ", "auto "):
        subject = subject.removeprefix(word)
    for word in ("const ", "async ", "unsafe ", "fn ", "struct ", "enum ", "trait ", "type ", "mod ", "use ", "static "):
        subject = subject.removeprefix(word)
    if line.startswith(("impl", "unsafe impl")):
        subject = "~" + line.partition(" for ")[2]
    return re.match("~?<?[A-Za-z0-9_:]*", subject)[0], subject, line
