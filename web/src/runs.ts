// SPDX-License-Identifier: Apache-2.0
// All runs, the newest first; by subject, or only those that go on. The filter is in the address.

import { api } from "./api";
import { h, type Child, type Description } from "./dom";
import type { ServerEvent } from "./events";
import { Doing, problemBox, runList } from "./parts";
import { paced } from "./pace";
import type { Page, View } from "./router";
import type { Overview, Run } from "./types";

const PAGE_SIZE = 50;
const PACE_MS = 1_000;

class RunsView implements View {
  private runs: Run[] = [];
  private subjects: string[] = [];
  private more = false; // there may be older ones
  private readonly doing: Doing;
  private readonly refresh: () => void;
  private subject: string;
  private open: boolean;

  constructor(private readonly page: Page, query: URLSearchParams) {
    this.subject = query.get("subject") ?? "";
    this.open = query.get("open") === "true";
    this.doing = new Doing(page.redraw);
    this.refresh = paced(() => this.load().then(page.redraw, () => undefined), PACE_MS);
  }

  title(): string {
    return this.subject ? `Runs of ${this.subject}` : "Runs";
  }

  async load(): Promise<void> {
    const [runs, overview] = await Promise.all([this.ask(), api.overview()]);
    // Older ones that the reader asked for stay.
    const last = runs[runs.length - 1]?.id ?? "";
    const older = runs.length === PAGE_SIZE ? this.runs.filter(({ id }) => id < last) : [];
    this.more = older.length > 0 ? this.more : runs.length === PAGE_SIZE;
    this.runs = [...runs, ...older];
    this.subjects = subjectsOf(overview, this.runs, this.subject);
  }

  heard(event: ServerEvent): void {
    if (event.kind === "run") this.refresh();
  }

  ticks(): boolean {
    return this.runs.some((run) => run.open);
  }

  render(): Child[] {
    return [
      h("h1", { tabindex: -1 }, "Runs"),
      this.filterView(),
      this.runs.length > 0 ? runList(this.runs, this.title()) : h("p.quiet", {}, "No run matches."),
      this.doing.problem && problemBox(this.doing.problem),
      this.more && this.doing.button("older", "Older runs", () => void this.older()),
    ];
  }

  private ask(before?: string): Promise<Run[]> {
    return api.runs({
      subject: this.subject,
      limit: PAGE_SIZE,
      ...(this.open && { open: true }),
      ...(before !== undefined && { before }),
    });
  }

  private async older(): Promise<void> {
    await this.doing.run("older", async () => {
      const runs = await this.ask(this.runs[this.runs.length - 1]!.id);
      this.runs.push(...runs);
      this.more = runs.length === PAGE_SIZE;
    });
  }

  private filterView(): Description {
    return h(
      "div.filter",
      { role: "search", "aria-label": "Runs" },
      h("label", { for: "subject" }, "Of"),
      h(
        "select",
        {
          id: "subject",
          "data-filter": true,
          onchange: (event: Event) => this.show((event.target as HTMLSelectElement).value, this.open),
        },
        h("option", { value: "" }, "everything"),
        this.subjects.map((name) =>
          h("option", { key: name, value: name, selected: name === this.subject }, name)
        )
      ),
      h(
        "label.choice",
        {},
        h("input", {
          type: "checkbox",
          mount: (box) => ((box as HTMLInputElement).checked = this.open),
          onchange: (event: Event) => this.show(this.subject, (event.target as HTMLInputElement).checked),
        }),
        "Only open ones"
      )
    );
  }

  // In place, so that the focus stays in the filter.
  private show(subject: string, open: boolean): void {
    this.subject = subject;
    this.open = open;
    this.runs = [];
    const words = [subject && `subject=${encodeURIComponent(subject)}`, open && "open=true"].filter(Boolean);
    history.replaceState(history.state, "", `/runs${words.length > 0 ? `?${words.join("&")}` : ""}`);
    this.page.reload();
  }
}

function subjectsOf(overview: Overview, runs: Run[], subject: string): string[] {
  const environments = overview.environments.map(({ name }) => name);
  const plugins = overview.environments.flatMap((environment) =>
    (environment.plugins ?? []).map(({ name }) => name)
  );
  const others = [...plugins, ...runs.map((run) => run.subject), subject].filter(Boolean).sort();
  return [...new Set([...environments, ...others])];
}

export function runs(page: Page, _part: string, query: URLSearchParams): View {
  return new RunsView(page, query);
}
