# SPDX-License-Identifier: Apache-2.0
"""The page: one file that needs nothing else; light or dark as the reader has it, on narrow screens and on paper."""
import base64
import re
from html import escape

from . import claims, readme
from .retrain import cost

STYLE = """
:root { color-scheme: light dark; --text: #1d232b; --soft: #5b6570; --line: #d9dee4; --ground: #fff; --good: #1a7f37; --bad: #c0392b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #dfe4ea; --soft: #9aa5b1; --line: #3a424c; --ground: #15191e; --good: #57c977; --bad: #ff7b6b; }
  figure img { filter: invert(.91) hue-rotate(180deg); }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.soft, figcaption, footer { color: var(--soft); font-size: .9rem; }
figure { margin: 1rem 0; } figure img { width: 100%; max-width: 46rem; height: auto; background: #fff; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .88rem; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { font-variant-numeric: tabular-nums; } code { font-size: .85em; overflow-wrap: anywhere; }
.yes { color: var(--good); } .no { color: var(--bad); font-weight: 600; } li { margin: .4rem 0; }
summary { cursor: pointer; color: var(--soft); }
@media (max-width: 40rem) { body { margin: 1rem auto; } h1 { font-size: 1.3rem; } th, td { padding-right: .5rem; } }
@media print { :root { --text: #000; --soft: #444; --line: #bbb; --ground: #fff; } body { max-width: none; margin: 0; font-size: 10pt; }
  figure img { filter: none; } h2, figure, tr, li { break-inside: avoid; } h2 { break-after: avoid; } .wide { overflow: visible; } }
"""


def text_html(text):
    """A sentence of the README as HTML: its links as they are read, its commands set as such."""
    safe = escape(text)
    safe = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", r"\1", safe)
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", safe)


def figure_html(section, figure, store):
    svg = (store.folder / f"{figure['design']}.svg").read_bytes()
    image = base64.b64encode(svg).decode()
    return (f"<figure><img alt=\"{escape(figure['caption'])}\" src=\"data:image/svg+xml;base64,{image}\"><figcaption>"
            f"{escape(figure['caption'])} Design <code>{escape(figure['design'])}</code>, bars: 95 % intervals; "
            f"<code>{command(section, store)}</code></figcaption></figure>")


def command(section, store):
    return escape(f"build/apical sweep tools/study/{section['study']} --from tools/study/stores/{store.file.name}")


def table_html(head, rows):
    cells = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}" for row in rows)
    return f"<div class=wide><table><tr>{''.join(f'<th>{escape(name)}' for name in head)}{cells}</table></div>"


def design_html(design, accuracy):
    axes = list(design["cells"][0]["at"])
    rows = []
    for cell in design["cells"]:
        kind = {"yes": "yes", "no": "no"}.get(cell["loss"]["verdict"], "")
        rows.append([escape(label) for label in cell["at"].values()]
                    + [escape(claims.score_words(cell, accuracy)), escape(claims.loss_words(cell, accuracy)),
                       f"<span class=\"{kind}\">{escape(cell['loss']['words'])}</span>"])
    return (f"<h3>{escape(design['title'])}</h3>"
            + table_html(axes + ["score", "loss against the reference", "within the budget"], rows))


def section_html(section, store):
    summary, accuracy = store.summary, store.summary["accuracy"]
    html = f"<h2 id=\"{escape(section['store'])}\">{escape(section['title'])}</h2><p>{text_html(readme.how(section, store))} "
    html += f"All of it: <code>{command(section, store)}</code>.</p>"
    if "text" in section:
        html += f"<p>{text_html(section['text'])}</p>"
    html += "".join(figure_html(section, figure, store) for figure in section["figure"])
    asked = [claim for claim in section["claim"] if "asked" in claim]
    if asked:
        html += table_html(["asked", "measured", "re-train its rows"],
                           [[text_html(claim["asked"]), text_html(claims.filled(claim, store)),
                             f"<code>{readme.again(claim)}</code>"] for claim in asked])
    told = [claim for claim in section["claim"] if "asked" not in claim]
    if told:
        html += "<ul>" + "".join(f"<li id=\"{claim['id']}\">{text_html(claims.filled(claim, store))} "
                                 f"<code>{readme.again(claim)}</code>" for claim in told) + "</ul>"
    html += "<details><summary>What the study asks, decided</summary><ul>"
    html += "".join(f"<li>{escape(line)}" for line in summary["sentences"] + summary["confirmations"]) + "</ul></details>"
    html += "<details><summary>Every position</summary>"
    html += "".join(design_html(design, accuracy) for design in summary["designs"]) + "</details>"
    return html


def stores_html(stores):
    rows = []
    for store in stores:
        count = {}
        for digest in store.points:
            status = store.row(digest)["status"]
            count[status] = count.get(status, 0) + 1
        builds = ", ".join(f"{count} by {build[:12]}" for build, count in sorted(store.builds().items()))
        today = "" if set(store.builds()) == {store.summary["build"]} else " (this page's build is another)"
        total = sum(cost(store.row(digest)) for digest in store.points)
        renewed = len(store.renewed())
        rows.append([escape(store.file.name), ", ".join(f"{n} {status}" for status, n in sorted(count.items())),
                     escape(builds) + today, f"{renewed} rows had other keys" if renewed else "as today's",
                     f"{total:.3g}", f"{len(store.bytes)}", f"<code>{store.sha256()}</code>"])
    return "<h2>The stores</h2>" + table_html(
        ["store", "trainings", "builds", "configurations", "multiply-accumulates", "bytes", "SHA-256"], rows)


def retrained_html(again, left_out, how):
    if not again and not left_out:
        return "<h2>Trained again</h2><p>No row was trained again for this page.</p>"
    rows = [[escape(one.store.name), f"<code>{one.row['digest'][:12]}</code> {escape(one.row['settings'][:200])}",
             escape(one.row["score"] or one.row["status"]), escape(one.row["build"][:12]),
             f"<span class={'no' if one.differs else 'yes'}>{escape('; '.join(one.differs)) if one.differs else 'equal to the bit'}</span>"]
            for one in again]
    text = "<h2>Trained again</h2><p>" + escape(how) + "</p>"
    if rows:
        text += table_html(["store", "row", "score", "written by build", "score, ticks, state now"], rows)
    return text + "".join(f"<p class=soft>Not drawn from {escape(name)}: {count} rows, {escape(reason)}.</p>"
                          for name, reason, count in left_out)


def page(sections, stores, again, left_out, how, foot):
    body = "".join(section_html(section, store) for section, store in zip(sections, stores))
    contents = "".join(f"<li><a href=\"#{escape(s['store'])}\">{escape(s['title'])}</a>" for s in sections)
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width, initial-scale=1\">"
            f"<title>How many bits learning needs</title><style>{STYLE}</style><h1>How many bits learning needs</h1>"
            "<p>Every figure here is computed from rows of the stores listed below; a row is one training of a bit-exact "
            "machine, which anyone can repeat to the bit. n: trainings with seeds of their own.</p>"
            f"<ul>{contents}</ul>{body}{stores_html(stores)}{retrained_html(again, left_out, how)}"
            f"<footer><p>{escape(foot)}</p></footer></html>\n")
