// SPDX-License-Identifier: Apache-2.0
// Who are you? A token becomes a cookie that scripts can't read.

import { api, Refusal } from "./api";
import { h, type Child } from "./dom";
import { icon } from "./icons";
import { problemBox } from "./parts";
import type { Person, Problem } from "./types";

export class SignIn {
  private problem: Problem | null = null;
  private busy = false;

  constructor(private readonly redraw: () => void, private readonly done: (person: Person) => void) {}

  render(): Child[] {
    return [
      h(
        "form.sign-in",
        { onsubmit: (event: Event) => void this.submit(event) },
        h("h1", { tabindex: -1 }, icon("sluice"), "Sluice"),
        h("p.lead", {}, "What runs where, and what is on its way."),
        h("label", { for: "token" }, "Token"),
        h("input", {
          id: "token",
          name: "token",
          type: "password",
          autocomplete: "current-password",
          required: true,
          maxlength: 512,
          spellcheck: "false",
          "aria-describedby": "token-help",
          "aria-invalid": this.problem !== null && "true",
          mount: (input) => queueMicrotask(() => input.focus()),
        }),
        h("p.help", { id: "token-help" }, "The one that your administrator gave you."),
        this.problem && problemBox(this.problem),
        h(
          "button.primary",
          { type: "submit", "aria-disabled": this.busy },
          this.busy ? "Signing in…" : "Sign in"
        )
      ),
    ];
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const input = (event.target as HTMLFormElement).elements.namedItem("token") as HTMLInputElement;
    this.busy = true;
    this.problem = null;
    this.redraw();
    try {
      const person = await api.signIn(input.value.trim());
      input.value = "";
      this.done(person);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.problem = error;
      input.select();
    } finally {
      this.busy = false;
      this.redraw();
    }
  }
}
