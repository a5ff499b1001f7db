// SPDX-License-Identifier: Apache-2.0
// What there is to know about one environment and one instance, and what operators may do to an environment.

import { api } from "./api";
import { ask } from "./dialog";
import { h, type Child, type Description } from "./dom";
import { plural } from "./format";
import { icon } from "./icons";
import { commit, Doing, link, runPath, time } from "./parts";
import type { Page } from "./router";
import type { Environment, Instance, Version } from "./types";

// Commit, time, and what is out of the ordinary.
export function environmentFacts(page: Page, doing: Doing, environment: Environment): Child[] {
  const { name, behind, problem, run, promotable = 0 } = environment;
  return [
    environment.commit
      ? h(
          "p.fact",
          { key: "commit" },
          commit(environment.commit),
          environment.applied && h("span.quiet", {}, "applied ", time(environment.applied))
        )
      : h("p.fact.quiet", { key: "commit" }, "Nothing was applied yet."),
    run &&
      h(
        "p.fact",
        { key: "run" },
        icon("dots", "busy"),
        h("span", {}, link(runPath(run), "A run is on its way"))
      ),
    problem && h("p.fact", { key: "problem" }, icon("question", "bad"), h("span", {}, problem)),
    behind &&
      h(
        "p.fact",
        { key: "behind" },
        icon("warning", "bad"),
        h(
          "span",
          {},
          h("strong", {}, "Behind"),
          behind.commit ? [": ", commit(behind.commit), " did not get there. "] : ". ",
          behind.why && `${behind.why} `,
          behind.run && link(runPath(behind.run), "See the run")
        )
      ),
    holds(page, doing, environment),
    promotable > 0 && page.may("operator") && promoteButton(page, doing, environment, promotable),
    promotable > 0 &&
      !page.may("operator") &&
      h(
        "p.fact",
        { key: "promotable" },
        icon("up"),
        h("span", {}, `${plural(promotable, "change")} to promote to ${name}`)
      ),
  ];
}

function holds(page: Page, doing: Doing, environment: Environment): Description[] {
  return (environment.holds ?? []).map((hold) =>
    h(
      "div.fact",
      { key: `hold ${hold.plugin} ${hold.version}` },
      icon("stop", "wait"),
      h(
        "div",
        {},
        h("strong", {}, `Holds out ${hold.plugin} ${hold.version}`),
        `: ${hold.why} `,
        hold.run && link(runPath(hold.run), "See the run"),
        page.may("operator") &&
          h(
            "div.small-buttons",
            {},
            doing.button(
              `unhold ${environment.name} ${hold.plugin}`,
              [icon("right"), "Let in"],
              () => void unhold(page, doing, environment.name, hold.plugin, hold.version),
              "small"
            )
          )
      )
    )
  );
}

async function unhold(
  page: Page,
  doing: Doing,
  environment: string,
  plugin: string,
  version: string
): Promise<void> {
  const answer = await ask({
    title: `Let ${plugin} ${version} into ${environment}?`,
    body: [
      h("p", {}, "Sluice commits that it may come in again, and the next build or promotion brings it."),
    ],
    confirm: "Let it in",
  });
  if (!answer) return;
  await doing.run(`unhold ${environment} ${plugin}`, async () =>
    page.go(runPath((await api.unhold(environment, plugin)).id))
  );
}

function promoteButton(page: Page, doing: Doing, environment: Environment, promotable: number): Description {
  return h(
    "div.small-buttons",
    { key: "promote" },
    doing.button(
      `promote ${environment.name}`,
      [icon("up"), `Promote ${plural(promotable, "change")}`],
      () => void promote(page, doing, environment, promotable),
      "small"
    )
  );
}

async function promote(
  page: Page,
  doing: Doing,
  environment: Environment,
  promotable: number
): Promise<void> {
  const names = environment.instances.map(({ name }) => name).filter((name): name is string => name !== null);
  const approvals = environment.approvals ?? 0;
  const answer = await ask({
    title: `Promote to ${environment.name}?`,
    body: [
      h(
        "p",
        {},
        `${plural(
          promotable,
          "pin or version differs",
          "pins and versions differ"
        )} from the environment before it. `,
        approvals > 0
          ? `A run plans them and waits for ${plural(approvals, "approval")}; nothing changes before that.`
          : "A run plans and applies them at once: no approval is needed here."
      ),
      names.length > 1 &&
        h(
          "details.choices",
          {},
          h("summary", {}, "Only some instances (all, if none is chosen)"),
          names.map((name) =>
            h(
              "label.choice",
              { key: name },
              h("input", { type: "checkbox", name: "instance", value: name }),
              name
            )
          )
        ),
    ],
    confirm: "Promote",
  });
  if (!answer) return;
  const instances = answer.getAll("instance").map(String);
  await doing.run(`promote ${environment.name}`, async () =>
    page.go(runPath((await api.promote(environment.name, instances)).id))
  );
}

// "1.4.2"; the locked one where it is another; and what the environment before has, where that is another.
export function versionWords(version: Version, named: boolean, elsewhere: string | null = null): Child {
  const { plugin, running, locked } = version;
  const moves = Boolean(locked) && locked !== running;
  return h(
    "span.version",
    { key: plugin },
    named && h("span.plugin", {}, `${plugin} `),
    h("span.number", {}, running ?? "none"),
    moves && h("span.locked", {}, h("span.arrow", { "aria-hidden": "true" }, " → "), `${locked} locked`),
    elsewhere &&
      h(
        "span.elsewhere",
        { title: elsewhere },
        h("span.unequal", { "aria-hidden": "true" }, "≠"),
        h("span.elsewhere-words", {}, ` ${elsewhere}`)
      )
  );
}

// Everything about an instance that is not its health and version.
export function instanceMarks(instance: Instance): Child[] {
  const drift = instance.drift ?? 0;
  return [
    instance.waiting && h("span.mark-line", { key: "waiting" }, icon("hand", "calm"), "waits for promotion"),
    drift > 0 &&
      h(
        "span.mark-line",
        { key: "drift" },
        icon("pencil", "wait"),
        `${plural(drift, "key")} changed by hand`
      ),
  ];
}

export function needsAttention(instance: Instance): boolean {
  const moves = (instance.versions ?? []).some(({ running, locked }) => locked && locked !== running);
  return (
    !["ok", "off"].includes(instance.health) ||
    (instance.drift ?? 0) > 0 ||
    Boolean(instance.waiting) ||
    moves
  );
}
