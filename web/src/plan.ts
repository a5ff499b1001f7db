// SPDX-License-Identifier: Apache-2.0
// A plan as `sluice plan` prints it: grouped by instance, a mark for each action, old and new for each key.

import { h, type Child, type Description } from "./dom";
import { plural } from "./format";
import { icon } from "./icons";
import { hiddenWords, problemBox } from "./parts";
import type { Action, Change, Operation, Plan } from "./types";

const OPERATIONS: Record<Operation, { mark: string; word: string; tone: string }> = {
  create: { mark: "+", word: "create", tone: "good" },
  update: { mark: "~", word: "change", tone: "wait" },
  state: { mark: "~", word: "change", tone: "wait" },
  delete: { mark: "-", word: "delete", tone: "bad" },
  rollout: { mark: "!", word: "roll out", tone: "busy" },
  settings: { mark: "~", word: "settings", tone: "wait" },
};
const OWN_KEYS = ["state", "partitions", "replication"]; // what is no config may have a config key's name
const MANY_ACTIONS = 60; // from there on a group is opened by who wants to see it

export function planView(plan: Plan): Child[] {
  const groups = groupActions(plan.actions);
  const open = plan.actions.length < MANY_ACTIONS;
  return [
    plan.settings &&
      note(
        "It changes settings (policy, addresses): those before it decide about it, and a second plan follows."
      ),
    (plan.problems ?? []).map((problem) =>
      problemBox({
        ...problem,
        message: problem.address ? `${problem.address}: ${problem.message}` : problem.message,
      })
    ),
    (plan.warnings ?? []).map(note),
    h(
      "div.plan",
      {},
      Array.from(groups, ([name, actions]) => groupView(name, actions, open)),
      h("p.plan-count", {}, countWords(plan))
    ),
  ];
}

export function countWords(plan: Plan): string {
  if (plan.problems?.length) return `This plan can't be applied: ${plural(plan.problems.length, "problem")}`;
  if (plan.actions.length === 0) return "No changes.";
  // Resources, not actions: a pin and a switch of one connector are one change.
  const count = (...operations: Operation[]): number =>
    new Set(
      plan.actions.filter((action) => operations.includes(action.operation)).map((action) => action.address)
    ).size;
  const rollouts = count("rollout");
  const settings = count("settings");
  return (
    `Plan: ${count("create")} to create, ${count("update", "state")} to change, ${count(
      "delete"
    )} to delete` +
    (rollouts ? `, ${plural(rollouts, "rollout")}` : "") +
    (settings ? `, ${plural(settings, "setting")}` : "")
  );
}

function note(words: string): Description {
  return h("p.note", { key: words }, icon("warning"), h("span", {}, words));
}

function groupActions(actions: Action[]): Map<string, Action[]> {
  const groups = new Map<string, Action[]>();
  for (const action of actions) {
    const name = groupOf(action);
    groups.set(name, [...(groups.get(name) ?? []), action]);
  }
  return groups;
}

function groupOf(action: Action): string {
  if (action.operation === "rollout" || action.operation === "settings") return action.operation;
  const parts = action.address.split("/");
  return parts.length > 2 ? parts[0]! : "";
}

function groupView(name: string, actions: Action[], open: boolean): Description {
  return h(
    "details",
    { key: name, open },
    h("summary", {}, name || "of no module", h("span.group-count", {}, plural(actions.length, "action"))),
    h(
      "ul",
      {},
      actions.map((action) => actionView(action, name))
    )
  );
}

function remarkOf(action: Action): string {
  if (action.recreate) return "is gone, created again";
  if (action.stops) return "stopped, not deleted";
  if (action.id.endsWith("#pin")) return "held at the version it runs, before the rollout";
  return action.drift && action.operation !== "create" ? "changed by hand, put back" : "";
}

function actionView(action: Action, group: string): Description {
  const { mark, word, tone } = OPERATIONS[action.operation];
  const rest =
    group && action.address.startsWith(`${group}/`) ? action.address.slice(group.length + 1) : action.address;
  const changes = action.operation === "delete" ? [] : action.changes ?? [];
  const remark = remarkOf(action);
  return h(
    "li",
    { key: action.id },
    h(
      "div.action",
      {},
      h("span.mark", { class: `tone-${tone}`, "aria-hidden": "true" }, mark),
      hiddenWords(`${word} `),
      h("strong", {}, rest),
      action.name && !action.address.endsWith(`/${action.name}`) && h("span.remark", {}, ` ${action.name}`),
      remark && h("span.remark", {}, ` ${remark}`)
    ),
    changes.length > 0 &&
      h(
        "dl",
        {},
        inOrder(changes).map((change) => changeView(action, change))
      )
  );
}

// Partitions, replication, state: what is no config comes first.
function inOrder(changes: Change[]): Change[] {
  const isConfig = (change: Change): boolean => change.key.startsWith("config.");
  return [...changes.filter((change) => !isConfig(change)), ...changes.filter(isConfig)];
}

function changeView(action: Action, change: Change): Description {
  const before = change.old ?? null;
  const after = change.new ?? null;
  const kind: Operation =
    before === null ? "create" : after === null && !change.deferred ? "delete" : "update";
  const { mark, word, tone } = OPERATIONS[kind];
  const created = action.operation === "create";
  return h(
    "div.change",
    { key: change.key },
    h(
      "dt",
      {},
      h("span.mark", { class: created ? "" : `tone-${tone}`, "aria-hidden": "true" }, created ? "" : mark),
      !created && hiddenWords(`${word} `),
      shownKey(change.key)
    ),
    h(
      "dd",
      {},
      valueView(change),
      change.drift && !action.drift && h("span.remark", {}, " changed by hand")
    )
  );
}

function shownKey(key: string): string {
  const bare = key.startsWith("config.") ? key.slice("config.".length) : key;
  return OWN_KEYS.includes(bare) ? key : bare;
}

function valueView(change: Change): Child[] {
  const before = change.old ?? null;
  const parts: Child[] = [];
  if (before !== null) parts.push(oneValue(change, before, "old"));
  if (before !== null && (change.new || change.deferred || change.new === "")) {
    parts.push(h("span.arrow", { "aria-hidden": "true" }, " → "), hiddenWords(" becomes "));
  }
  if (change.deferred)
    parts.push(h("em", {}, `known after the rollout: ${change.deferred.replace("@", " ")}`));
  else if (change.new !== null && change.new !== undefined) parts.push(oneValue(change, change.new, "new"));
  return parts;
}

function oneValue(change: Change, value: string, when: string): Description {
  if (change.sensitive) {
    return h(
      "span",
      { class: when },
      h("span", { "aria-hidden": "true" }, "•••"),
      hiddenWords("a value that is not shown")
    );
  }
  return h("span", { class: when }, value === "" ? '""' : value);
}
