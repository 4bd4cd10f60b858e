# SPDX-License-Identifier: Apache-2.0
"""Sentences whose figures are filled in from the rows of a store, and the verdicts that their words rest on."""
import re
import tomllib

from .stores import Refused

SECTION_KEYS = {"store", "study", "title", "text", "figure", "claim"}
FIGURE_KEYS = {"design", "file", "caption"}
CLAIM_KEYS = {"id", "asked", "text", "rests"}
REST_KEYS = {"at", "verdict", "above", "below"}
PLACE = re.compile(r"\{(score|loss|verdict) ([^{}]+)\}")
# A figure that no row vouches for: what is measured in percent, points, or with ± stands in braces.
BY_HAND = re.compile(r"[0-9](?:[0-9.,]*)\s*(?:%|points?\b|±)|±")


def read(path):
    """The sections of a file of claims; every key is known, every id there once."""
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        raise Refused(f"{path}: not there; accepted: a file of claims (tools/study/README.md)") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: {error}; accepted: TOML") from None
    check_keys(path, "the file", table, {"section"}, {"section"})
    ids = set()
    for section in table["section"]:
        where = f"section {section.get('store', '?')}"
        check_keys(path, where, section, SECTION_KEYS, {"store", "study", "title"})
        refuse_figures(path, where, section.get("text", ""))
        for figure in section.setdefault("figure", []):
            check_keys(path, f"{where}, figure", figure, FIGURE_KEYS, {"design", "caption"})
            refuse_figures(path, f"{where}, figure", figure["caption"])
        for claim in section.setdefault("claim", []):
            where_claim = f"{where}, claim {claim.get('id', '?')}"
            check_keys(path, where_claim, claim, CLAIM_KEYS, {"id", "text"})
            if not re.fullmatch("[a-z0-9-]+", claim["id"]) or claim["id"] in ids:
                raise Refused(f"{path}: {where_claim}: id; accepted: small letters, digits and -, each once")
            ids.add(claim["id"])
            for rest in claim.setdefault("rests", []):
                check_keys(path, f"{where_claim}, rests", rest, REST_KEYS, {"at"})
            refuse_figures(path, where_claim, claim["text"])
            if not any(match.group(1) != "verdict" for match in PLACE.finditer(claim["text"])):
                raise Refused(f"{path}: {where_claim}: has no figure; accepted: a text with {{score DESIGN | LABEL | ..}} or "
                              "{loss DESIGN | LABEL | ..}, which bring n and interval")
    return table["section"]


def refuse_figures(path, where, text):
    written = BY_HAND.search(PLACE.sub("", text))
    if written:
        raise Refused(f"{path}: {where}: \"{written.group()}\" is written by hand; accepted: {{score DESIGN | LABEL | ..}} "
                      "and the like, which rows fill in")


def check_keys(path, where, table, known, needed):
    for key in set(table) - known:
        raise Refused(f"{path}: {where}: {key}; accepted: {', '.join(sorted(known))}")
    for key in sorted(needed - set(table)):
        raise Refused(f"{path}: {where}: {key} is missing; accepted: {', '.join(sorted(needed))}")


def place(text):
    """Design and labels of "DESIGN | LABEL | LABEL"; the reference has one position."""
    design, *labels = (part.strip() for part in text.split("|"))
    return design, labels or (["reference"] if design == "reference" else [])


def places(claim):
    """All positions that a claim rests on."""
    found = [place(match.group(2)) for match in PLACE.finditer(claim["text"])]
    return found + [place(rest["at"]) for rest in claim["rests"]]


def with_half(mean, half):
    """A mean and half of its interval, with the decimals that the interval leaves a meaning to."""
    decimals = 0 if half >= 3 else 1 if half >= 0.1 else 2
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def score_words(cell, accuracy):
    unit = " %" if accuracy else ""
    tail = f", {cell['diverged']} diverged" if cell["diverged"] else ""
    if cell["mean"] is None:
        return f"diverged (n = {cell['diverged']})" if cell["diverged"] else "no score"
    if cell["half"] is None:
        over = f", {cell['low']:.1f} to {cell['high']:.1f} over {cell['tested']} digits" if cell["low"] is not None else ""
        return f"{cell['mean']:.4g}{unit} (n = {cell['n']}{over}{tail})"
    if not accuracy:
        return f"{cell['mean']:.4g} ± {cell['half']:.2g} (n = {cell['n']}{tail})"
    return f"{with_half(cell['mean'], cell['half'])}{unit} (n = {cell['n']}{tail})"


def loss_words(cell, accuracy):
    loss = cell["loss"]
    if loss["mean"] is None:
        return f"no loss ({loss['words']})"
    unit = "points" if accuracy else "percent"
    if loss["low"] is None:
        return f"{loss['mean']:.2f} {unit} (n = {loss['pairs']}, {loss['words']})"
    return f"{loss['mean']:.2f} {unit} ({loss['low']:.2f} to {loss['high']:.2f}, n = {loss['pairs']}, {loss['words']})"


def verdict_words(cell):
    words, pairs = cell["loss"]["words"], cell["loss"]["pairs"]
    return words if "after" in words else f"{words} (n = {pairs})"


def filled(claim, store):
    """The sentence with its figures."""
    accuracy = store.summary["accuracy"]

    def fill(match):
        cell = store.cell(*place(match.group(2)))
        return {"score": lambda: score_words(cell, accuracy), "loss": lambda: loss_words(cell, accuracy),
                "verdict": lambda: verdict_words(cell)}[match.group(1)]()

    return PLACE.sub(fill, claim["text"])


def broken(claim, store):
    """What the claim's words rest on and isn't so, in words."""
    for rest in claim["rests"]:
        cell = store.cell(*place(rest["at"]))
        if "verdict" in rest and cell["loss"]["verdict"] != rest["verdict"]:
            yield f"claim {claim['id']} rests on {rest['at']} being \"{rest['verdict']}\"; it is \"{cell['loss']['words']}\""
        half = cell["half"] or 0.0
        if "above" in rest and (cell["mean"] is None or cell["mean"] - half <= rest["above"]):
            yield f"claim {claim['id']} rests on {rest['at']} being above {rest['above']}; it is {score_words(cell, True)}"
        if "below" in rest and (cell["mean"] is None or cell["mean"] + half >= rest["below"]):
            yield f"claim {claim['id']} rests on {rest['at']} being below {rest['below']}; it is {score_words(cell, True)}"
