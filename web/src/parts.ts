// SPDX-License-Identifier: Apache-2.0
// Pieces that several views show.

import { Refusal } from "./api";
import { h, type Child, type Description } from "./dom";
import * as format from "./format";
import { icon } from "./icons";
import type { Health, Problem, Run } from "./types";

// Where tables become lists; as in style.css.
export const NARROW = matchMedia("(max-width: 720px)");

export function link(href: string, ...children: Child[]): Description {
  return h("a", { href }, ...children);
}

export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

export function environmentPath(name: string, instance?: string | null): string {
  const place = instance === undefined ? "" : `#${encodeURIComponent(instanceId(instance))}`;
  return `/environments/${encodeURIComponent(name)}${place}`;
}

export function instanceId(name: string | null): string {
  return name === null ? "of-no-module" : `instance-${name}`;
}

// For a screen reader only.
export function hiddenWords(...children: Child[]): Description {
  return h("span.hidden-words", {}, ...children);
}

// An icon and words in a tone.
export function badge(look: { icon: string; tone: string }, words: string): Description {
  return h("span.badge", { class: `tone-${look.tone}` }, icon(look.icon), h("span", {}, words));
}

export function healthBadge(health: Health): Description {
  const look = format.HEALTH[health] ?? format.HEALTH.unknown;
  return badge(look, look.word);
}

export function stateBadge(run: Run): Description {
  return badge(format.stateLook(run), format.stateWords(run));
}

export function time(value: string, words: (time: string) => string = format.relative): Description {
  return h("time", { datetime: value, title: format.absolute(value) }, words(value));
}

export function commit(id: string): Description {
  return h("code.commit", { title: id }, format.commit(id));
}

export function section(
  title: string,
  properties: { id: string; class?: string },
  ...children: Child[]
): Description {
  const heading = `${properties.id}-title`;
  return h(
    "section",
    { ...properties, "aria-labelledby": heading },
    h("h2", { id: heading }, title),
    ...children
  );
}

// What went wrong, and what helps.
export function problemBox(problem: Problem, extra: Child = null): Description {
  return h(
    "div.problem",
    { role: "alert" },
    icon("warning"),
    h("div", {}, h("p.message", {}, problem.message), problem.hint && h("p.hint", {}, problem.hint), extra)
  );
}

// A long text of a worker or a build, as it came.
export function trace(text: string, label: string): Description {
  return h("pre.trace", { tabindex: 0, role: "group", "aria-label": label }, text);
}

// Runs as a list; `named` where they are of several subjects.
export function runList(runs: Run[], label: string): Description {
  return h(
    "ul.runs",
    { "aria-label": label },
    runs.map((run) => h("li", { key: run.id }, runRow(run)))
  );
}

function runRow(run: Run): Description {
  const took = run.open ? null : format.runTime(run);
  return h(
    "div.run-row",
    {},
    h("div.run-state", {}, stateBadge(run)),
    h(
      "div.run-what",
      {},
      h("a.run-name", { href: runPath(run.id) }, format.runName(run)),
      run.version && h("span.version", {}, run.version),
      h("div.run-title", {}, run.message && run.good === false ? run.message : run.title ?? "")
    ),
    h(
      "div.run-why",
      {},
      h("span", {}, format.causeWords(run), run.by && ` by ${run.by}`),
      run.commit && commit(run.commit)
    ),
    h("div.run-when", {}, time(run.created), took && h("span.took", {}, `took ${took}`))
  );
}

// Something that a person asked for: at most one at a time, and what the server said against it.
export class Doing {
  busy: string | null = null;
  problem: Problem | null = null;

  constructor(private readonly redraw: () => void) {}

  // True when it was done; `refused` may take what the server refused.
  async run(name: string, work: () => Promise<void>, refused?: (refusal: Refusal) => boolean): Promise<void> {
    if (this.busy !== null) return;
    this.busy = name;
    this.problem = null;
    this.redraw();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!refused?.(error)) this.problem = error;
    } finally {
      this.busy = null;
      this.redraw();
    }
  }

  // A button for it. Not `disabled` while it is busy: that would take the focus away.
  button(name: string, words: Child, press: () => void, look = ""): Description {
    const busy = this.busy === name;
    return h(
      "button",
      {
        key: name,
        type: "button",
        class: look,
        onclick: press,
        "aria-disabled": this.busy !== null,
        "aria-busy": busy,
      },
      words
    );
  }
}
