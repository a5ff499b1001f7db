// SPDX-License-Identifier: Apache-2.0
// What people did, the newest first.

import { api } from "./api";
import { h, type Child, type Description } from "./dom";
import { digest } from "./format";
import { Doing, environmentPath, link, NARROW, problemBox, runPath, time } from "./parts";
import type { Page, View } from "./router";
import type { AuditEntry } from "./types";

const PAGE_SIZE = 100;

const ACTS: Record<AuditEntry["act"], string> = {
  approve: "approved",
  reject: "rejected",
  promote: "promoted",
  retry: "retried",
  deploy: "deployed",
  unhold: "let in",
  sign_in: "signed in",
};

class AuditView implements View {
  private entries: AuditEntry[] = [];
  private more = false;
  private readonly doing: Doing;

  constructor(private readonly page: Page) {
    this.doing = new Doing(page.redraw);
    NARROW.addEventListener("change", page.redraw);
  }

  left(): void {
    NARROW.removeEventListener("change", this.page.redraw);
  }

  title(): string {
    return "Audit";
  }

  async load(): Promise<void> {
    this.entries = await api.audit({ limit: PAGE_SIZE });
    this.more = this.entries.length === PAGE_SIZE;
  }

  render(): Child[] {
    return [
      h("h1", { tabindex: -1 }, "Audit"),
      h("p.lead", {}, "What people did, the newest first."),
      this.entries.length > 0 ? entriesView(this.entries) : h("p.quiet", {}, "Nobody did anything yet."),
      this.doing.problem && problemBox(this.doing.problem),
      this.more && this.doing.button("older", "Older entries", () => void this.older()),
    ];
  }

  private async older(): Promise<void> {
    await this.doing.run("older", async () => {
      const before = this.entries[this.entries.length - 1]!.id;
      const entries = await api.audit({ limit: PAGE_SIZE, before });
      this.entries.push(...entries);
      this.more = entries.length === PAGE_SIZE;
    });
  }
}

function entriesView(entries: AuditEntry[]): Description {
  return NARROW.matches ? h("ul.audit-list", {}, entries.map(item)) : table(entries);
}

function item(entry: AuditEntry): Description {
  return h(
    "li",
    { key: entry.id },
    h(
      "div",
      {},
      h("strong", {}, entry.by),
      " ",
      ACTS[entry.act] ?? entry.act,
      " ",
      whereView(entry),
      " ",
      runView(entry)
    ),
    h("div.quiet", {}, time(entry.at), " ", detailView(entry))
  );
}

function whereView(entry: AuditEntry): Child {
  return entry.environment && link(environmentPath(entry.environment), entry.environment);
}

// The end of its id: what tells runs apart.
function runView(entry: AuditEntry): Child {
  return entry.run && h("a.mono", { href: runPath(entry.run), title: entry.run }, `…${entry.run.slice(-6)}`);
}

function detailView(entry: AuditEntry): Child[] {
  return [entry.detail, entry.digest && h("code.commit", { title: entry.digest }, digest(entry.digest))];
}

function table(entries: AuditEntry[]): Description {
  const columns = ["When", "Who", "Did", "Where", "Run", "Detail"];
  return h(
    "div.table-room",
    { tabindex: 0, role: "group", "aria-label": "What people did" },
    h(
      "table.audit",
      {},
      h("caption.hidden-words", {}, "What people did"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => h("th", { scope: "col", key: column }, column))
        )
      ),
      h("tbody", {}, entries.map(row))
    )
  );
}

function row(entry: AuditEntry): Description {
  return h(
    "tr",
    { key: entry.id },
    h("td", {}, time(entry.at)),
    h("td", {}, h("strong", {}, entry.by)),
    h("td", {}, ACTS[entry.act] ?? entry.act),
    h("td", {}, whereView(entry)),
    h("td", {}, runView(entry)),
    h("td", {}, detailView(entry))
  );
}

export function audit(page: Page): View {
  return new AuditView(page);
}
