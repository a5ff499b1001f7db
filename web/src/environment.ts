// SPDX-License-Identifier: Apache-2.0
// One environment with every connector and topic in it.

import { api } from "./api";
import { ask } from "./dialog";
import { h, type Child, type Description } from "./dom";
import type { ServerEvent } from "./events";
import { environmentFacts, instanceMarks, needsAttention, versionWords } from "./facts";
import { instanceName, plural } from "./format";
import { icon } from "./icons";
import {
  badge,
  commit,
  Doing,
  healthBadge,
  instanceId,
  problemBox,
  runPath,
  section,
  time,
  trace,
} from "./parts";
import { paced } from "./pace";
import type { Page, View } from "./router";
import type { Environment, Instance, Resource } from "./types";

const PACE_MS = 1_000;

class EnvironmentView implements View {
  private environment: Environment | null = null;
  private words = "";
  private attention = false;
  private readonly doing: Doing;
  private readonly refresh: () => void;

  constructor(private readonly page: Page, private readonly name: string) {
    this.doing = new Doing(page.redraw);
    this.refresh = paced(() => this.load().then(page.redraw, () => undefined), PACE_MS);
  }

  title(): string {
    return this.name;
  }

  async load(): Promise<void> {
    this.environment = await api.environment(this.name);
  }

  heard(event: ServerEvent): void {
    const mine =
      (event.kind === "run" && event.run.subject === this.name) ||
      (event.kind === "environment" && event.name === this.name);
    if (mine) this.refresh();
  }

  render(): Child[] {
    const environment = this.environment!;
    return [
      h(
        "div.title",
        {},
        h("h1", { tabindex: -1 }, environment.name),
        healthBadge(environment.health),
        environment.observed && h("span.quiet", {}, "observed ", time(environment.observed)),
        this.page.may("operator") &&
          this.doing.button("deploy", "Deploy now", () => void this.deploy(), "small")
      ),
      this.doing.problem && problemBox(this.doing.problem),
      h(
        "div.environment-facts",
        {},
        environmentFacts(this.page, this.doing, environment),
        policyWords(environment)
      ),
      section("Instances", { id: "instances" }, this.filterView(), this.instancesView()),
      (environment.plugins ?? []).length > 0 &&
        section("Plugins", { id: "plugins" }, pluginsView(environment)),
    ];
  }

  private filterView(): Description {
    return h(
      "div.filter",
      { role: "search", "aria-label": "Instances" },
      h("input", {
        id: "filter",
        type: "search",
        placeholder: "Filter connectors and topics",
        "aria-label": "Filter connectors and topics",
        "data-filter": true,
        oninput: (event: Event) => {
          this.words = (event.target as HTMLInputElement).value.toLowerCase();
          this.page.redraw();
        },
      }),
      h(
        "label.choice",
        {},
        h("input", {
          type: "checkbox",
          onchange: (event: Event) => {
            this.attention = (event.target as HTMLInputElement).checked;
            this.page.redraw();
          },
        }),
        "Only what needs attention"
      )
    );
  }

  private instancesView(): Child {
    const shown = this.environment!.instances.filter(
      (instance) => this.matches(instance) && (!this.attention || needsAttention(instance))
    );
    return shown.length > 0 ? shown.map(instanceView) : h("p.quiet", { key: "none" }, "No instance matches.");
  }

  private matches(instance: Instance): boolean {
    const names = (instance.resources ?? []).map(({ address, name }) => `${address} ${name}`);
    return [instanceName(instance.name), ...names].join(" ").toLowerCase().includes(this.words);
  }

  private async deploy(): Promise<void> {
    const answer = await ask({
      title: `Deploy to ${this.name} now?`,
      body: [
        h(
          "p",
          {},
          "A run plans what is declared now, asks for the approvals that the policy wants, and applies it."
        ),
      ],
      confirm: "Deploy",
    });
    if (answer)
      await this.doing.run("deploy", async () => this.page.go(runPath((await api.deploy(this.name)).id)));
  }
}

function policyWords(environment: Environment): Child {
  const approvals = environment.approvals ?? 0;
  const words =
    approvals > 0 ? `${plural(approvals, "approval")} before a change` : "changes need no approval";
  const promotion = environment.first
    ? ""
    : environment.promotion === "manual"
    ? "; promoted by hand"
    : "; promotions are proposed";
  return h("p.fact.quiet", { key: "policy" }, `Policy: ${words}${promotion}.`);
}

function instanceView(instance: Instance): Description {
  const id = instanceId(instance.name);
  const resources = instance.resources ?? [];
  const shown = new Set(resources.map(({ plugin }) => plugin));
  const others = (instance.versions ?? []).filter(({ plugin }) => !shown.has(plugin));
  return h(
    "section.instance",
    { id, "aria-labelledby": `${id}-title` },
    h(
      "div.instance-head",
      {},
      h("h3", { id: `${id}-title`, tabindex: -1 }, instanceName(instance.name)),
      instance.health !== "ok" && !instance.waiting && healthBadge(instance.health),
      others.map((version) => versionWords(version, true)),
      instance.commit && h("span.quiet", {}, "module at ", commit(instance.commit)),
      instanceMarks(instance)
    ),
    resources.length > 0 && h("ul.resources", {}, resources.map(resourceView)),
    resources.length === 0 && !instance.waiting && h("p.quiet", {}, "It has no connectors and topics.")
  );
}

function resourceView(resource: Resource): Description {
  const drift = resource.drift ?? [];
  return h(
    "li",
    { key: resource.address },
    h(
      "div.resource",
      {},
      h("span.resource-health", {}, healthBadge(resource.health)),
      h(
        "span.resource-name",
        {},
        h("span.kind", {}, resource.kind),
        h("strong", {}, resource.name),
        resource.cluster && resource.kind === "connector" && h("span.quiet", {}, `on ${resource.cluster}`)
      ),
      h("span.resource-tasks", {}, tasksWords(resource)),
      h(
        "span.resource-version",
        {},
        resource.version &&
          versionWords(
            { plugin: resource.plugin ?? "", running: resource.version, locked: resource.locked ?? null },
            Boolean(resource.plugin)
          )
      )
    ),
    drift.length > 0 &&
      h(
        "p.drift",
        {},
        badge({ icon: "pencil", tone: "wait" }, "changed by hand: "),
        drift.map((key) => h("code", { key }, key))
      ),
    resource.trace && trace(resource.trace, `Trace of ${resource.name}`)
  );
}

function tasksWords(resource: Resource): Child {
  if (resource.kind !== "connector" || resource.tasks === undefined) return null;
  const { tasks, running = 0, state } = resource;
  return [
    `${running} of ${plural(tasks, "task")} running`,
    state && state.toUpperCase() !== "RUNNING" && h("span.quiet", {}, `, ${state.toLowerCase()}`),
  ];
}

function pluginsView(environment: Environment): Description {
  return h(
    "ul.plugins",
    {},
    (environment.plugins ?? []).map(({ name, version }) =>
      h("li", { key: name }, icon("check", "calm"), h("span.plugin", {}, name), h("span.number", {}, version))
    )
  );
}

export function environment(page: Page, name: string): View {
  return new EnvironmentView(page, name);
}
