// SPDX-License-Identifier: Apache-2.0
// Words and numbers as people read them.

import type { Approval, Cause, Health, Run, RunDetail, StepState } from "./types";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// The first ten digits of a commit, a tag or a version as it is.
export function commit(id: string): string {
  return /^[0-9a-f]{40}$/.test(id) ? id.slice(0, 10) : id;
}

// "sha256:0123456789"
export function digest(text: string): string {
  const [algorithm, hex] = text.includes(":") ? text.split(":", 2) : ["", text];
  return (algorithm ? `${algorithm}:` : "") + (hex ?? "").slice(0, 10);
}

// A length of time, in two units at most: "840 ms" is "0.8 s".
export function duration(ms: number): string {
  if (ms < 10 * SECOND) return `${(Math.max(0, ms) / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return two(Math.floor(ms / MINUTE), "min", Math.floor((ms % MINUTE) / SECOND), "s");
  if (ms < DAY) return two(Math.floor(ms / HOUR), "h", Math.floor((ms % HOUR) / MINUTE), "min");
  return two(Math.floor(ms / DAY), "d", Math.floor((ms % DAY) / HOUR), "h");
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

export function between(from: string, to: string | null | undefined): string {
  return duration((to ? Date.parse(to) : Date.now()) - Date.parse(from));
}

// "just now", "4 min ago", "in 20 h"; a date after a week.
export function relative(time: string): string {
  const distance = Date.parse(time) - Date.now();
  const size = Math.abs(distance);
  if (Number.isNaN(size)) return time;
  if (size < 45 * SECOND) return distance > 0 ? "in a moment" : "just now";
  if (size > 7 * DAY) return new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
  const words =
    size < 90 * MINUTE
      ? `${Math.round(size / MINUTE)} min`
      : size < 36 * HOUR
      ? `${Math.round(size / HOUR)} h`
      : plural(Math.round(size / DAY), "day");
  return distance > 0 ? `in ${words}` : `${words} ago`;
}

export function absolute(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KB`;
  return `${(size / 1024 / 1024).toFixed(1)} MB`;
}

export const HEALTH: Record<Health, { word: string; icon: string; tone: string }> = {
  ok: { word: "healthy", icon: "check", tone: "good" },
  pending: { word: "starting", icon: "dots", tone: "busy" },
  failed: { word: "failed", icon: "cross", tone: "bad" },
  missing: { word: "missing", icon: "gap", tone: "bad" },
  off: { word: "switched off", icon: "pause", tone: "calm" },
  unknown: { word: "unknown", icon: "question", tone: "calm" },
};

export const STEP: Record<StepState, { word: string; icon: string; tone: string }> = {
  pending: { word: "not yet", icon: "ring", tone: "calm" },
  running: { word: "running", icon: "dots", tone: "busy" },
  done: { word: "done", icon: "check", tone: "good" },
  failed: { word: "failed", icon: "cross", tone: "bad" },
  skipped: { word: "skipped", icon: "skip", tone: "calm" },
};

// Of the step at which a run waits for people.
export const WAITING_STEP = { word: "waiting", icon: "hand", tone: "wait" };

// The states of a run that have better words than their names; the others are read as they are.
const STATES: Record<string, string> = {
  waiting: "waits for approval",
  queued: "waits for its turn",
  done: "done",
  rolled_back: "went back",
};

export function stateWords(run: Run): string {
  return STATES[run.state] ?? run.state.replace(/_/g, " ");
}

export function waitsForApproval(run: Run): boolean {
  return run.open && run.state === "waiting";
}

export function stateLook(run: Run): { icon: string; tone: string } {
  if (waitsForApproval(run)) return { icon: "hand", tone: "wait" };
  if (run.open) return { icon: "dots", tone: "busy" };
  if (run.good === true) return { icon: "check", tone: "good" };
  if (run.good === false) return { icon: "cross", tone: "bad" };
  return { icon: "skip", tone: "calm" };
}

// "Deploy to prod", "Build of orders-source"
export function runName(run: Run): string {
  return run.kind === "build" ? `Build of ${run.subject}` : `Deploy to ${run.subject}`;
}

const CAUSES: Record<Cause, string> = {
  push: "push",
  build: "build",
  promotion: "promotion",
  retry: "retry",
  deploy: "asked for",
  unhold: "version let in",
  drift: "changed by hand",
};

export function causeWords(run: Run): string {
  return CAUSES[run.cause] ?? run.cause;
}

export function approvalWords(approval: Approval): string {
  return `${approval.given.length} of ${plural(approval.needed, "approval")}`;
}

export function runTime(run: Run | RunDetail): string | null {
  return run.started ? between(run.started, run.ended) : null;
}

export function instanceName(name: string | null): string {
  return name ?? "of no module";
}
