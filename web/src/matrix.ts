// SPDX-License-Identifier: Apache-2.0
// Instances × environments: a table where there is room, cards for each environment where there is none.

import { h, type Child, type Description } from "./dom";
import { environmentFacts, instanceMarks, needsAttention, versionWords } from "./facts";
import { HEALTH, instanceName } from "./format";
import { icon } from "./icons";
import { Doing, environmentPath, healthBadge, hiddenWords, link } from "./parts";
import type { Page } from "./router";
import type { Environment, Instance, Version } from "./types";

const FEW = 4; // environments that share the width evenly

export interface Filter {
  words: string;
  attention: boolean;
}

interface Row {
  name: string | null;
  plugins: string[];
  cells: (Instance | null)[]; // by environment
}

export function matrixView(
  page: Page,
  doing: Doing,
  environments: Environment[],
  filter: Filter,
  narrow: boolean
): Description {
  const rows = rowsOf(environments).filter((row) => matches(row, filter));
  if (narrow) return cards(page, doing, environments, rows);
  return h("div", {}, table(page, doing, environments, rows), environments.length > 1 && legend());
}

function legend(): Description {
  return h(
    "p.help",
    { "aria-hidden": "true" },
    h("span.elsewhere.unequal", {}, "≠"),
    " another version than in the environment before"
  );
}

function table(page: Page, doing: Doing, environments: Environment[], rows: Row[]): Description {
  return h(
    "div.matrix-room",
    { tabindex: 0, role: "group", "aria-label": "Instances and environments" },
    h(
      "table.matrix",
      { class: environments.length <= FEW ? "few" : "" },
      h("caption.hidden-words", {}, "What runs where"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("td.corner", {}),
          environments.map((environment) =>
            h("th", { scope: "col", key: environment.name }, heading(environment))
          )
        ),
        h(
          "tr.facts",
          {},
          h("th", { scope: "row" }, hiddenWords("The environment")),
          environments.map((environment) =>
            h("td", { key: environment.name }, environmentFacts(page, doing, environment))
          )
        )
      ),
      h(
        "tbody",
        {},
        rows.map((row) => rowView(row, environments)),
        rows.length === 0 && nothing(environments)
      )
    )
  );
}

function heading(environment: Environment): Child[] {
  return [
    h("a.environment-name", { href: environmentPath(environment.name) }, environment.name),
    healthBadge(environment.health),
  ];
}

function nothing(environments: Environment[]): Description {
  return h(
    "tr",
    { key: "nothing" },
    h("td.quiet", { colspan: environments.length + 1 }, "No instance matches.")
  );
}

// A row for each instance that any environment has, in the order in which they appear; what is of no module
// comes last.
function rowsOf(environments: Environment[]): Row[] {
  const rows = new Map<string | null, Row>();
  environments.forEach((environment, column) => {
    for (const instance of environment.instances) {
      let row = rows.get(instance.name);
      if (!row) {
        row = { name: instance.name, plugins: [], cells: environments.map(() => null) };
        rows.set(instance.name, row);
      }
      row.cells[column] = instance;
      for (const { plugin } of instance.versions ?? [])
        if (!row.plugins.includes(plugin)) row.plugins.push(plugin);
    }
  });
  return [...rows.values()].sort((a, b) => Number(a.name === null) - Number(b.name === null));
}

function matches(row: Row, { words, attention }: Filter): boolean {
  const text = `${instanceName(row.name)} ${row.plugins.join(" ")}`.toLowerCase();
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
  return wanted && (!attention || row.cells.some((cell) => cell && needsAttention(cell)));
}

function rowView(row: Row, environments: Environment[]): Description {
  return h(
    "tr",
    { key: row.name ?? "" },
    h(
      "th",
      { scope: "row" },
      h("span.instance-name", {}, instanceName(row.name)),
      row.plugins.length === 1 && row.plugins[0] !== row.name && h("span.plugin", {}, row.plugins[0])
    ),
    row.cells.map((cell, column) =>
      h("td", { key: column }, cell ? cellView(environments, row, column) : absent())
    )
  );
}

function absent(): Child[] {
  return [h("span.quiet", { "aria-hidden": "true" }, "–"), hiddenWords("not there")];
}

function cellView(environments: Environment[], row: Row, column: number): Child[] {
  const instance = row.cells[column]!;
  const named = row.plugins.length > 1;
  const look = HEALTH[instance.health] ?? HEALTH.unknown;
  const versions = instance.versions ?? [];
  const calm = instance.health === "ok";
  return [
    h(
      "a.cell",
      { href: environmentPath(environments[column]!.name, instance.name) },
      !instance.waiting && icon(look.icon, look.tone),
      h(
        "span.cell-words",
        {},
        !instance.waiting &&
          (calm
            ? hiddenWords(`${look.word} `)
            : h("span.cell-health", { class: `tone-${look.tone}` }, look.word)),
        versions.map(
          (version) =>
            !(instance.waiting && !version.running) &&
            versionWords(version, named, elsewhere(version, environments[column - 1], row.cells[column - 1]))
        ),
        versions.length === 0 && calm && h("span.quiet", {}, look.word),
        instanceMarks(instance)
      )
    ),
  ];
}

// "test has 1.5.0" where the environment before runs another version.
function elsewhere(
  version: Version,
  before: Environment | undefined,
  instance: Instance | null | undefined
): string | null {
  const other = instance?.versions?.find(({ plugin }) => plugin === version.plugin)?.running;
  return before && other && other !== version.running ? `${before.name} has ${other}` : null;
}

function cards(page: Page, doing: Doing, environments: Environment[], rows: Row[]): Description {
  return h(
    "div.cards",
    {},
    environments.map((environment, column) =>
      h(
        "section.card",
        { key: environment.name, "aria-labelledby": `card-${environment.name}` },
        h(
          "div.card-head",
          {},
          h(
            "h3",
            { id: `card-${environment.name}` },
            link(environmentPath(environment.name), environment.name)
          ),
          healthBadge(environment.health)
        ),
        environmentFacts(page, doing, environment),
        h(
          "ul",
          {},
          rows
            .filter((row) => row.cells[column])
            .map((row) =>
              h(
                "li",
                { key: row.name ?? "" },
                h("span.instance-name", {}, instanceName(row.name)),
                cellView(environments, row, column)
              )
            )
        )
      )
    )
  );
}
