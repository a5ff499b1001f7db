// SPDX-License-Identifier: Apache-2.0
// Who has to consent to a plan, who did, and the buttons for those who may.

import { h, type Child, type Description } from "./dom";
import { approvalWords, digest } from "./format";
import { icon } from "./icons";
import { type Doing, problemBox, section, time } from "./parts";
import type { Approval, RunDetail } from "./types";

export interface ApprovalState {
  doing: Doing;
  mayReject: boolean;
  moved: boolean; // the plan changed under the reader's eyes and was not looked at since
  approve(): void;
  look(): void; // at the plan that moved
  reject(): void;
}

export function approvalView(run: RunDetail, state: ApprovalState): Description {
  const approval = run.approval!;
  return section(
    "Approval",
    { id: "approval", class: run.open && approval.may ? "mine" : "" },
    h("p.approval-count", {}, marks(approval), h("strong", {}, approvalWords(approval))),
    h(
      "ul.given",
      { "aria-label": "Given by" },
      approval.given.map(({ by, at }) =>
        h("li", { key: by }, icon("check", "good"), h("strong", {}, by), " ", time(at))
      )
    ),
    run.open && rules(approval),
    run.open && buttons(run, approval, state),
    state.doing.problem && problemBox(state.doing.problem)
  );
}

function marks(approval: Approval): Child {
  return Array.from({ length: approval.needed }, (_, index) =>
    index < approval.given.length ? icon("check", "good") : icon("ring", "calm")
  );
}

function rules(approval: Approval): Child[] {
  const { approvers = [], authors = [], expires } = approval;
  return [
    h(
      "p",
      { key: "who" },
      approvers.length > 0
        ? ["May approve: ", h("strong", {}, approvers.join(", ")), "."]
        : "Every approver may approve."
    ),
    authors.length > 0 &&
      h("p.quiet", { key: "authors" }, `Not ${authors.join(", ")}, who wrote or promoted the change.`),
    expires && h("p.quiet", { key: "expires" }, "Expires ", time(expires), "."),
  ];
}

function buttons(run: RunDetail, approval: Approval, state: ApprovalState): Child[] {
  const { doing, moved } = state;
  const may = approval.may && run.plan;
  return [
    moved &&
      h(
        "p.note",
        { key: "moved", role: "alert" },
        icon("warning"),
        h(
          "span",
          {},
          "The plan moved while you looked. Nothing of the new one is approved by you yet: read it first."
        )
      ),
    !may && approval.why_not && h("p.note", { key: "why" }, icon("stop"), h("span", {}, approval.why_not)),
    h(
      "div.buttons",
      { key: "buttons" },
      may &&
        doing.button(
          "approve",
          moved
            ? "Look at the new plan"
            : doing.busy === "approve"
            ? "Approving…"
            : [icon("check"), "Approve"],
          moved ? state.look : state.approve,
          moved ? "" : "primary"
        ),
      state.mayReject && doing.button("reject", "Reject…", state.reject, "danger")
    ),
    may &&
      h(
        "p.help",
        { key: "digest" },
        "for the plan ",
        h("code", { title: run.plan!.digest }, digest(run.plan!.digest))
      ),
  ];
}
