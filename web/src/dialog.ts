// SPDX-License-Identifier: Apache-2.0
// Questions in a <dialog>: the browser keeps the focus inside and gives it back.

import { h, render, type Child } from "./dom";

export interface Question {
  title: string;
  body: Child[];
  confirm?: string; // without it there is only something to read
  look?: string; // of the button that confirms
}

// What the person filled in; null: thought better of it.
export function ask(question: Question): Promise<FormData | null> {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "dialog-title");
  let answer: FormData | null = null;
  render(dialog, [
    h(
      "form",
      {
        onsubmit: (event: Event) => {
          event.preventDefault();
          answer = new FormData(event.target as HTMLFormElement);
          dialog.close();
        },
      },
      h("h2", { id: "dialog-title", tabindex: -1, autofocus: true }, question.title),
      ...question.body,
      h(
        "div.buttons",
        {},
        question.confirm &&
          h("button", { type: "submit", class: question.look ?? "primary" }, question.confirm),
        h("button", { type: "button", onclick: () => dialog.close() }, question.confirm ? "Cancel" : "Close")
      )
    ),
  ]);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.showModal();
  });
}

export function isAsking(): boolean {
  return document.querySelector("dialog[open]") !== null;
}
