// SPDX-License-Identifier: Apache-2.0
// Shortcuts. They can be switched off, for people whose speech or switches would press them by mistake.

import { ask, isAsking } from "./dialog";
import { h } from "./dom";

const PLACES: Record<string, [path: string, words: string]> = {
  o: ["/", "overview"],
  r: ["/runs", "runs"],
  a: ["/audit", "audit"],
};
const SEQUENCE_MS = 1_500;
const SWITCH = "sluice.shortcuts";

function on(): boolean {
  return localStorage.getItem(SWITCH) !== "off";
}

function types(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select") !== null;
}

export function listenToKeys(go: (path: string) => void): void {
  let begun = -Infinity; // when `g` was pressed
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || types(event.target) || isAsking() || !on()) return;
    const place = PLACES[event.key];
    if (place && event.timeStamp - begun < SEQUENCE_MS) go(place[0]);
    else if (event.key === "?") showKeys();
    else if (event.key === "/") focusFilter(event);
    begun = event.key === "g" ? event.timeStamp : -Infinity;
  });
}

function focusFilter(event: Event): void {
  const filter = document.querySelector<HTMLElement>("[data-filter]");
  if (!filter) return;
  event.preventDefault();
  filter.focus();
}

function row(keys: string[], words: string) {
  return h(
    "div",
    {},
    h(
      "dt",
      {},
      keys.map((key) => h("kbd", {}, key))
    ),
    h("dd", {}, words)
  );
}

export function showKeys(): void {
  const change = (event: Event): void =>
    localStorage.setItem(SWITCH, (event.target as HTMLInputElement).checked ? "on" : "off");
  void ask({
    title: "Keyboard shortcuts",
    body: [
      h(
        "dl.keys",
        {},
        Object.entries(PLACES).map(([key, [, words]]) => row(["g", key], `Go to ${words}`)),
        row(["/"], "Go to the filter"),
        row(["?"], "Show this"),
        row(["Esc"], "Close a dialog")
      ),
      h(
        "label.choice",
        {},
        h("input", {
          type: "checkbox",
          onchange: change,
          mount: (box) => ((box as HTMLInputElement).checked = on()),
        }),
        "Shortcuts are on"
      ),
    ],
  });
}
