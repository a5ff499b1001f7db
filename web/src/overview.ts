// SPDX-License-Identifier: Apache-2.0
// What runs where, what waits for whom, and what happened last.

import { api } from "./api";
import { h, type Child, type Description } from "./dom";
import type { ServerEvent } from "./events";
import { approvalWords, plural, relative, runName, waitsForApproval } from "./format";
import { icon } from "./icons";
import { matrixView, type Filter } from "./matrix";
import { commit, Doing, link, NARROW, problemBox, runList, runPath, section } from "./parts";
import { paced } from "./pace";
import type { Page, View } from "./router";
import type { Overview, Run, RunDetail } from "./types";

const LATEST = 8;
const WAITING_MOST = 20;
const PACE_MS = 1_000;

class OverviewView implements View {
  private overview: Overview | null = null;
  private latest: Run[] = [];
  private waiting: RunDetail[] = [];
  private readonly filter: Filter = { words: "", attention: false };
  private readonly doing: Doing;
  private readonly refresh: () => void;

  constructor(private readonly page: Page) {
    this.doing = new Doing(page.redraw);
    this.refresh = paced(() => this.load().then(page.redraw, () => undefined), PACE_MS);
    NARROW.addEventListener("change", page.redraw);
  }

  title(): string {
    return this.waiting.length > 0 ? `Overview (${this.waiting.length})` : "Overview";
  }

  async load(): Promise<void> {
    const [overview, latest, open] = await Promise.all([
      api.overview(),
      api.runs({ limit: LATEST }),
      api.runs({ open: true }),
    ]);
    const waiting = open.filter(waitsForApproval).slice(0, WAITING_MOST);
    this.waiting = await Promise.all(waiting.map((run) => api.run(run.id)));
    this.overview = overview;
    this.latest = latest;
  }

  heard(event: ServerEvent): void {
    if (event.kind !== "log") this.refresh();
  }

  ticks(): boolean {
    return this.latest.some((run) => run.open);
  }

  left(): void {
    NARROW.removeEventListener("change", this.page.redraw);
  }

  render(): Child[] {
    const { environments, project } = this.overview!;
    return [
      h("h1", { tabindex: -1, class: "hidden-words" }, "Overview"),
      this.waitingView(),
      this.doing.problem && problemBox(this.doing.problem),
      section(
        "Environments",
        { id: "environments" },
        this.declarationsView(project),
        environments.length > 0 && this.filterView(),
        environments.length > 0
          ? matrixView(this.page, this.doing, environments, this.filter, NARROW.matches)
          : h("p.quiet", {}, "No environment is declared yet.")
      ),
      section(
        "Latest runs",
        { id: "latest" },
        this.latest.length > 0
          ? [runList(this.latest, "Latest runs"), h("p", {}, link("/runs", "All runs"))]
          : h("p.quiet", {}, "No run yet: the next push starts one.")
      ),
    ];
  }

  private waitingView(): Child {
    const mine = this.waiting.filter((run) => run.approval?.may);
    const others = this.waiting.filter((run) => !run.approval?.may);
    if (this.waiting.length === 0) return null;
    const title =
      mine.length > 0
        ? `${plural(mine.length, "run waits", "runs wait")} for you`
        : `${plural(others.length, "run waits", "runs wait")} for approval`;
    return h(
      "section.waiting",
      { "aria-labelledby": "waiting-title" },
      h("h2", { id: "waiting-title" }, icon("hand", "wait"), title),
      h(
        "ul",
        {},
        [...mine, ...others].map((run) => waitingRow(run, mine.length > 0))
      )
    );
  }

  private declarationsView(project: string | null): Child {
    const { commit: id, branch, title, problem } = this.overview!.declarations;
    return [
      h(
        "p.declarations",
        {},
        project && h("strong", {}, project),
        id && [h("span", {}, branch ?? "", " at "), commit(id)],
        title && h("span.quiet", {}, title)
      ),
      problem && problemBox({ message: "The declarations can't be read now.", hint: problem }),
    ];
  }

  private filterView(): Description {
    const words = (event: Event): void => {
      this.filter.words = (event.target as HTMLInputElement).value;
      this.page.redraw();
    };
    const attention = (event: Event): void => {
      this.filter.attention = (event.target as HTMLInputElement).checked;
      this.page.redraw();
    };
    return h(
      "div.filter",
      { role: "search", "aria-label": "Instances" },
      h("input", {
        id: "filter",
        type: "search",
        placeholder: "Filter instances",
        "aria-label": "Filter instances",
        "data-filter": true,
        oninput: words,
      }),
      h(
        "label.choice",
        {},
        h("input", { type: "checkbox", onchange: attention }),
        "Only what needs attention"
      )
    );
  }
}

function waitingRow(run: RunDetail, someMine: boolean): Description {
  const { approval } = run;
  return h(
    "li",
    { key: run.id },
    h("a.run-name", { href: runPath(run.id) }, runName(run)),
    run.title && h("span.waiting-title", {}, run.title),
    h(
      "span.quiet",
      {},
      approval && approvalWords(approval),
      approval?.expires && `, expires ${relative(approval.expires)}`,
      someMine && !approval?.may && ", waits for others"
    )
  );
}

export function overview(page: Page): View {
  return new OverviewView(page);
}
