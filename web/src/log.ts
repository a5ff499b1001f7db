// SPDX-License-Identifier: Apache-2.0
// The log of a run: lines `TIME STEP  TEXT` that only grow. Read by bytes from where we are, shown line by
// line, at the end as long as the reader is there.

import { api, Refusal } from "./api";
import { h, type Child } from "./dom";
import { icon } from "./icons";
import { link } from "./parts";
import { paced } from "./pace";

const LINES_MOST = 5_000; // on the page; the rest is a link away
const PACE_MS = 400;
const RETRY_MS = 3_000;
const NEAR_END_PX = 24;

export class Log {
  private offset = 0;
  private decoder = new TextDecoder();
  private rest = ""; // of a line whose end is not here yet
  private lines: HTMLElement[] = [];
  private left = 0; // lines that are no longer on the page
  private box: HTMLElement | null = null;
  private atEnd = true;
  private problem: string | null = null;
  private timer: number | undefined;
  private readonly read = paced(() => this.fetch(), PACE_MS);

  constructor(private readonly run: string, private readonly redraw: () => void) {}

  // Something may have been added.
  look(): void {
    this.read();
  }

  grown(size: number): void {
    if (size > this.offset) this.read();
  }

  // Nobody looks any more.
  end(): void {
    clearTimeout(this.timer);
  }

  render(open: boolean): Child[] {
    const path = `/api/v1/runs/${encodeURIComponent(this.run)}/log`;
    return [
      this.left > 0 &&
        h("p.help", {}, `The first ${this.left} lines are not shown here. `, link(path, "The whole log")),
      h("div.log", {
        key: "log",
        own: true,
        tabindex: 0,
        role: "group",
        "aria-label": "Log",
        onscroll: () => this.scrolled(),
        mount: (box) => this.mounted(box),
      }),
      h(
        "div.log-foot",
        {},
        h(
          "span.help",
          {},
          this.problem ?? (open ? "Goes on live." : this.offset === 0 ? "It is empty." : "Complete.")
        ),
        link(path, "As text"),
        !this.atEnd &&
          h(
            "button.small",
            { type: "button", onclick: () => this.toEnd() },
            icon("down"),
            "To the newest line"
          )
      ),
    ];
  }

  private mounted(box: HTMLElement): void {
    this.box = box;
    box.append(...this.lines);
  }

  private async fetch(): Promise<void> {
    const added = await this.ask();
    if (!added) return;
    this.offset += added.length;
    const text = this.rest + this.decoder.decode(added, { stream: true });
    const lines = text.split("\n");
    this.rest = lines.pop() ?? "";
    const shown = lines.slice(-LINES_MOST);
    this.left += lines.length - shown.length;
    this.append(shown.map(lineElement));
    this.redraw();
  }

  // What is new; null for nothing, or where it can't be read: then it is tried again.
  private async ask(): Promise<Uint8Array | null> {
    try {
      const added = await api.log(this.run, this.offset);
      this.problem = null;
      return added.length > 0 ? added : null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.problem = `The log can't be read now: ${error.message}`;
      this.redraw();
      clearTimeout(this.timer);
      this.timer = window.setTimeout(this.read, RETRY_MS);
      return null;
    }
  }

  private append(lines: HTMLElement[]): void {
    this.lines.push(...lines);
    this.box?.append(...lines);
    const over = this.lines.splice(0, Math.max(0, this.lines.length - LINES_MOST));
    over.forEach((line) => line.remove());
    this.left += over.length;
    if (this.atEnd) this.toEnd();
  }

  private scrolled(): void {
    const box = this.box!;
    const atEnd = box.scrollTop + box.clientHeight > box.scrollHeight - NEAR_END_PX;
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    this.redraw();
  }

  private toEnd(): void {
    if (this.box) this.box.scrollTop = this.box.scrollHeight;
  }
}

function lineElement(line: string): HTMLElement {
  const element = document.createElement("div");
  const match = /^(\S+Z) (\S+) {2}(.*)$/.exec(line);
  const [, at = "", step = "", text = line] = match ?? [];
  if (match) {
    const time = new Date(at);
    element.append(
      piece(
        "log-time",
        Number.isNaN(time.getTime()) ? at : time.toLocaleTimeString(undefined, { hour12: false })
      ),
      " ",
      piece("log-step", step),
      "  "
    );
  }
  element.append(piece(look(text), text));
  return element;
}

function look(text: string): string {
  if (/^(\[?ERROR\]?|error:|✗)/i.test(text)) return "log-bad";
  return /^(\[?WARN(ING)?\]?|warning:)/i.test(text) ? "log-warning" : "log-text";
}

function piece(look: string, text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = look;
  span.textContent = text;
  return span;
}
