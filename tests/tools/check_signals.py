#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recompute a bundle's signals from its files and the documents alone (hw/ARCHITECTURE.md, fixedpoint/README.md).
Usage: check_signals.py FOLDER      a bundle of `apical vectors export --signals`
Exit status: 0 everything agrees, 1 something differs, 2 bad usage or an unreadable bundle."""
import collections, fractions, json, pathlib, re, sys
checked, failures, notes, Fraction = collections.Counter(), [], collections.Counter(), fractions.Fraction
def check(kind, file, line, column, expected, found):
    checked[f"{kind}: {column}"] += 1
    if expected != found:
        failures.append(f"{file} row {line} {column}: expected {expected}, found {found}")
def rounded(x, s, form, random=0):
    if s <= 0:
        return x << -s
    q, rest, half, k = x >> s, x & (1 << s) - 1, 1 << s - 1, form.get("random_bits", 16)
    if form["rounding"] == "STOCHASTIC":
        return x + (random >> 16 - s) >> s if s <= k else ((x >> s - k - 1) + 1 >> 1) + (random >> 16 - k) >> k
    return q + {"RND": rest >= half, "RND_ZERO": rest > half - (q < 0), "RND_MIN_INF": rest > half, "TRN": False,
                "RND_INF": rest > half - (q >= 0), "RND_CONV": rest > half - (q & 1), "TRN_ZERO": q < 0 < rest}[form["rounding"]]
def limited(x, form):
    low, high = (-1 << form["bits"] - 1, 1 << form["bits"] - 1) if form["signed"] else (0, 1 << form["bits"])
    end = min(max(x, low + (form["signed"] and form["overflow"] == "SAT_SYM")), high - 1)
    wrapped = (x - low) % (high - low) + low
    return x if x == end else {"SAT": end, "SAT_SYM": end, "SAT_ZERO": 0, "WRAP": wrapped}[form["overflow"]]
def mix32(a):
    a = (a + 0x7ed55d16) + (a << 12) & 0xffffffff
    a = a ^ 0xc761c23c ^ a >> 19
    a = (a + 0x165667b1) + (a << 5) & 0xffffffff
    a = (a + 0xd3a2646c ^ a << 9) & 0xffffffff
    a = (a + 0xfd7046c5) + (a << 3) & 0xffffffff
    return a ^ 0xb55a4f09 ^ a >> 16
def random16(seed, stream, tick, row, column):
    x = mix32(mix32(mix32(seed & 0xffffffff) + tick & 0xffffffff) + (stream << 20) + row & 0xffffffff) ^ mix32(column)
    x = (x & 0xffff) + (x >> 16) & 0xffff
    x = (x ^ x >> 5) * 129 & 0xffff  # That is x + (x << 7) modulo 2^16, and the last line x + (x << 9).
    return (x ^ x >> 3) * 513 & 0xffff
def read(path):
    x = re.sub("//.*", "", path.read_text()).split()
    return x if path.suffix == ".memh" else [dict(zip(x[0].split(","), map(int, y.split(",")), strict=True)) for y in x[1:]]
def quantiser(record, tables, seed):
    form, frac, rows, file = record["format"], {f["name"]: f["frac"] for f in record["fields"]}, record["rows"], record["csv"]
    lsb = {name: Fraction(2) ** -n for name, n in frac.items()}
    # Whatever isn't arithmetic becomes a syntax error, so that eval can do nothing else; numbers become exact.
    text = re.sub(r"[^\w\s+*/()-]", "?", record.get("formula", "0").replace("^", "**"))
    formula = compile(re.sub(r"(?<!\w)\d+", r"F(\g<0>)", text), file, "eval")
    kind = "weights" if "change" in frac else "sums" if "sum_of" in record else "signals and steps"
    checked.update({f"{kind}: {n}": 0 for n in ("exact", "random16", "result", "change", "base", "delta", "low") if n in frac})
    places = [(r["tick"], r["unit"] if "unit" in r else r["row"], r.get("column", 0)) for r in rows]
    stream = record["stream"]
    for line, (r, place) in enumerate(zip(rows, places), 2):
        expected = {"random16": random16(seed, stream, *place)}
        if "formula" in record:
            expected["exact"] = eval(formula, {"__builtins__": {}, "F": Fraction}, {n: r[n] * lsb[n] for n in r}) / lsb["exact"]
        expected["change"] = rounded(r["exact"], frac["exact"] - form["frac"], form, r["random16"])
        expected["result"] = limited(r.get("before", 0) + expected["change"], form)
        if "base" in r:
            t = tables[record["signal"].replace("scratch", "rate"), record["population"]]
            n, bits = r[t["read_with"]] - t["lowest"], t.get("low_bits", 0)
            expected |= t["rows"][n >> bits] | {"low": n % (1 << bits)}
        for name in [n for n in r if n in expected]:
            check(kind, file, line, name, expected[name], r[name])

def sums(folder, manifest, records, sweep):
    names, of = [p["name"] for p in manifest["populations"]], {p["name"]: p for p in manifest["projections"]}
    weights = {name: [limited(int(w, 16), p["weight"] | {"overflow": "WRAP"}) for _, w in
                      zip(range(p["rows"] * p["columns"]), read(folder / f"weights_{name}.memh"), strict=True)]
               for name, p in of.items() if p["weights_of"] == name}
    states = {r["state_of"]: r["at"] for r in records if "state_of" in r}
    # What moves weights comes after what sums them up: a tick's sums are made of the weights that were there before it.
    order = sorted((r for r in records if "sum_of" in r or r.get("signal") == "weight"), key=lambda r: "sum_of" not in r)
    for tick, record in ((t, r) for t in sorted(states[names[0]]) for r in order):
        for line, r in record["at"][tick] if "sum_of" not in record else []:
            p = of[record["projection"]]
            matrix, place = weights[p["weights_of"]], r["row"] * p["columns"] + r["column"]
            check("weights", record["csv"], line, "before", matrix[place], r["before"])
            matrix[place] = r["result"]
        for line, r in record["at"][tick] if "sum_of" in record else []:
            exact, known = 0, [other["unit"] for _, other in record["at"][tick]].count(r["unit"]) == 1
            for item in record["sum_of"]:
                forward, p = "sent_rate_of" in item, of[item["weights"]]
                signal, columns, matrix = "sent_rate" if forward else "sent_error", p["columns"], weights[p["weights_of"]]
                source, target = names.index(item[f"{signal}_of"]), names.index(record["population"])
                # Only of the sweep is it written whose values of this tick are heard; inputs are there before any tick.
                when = tick if source == 0 or (source < target if forward else source > target) else tick - 1
                sent = [s[signal] for _, s in states[names[source]][when] if sweep or source == 0]
                form, known = manifest["populations"][source]["formats"][signal[5:]], known and bool(sent)
                sent += [limited(rounded(1, -form["frac"], form), form | {"overflow": "SAT"})] * (forward and p["bias"])
                part = matrix[r["unit"] * columns:][:columns] if forward else matrix[r["unit"]::columns]
                exact += sum(map(int.__mul__, part, sent)) * Fraction(2) ** -(p["weight"]["frac"] + form["frac"])
            notes["sums left out, whose order or state the documents leave open"] += not known
            if known:
                check("sums", record["csv"], line, "exact", exact * Fraction(2) ** record["fields"][2]["frac"], r["exact"])

def main(folder):
    manifest, signals = (json.loads((folder / name).read_text()) for name in ("manifest.json", "signals.json"))
    settings, last, state = (folder / "effective.txt").read_text().splitlines(), {}, {}
    sweep = 'dynamics.order = "sweep"' in settings and 'network.circuit = "plain"' in settings
    tables = {(t["signal"], t["population"]): t | {"rows": read(folder / t["csv"])} for t in signals["tables"]}
    # What a start pass writes, a later pass of the tick writes again, so start passes come first.
    for record in sorted(signals["records"], key=lambda r: not r.get("signal", "").startswith("start_")):
        record["rows"], found = read(folder / record["csv"]), read(folder / record["memh"])
        record["at"], signal = collections.defaultdict(list), record.get("signal", "").removeprefix("start_")
        check("files", record["csv"], "count", "rows", [record["records"]] * 2, [len(record["rows"]), len(found)])
        for line, (r, word) in enumerate(zip(record["rows"], found), 2):
            text = "".join(f"{r[f['name']] % 16 ** f['digits']:0{f['digits']}x}" for f in record["fields"])
            check("memh", record["memh"], line, "word", text, word.lower())
            record["at"][r["tick"]].append((line, r))
            state |= {(record["state_of"], n, r["tick"], r["unit"]): (record["csv"], line, n, r[n]) for n in r if not signal}
            for name in [signal] + ["first_mismatch"] * (record.get("signal") == "start_mismatch"):
                last[record.get("population"), name, r["tick"], r.get("unit")] = r.get("result")
        if signal:
            quantiser(record, tables, manifest["seed"])
    sums(folder, manifest, signals["records"], sweep)
    checked.update({f"states: {name}": 0 for population, name, _, _ in last if population})
    # Where a projection moves another one's weights, its target's errors give way to rates that no record tells.
    held = {p[:2] for p in state} - {(p["target"], "error") for p in manifest["projections"] if p["weights_of"] != p["name"]}
    for place in [p for p in last if p[:2] in held]:
        check("states", *state.get(place, (place, "-", place[1]))[:3], last[place], state.get(place, [None])[-1])

try:
    main(*map(pathlib.Path, sys.argv[1:]))
except (OSError, ValueError, LookupError, TypeError, ArithmeticError, SyntaxError, NameError) as error:
    print(f"{type(error).__name__}: {error}\n{__doc__}", file=sys.stderr)
    sys.exit(2)
# Of sums the documents may leave every one open, which is said; of all else something has to be there.
failures += [f"nothing checked: {kind}" for kind, n in checked.items() if not n and not (kind == "sums: exact" and any(notes.values()))]
print(*(f"{n:9} {kind}" for kind, n in sorted(checked.items()) + list(notes.items())), *failures[:10],
      f"{sum(checked.values())} values checked, {len(failures)} failures", sep="\n")
sys.exit(bool(failures))
