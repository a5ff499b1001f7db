// SPDX-License-Identifier: Apache-2.0
// One run: where it stands, what it would change, who has to agree, and what it says.

import { api, Refusal } from "./api";
import { approvalView } from "./approval";
import { ask } from "./dialog";
import { h, type Child, type Description } from "./dom";
import * as format from "./format";
import { icon } from "./icons";
import { Log } from "./log";
import {
  commit,
  Doing,
  environmentPath,
  hiddenWords,
  link,
  problemBox,
  runPath,
  section,
  stateBadge,
  time,
  trace,
} from "./parts";
import { paced } from "./pace";
import { planView } from "./plan";
import type { Page, View } from "./router";
import type { ServerEvent } from "./events";
import type { Move, RunDetail, Step } from "./types";

const PACE_MS = 500;

class RunView implements View {
  private run: RunDetail | null = null;
  private moved = false;
  private readonly log: Log;
  private readonly doing: Doing;
  private readonly refresh: () => void;

  constructor(private readonly page: Page, private readonly id: string) {
    this.log = new Log(id, page.redraw);
    this.doing = new Doing(page.redraw);
    this.refresh = paced(() => this.load().then(page.redraw, () => undefined), PACE_MS);
  }

  title(): string {
    return this.run ? `${format.runName(this.run)}: ${format.stateWords(this.run)}` : "Run";
  }

  async load(): Promise<void> {
    this.take(await api.run(this.id));
    this.log.look();
  }

  heard(event: ServerEvent): void {
    if (event.kind === "run" && event.run.id === this.id) this.refresh();
    if (event.kind === "log" && event.run === this.id) this.log.grown(event.size);
  }

  ticks(): boolean {
    return this.run?.open ?? false;
  }

  left(): void {
    this.log.end();
  }

  render(): Child[] {
    const run = this.run!;
    return [
      this.titleView(run),
      this.doing.problem && !run.approval && problemBox(this.doing.problem),
      run.message && problemOrWords(run),
      stepsView(run),
      h(
        "div.run-body",
        { class: run.approval ? "with-approval" : "" },
        run.approval && this.approvalView(run),
        h(
          "div.run-main",
          {},
          movesView(run),
          run.plan && section("Plan", { id: "plan" }, planView(run.plan)),
          run.trace && section("Trace", { id: "trace" }, trace(run.trace, "Trace")),
          section("Log", { id: "log-section" }, this.log.render(run.open))
        )
      ),
    ];
  }

  // The newest that we know of the run; what a reader has to know is said.
  private take(run: RunDetail): void {
    const before = this.run;
    this.run = run;
    if (!before) return;
    if (before.state !== run.state) this.page.say(`${format.runName(run)} ${format.stateWords(run)}`);
    if (run.open && before.plan && run.plan && before.plan.digest !== run.plan.digest) this.moved = true;
  }

  private titleView(run: RunDetail): Description {
    return h(
      "div.run-head",
      {},
      h(
        "div.title",
        {},
        h("h1", { tabindex: -1 }, format.runName(run)),
        stateBadge(run),
        this.retryButton(run)
      ),
      run.title && h("p.run-subject", {}, run.title),
      h("dl.run-facts", {}, factsOf(run))
    );
  }

  private retryButton(run: RunDetail): Child {
    if (run.open || !this.page.may("operator")) return null;
    return this.doing.button(
      "retry",
      "Retry",
      () => void this.retry(),
      run.good === false ? "small primary" : "small"
    );
  }

  private approvalView(run: RunDetail): Description {
    return approvalView(run, {
      doing: this.doing,
      mayReject: this.page.may("approver"),
      moved: this.moved,
      approve: () => void this.approve(),
      look: () => this.look(),
      reject: () => void this.reject(),
    });
  }

  private async approve(): Promise<void> {
    const { digest } = this.run!.plan!;
    await this.doing.run(
      "approve",
      async () => {
        this.take(await api.approve(this.id, digest));
        this.page.say(this.run!.open ? "Approved." : format.stateWords(this.run!));
      },
      (refusal) => this.refused(refusal)
    );
  }

  // A conflict is most often a plan that moved: the new one is shown, and explained by what it is.
  private refused(refusal: Refusal): boolean {
    if (refusal.status !== 409) return false;
    const digest = this.run?.plan?.digest;
    void this.load().then(
      () => {
        if (this.run?.open && this.run.plan?.digest !== digest) this.doing.problem = null;
        this.page.redraw();
      },
      () => undefined
    );
    return false;
  }

  private look(): void {
    this.moved = false;
    this.page.redraw();
    const heading = document.getElementById("plan-title");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus();
    heading?.scrollIntoView({ block: "start" });
  }

  private async reject(): Promise<void> {
    const answer = await ask({
      title: `Reject this ${this.run!.cause === "promotion" ? "promotion" : "run"}?`,
      body: [
        h("p", {}, "It is dropped, and nothing of it changes anything."),
        h("label", { for: "reason" }, "Why (the team will see it)"),
        h("textarea", { id: "reason", name: "reason", rows: 3, maxlength: 1000 }),
      ],
      confirm: "Reject",
      look: "danger",
    });
    if (!answer) return;
    const reason = String(answer.get("reason") ?? "").trim();
    await this.doing.run(
      "reject",
      async () => this.take(await api.reject(this.id, reason)),
      (refusal) => this.refused(refusal)
    );
  }

  private async retry(): Promise<void> {
    await this.doing.run("retry", async () => this.page.go(runPath((await api.retry(this.id)).id)));
  }
}

function problemOrWords(run: RunDetail): Description {
  const problem = { message: run.message!, hint: run.hint ?? null };
  if (run.good === false) return problemBox(problem);
  return h("p.note", {}, icon("right"), h("span", {}, problem.message, problem.hint && ` ${problem.hint}`));
}

function factsOf(run: RunDetail): Child[] {
  const { artifact } = run;
  const took = format.runTime(run);
  return [
    fact("Cause", [
      format.causeWords(run),
      run.by && [" by ", h("strong", {}, run.by)],
      run.parent && [", ", link(runPath(run.parent), "from this run")],
    ]),
    run.kind === "deploy" && fact("Environment", link(environmentPath(run.subject), run.subject)),
    run.commit && fact("Commit", commit(run.commit)),
    run.version && fact("Version", h("span.number", {}, run.version)),
    run.pushed && fact("Pushed", commit(run.pushed)),
    artifact?.maven &&
      fact(
        "Artifact",
        h("span.number", {}, artifact.maven, artifact.size ? ` (${format.bytes(artifact.size)})` : "")
      ),
    artifact?.sha256 &&
      fact("SHA-256", h("code.commit", { title: artifact.sha256 }, artifact.sha256.slice(0, 10))),
    fact("Created", time(run.created)),
    took !== null && fact(run.open ? "Open for" : "Took", took),
  ];
}

function fact(name: string, ...value: Child[]): Description {
  return h("div", { key: name }, h("dt", {}, name), h("dd", {}, ...value));
}

function stepsView(run: RunDetail): Child {
  const waits = format.waitsForApproval(run);
  const steps = run.steps ?? [];
  return (
    steps.length > 0 &&
    h(
      "ol.steps",
      { "aria-label": "Steps" },
      steps.map((step) => stepView(step, waits))
    )
  );
}

function stepView(step: Step, waits: boolean): Description {
  const current = step.state === "running";
  const look = current && waits ? format.WAITING_STEP : format.STEP[step.state] ?? format.STEP.pending;
  return h(
    "li",
    { key: step.name, class: `step-${step.state}`, "aria-current": current && "step" },
    icon(look.icon, look.tone),
    h("span.step-name", {}, step.name.replace(/_/g, " ")),
    h(
      "span.step-time",
      {},
      step.state === "done" || current ? hiddenWords(`${look.word} `) : `${look.word} `,
      step.started && step.state !== "skipped" && format.between(step.started, step.ended)
    )
  );
}

function movesView(run: RunDetail): Child {
  const moves = run.changes ?? [];
  if (moves.length === 0) return null;
  return section("What moves", { id: "moves" }, h("ul.moves", {}, moves.map(moveView)));
}

function moveView(move: Move): Description {
  return h(
    "li",
    { key: `${move.kind} ${move.name}` },
    h("span.kind", {}, move.kind),
    h("strong", {}, move.name),
    h(
      "span.number",
      {},
      move.before ? format.commit(move.before) : "nothing",
      h("span.arrow", { "aria-hidden": "true" }, " → "),
      hiddenWords(" becomes "),
      h("span.new", {}, move.after ? format.commit(move.after) : "nothing")
    )
  );
}

export function run(page: Page, id: string): View {
  return new RunView(page, id);
}
