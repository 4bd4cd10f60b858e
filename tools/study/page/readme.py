# SPDX-License-Identifier: Apache-2.0
"""The parts of tools/study/README.md that are written from the stores, between two lines of their own."""
from . import claims
from .stores import Refused


def opening(section):
    return f"<!-- {section['store']}: written by tools/study/reproduce from claims.toml; change it there -->"


def closing(section):
    return f"<!-- end of {section['store']} -->"


def how(section, store):
    """What the figures of a section are: how many trainings, what n and the intervals mean, which command."""
    summary = store.summary
    digits = sorted({cell["tested"] for d in summary["designs"] for cell in d["cells"] if cell["tested"]})
    of = f" of {', '.join(str(count) for count in digits)} {'digits' if summary['accuracy'] else 'ticks'}" if digits else ""
    text = (f"{len(store.points)} trainings ([{section['study']}]({section['study']}), "
            f"[stores/{store.file.name}](stores/{store.file.name})): means over n seeds{of}, ± half of the 95 % interval by "
            "Student's t.")
    if summary["decide"]:
        text += (f" Verdicts, whether a value stays within {summary['budget']:g} {'points' if summary['accuracy'] else 'percent'} "
                 f"of the reference, by sequential decisions; none of them all is wrong with probability "
                 f"{1 - summary['decide']['error']:g}.")
    if summary["wanted"]:
        text += f" The store isn't complete: {summary['wanted']} trainings of the study's next round are missing."
    return text


def block(section, store):
    """The lines of a section, each with the id of the claim that it comes from, or None."""
    lines = [(opening(section), None), ("", None), (how(section, store), None), ("", None)]
    for figure in section["figure"]:
        if "file" in figure:
            lines += [(f"![{figure['caption']}]({figure['file']})", None), ("", None)]
    asked = [claim for claim in section["claim"] if "asked" in claim]
    if asked:
        lines += [("| asked | measured | re-train its rows |", None), ("|---|---|---|", None)]
        lines += [(f"| {claim['asked']} | {claims.filled(claim, store)} | `{again(claim)}` |", claim["id"]) for claim in asked]
        lines.append(("", None))
    told = [claim for claim in section["claim"] if "asked" not in claim]
    lines += [(f"- {claims.filled(claim, store)} `{again(claim)}`", claim["id"]) for claim in told]
    if told:
        lines.append(("", None))
    lines.append((closing(section), None))
    return lines


def again(claim):
    return f"tools/study/reproduce --claim {claim['id']}"


def find(path, lines, section):
    """Where a section's block begins and ends in a file's lines."""
    try:
        first = lines.index(opening(section))
        return first, lines.index(closing(section), first)
    except ValueError:
        raise Refused(f"{path}: no place for {section['store']}; accepted: the lines \"{opening(section)}\" and "
                      f"\"{closing(section)}\"") from None


def differences(path, lines, section, store):
    """Every line of a block that isn't what the store gives, in words."""
    first, last = find(path, lines, section)
    there, expected = lines[first:last + 1], block(section, store)
    texts = {text for text, _ in expected}
    for number, line in enumerate(there, first + 1):
        if line not in texts:
            yield f"{path}:{number}: no row says this: {line}"
    for text, claim in expected:
        if text not in there:
            yield f"{path}: {'claim ' + claim if claim else section['store']}: its rows say: {text}"
    if set(there) == texts and there != [text for text, _ in expected]:
        yield f"{path}:{first + 1}: the lines of {section['store']} are in another order, or doubled"


def rewritten(path, lines, section, store):
    first, last = find(path, lines, section)
    return lines[:first] + [text for text, _ in block(section, store)] + lines[last + 1:]
