// SPDX-License-Identifier: Apache-2.0
// Asks the server. What fails is a Refusal with the server's own words.

import type { AuditEntry, Environment, Overview, Person, Run, RunDetail } from "./types";

export class Refusal extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    message: string,
    readonly hint: string | null = null
  ) {
    super(message);
  }
}

const DEADLINE_MS = 30_000;

let signedOut: () => void = () => undefined;

// `call` is told when the session is over.
export function onSignedOut(call: () => void): void {
  signedOut = call;
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = method === "GET" ? {} : { "X-Sluice": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), DEADLINE_MS);
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: stop.signal,
      cache: "no-store",
    });
    if (!answer.ok) throw await refusal(answer);
    return answer;
  } catch (error) {
    if (error instanceof Refusal) {
      if (error.status === 401 && path !== "session") signedOut();
      throw error;
    }
    throw new Refusal(0, "The server does not answer.", "Is it running, and is the network there?");
  } finally {
    clearTimeout(timer);
  }
}

async function refusal(answer: Response): Promise<Refusal> {
  try {
    const { error } = (await answer.json()) as { error: { message: string; hint?: string | null } };
    return new Refusal(answer.status, error.message, error.hint ?? null);
  } catch {
    return new Refusal(answer.status, `The server answered ${answer.status} ${answer.statusText}`.trim());
  }
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await ask(method, path, body)).json()) as T;
}

const name = encodeURIComponent;

function query(words: Record<string, string | number | boolean | undefined>): string {
  const set = Object.entries(words).filter(([, value]) => value !== undefined && value !== "");
  return set.length === 0 ? "" : `?${set.map(([key, value]) => `${key}=${name(String(value))}`).join("&")}`;
}

export const api = {
  whoAmI: () => json<Person>("GET", "session"),
  signIn: (token: string) => json<Person>("POST", "session", { token }),
  signOut: async () => void (await ask("DELETE", "session")),
  overview: () => json<Overview>("GET", "environments"),
  environment: (environment: string) => json<Environment>("GET", `environments/${name(environment)}`),
  deploy: (environment: string) => json<Run>("POST", `environments/${name(environment)}/deploy`),
  promote: (environment: string, instances: string[]) =>
    json<Run>("POST", `environments/${name(environment)}/promote`, instances.length > 0 ? { instances } : {}),
  unhold: (environment: string, plugin: string) =>
    json<Run>("POST", `environments/${name(environment)}/unhold`, { plugin }),
  runs: async (filter: { subject?: string; open?: boolean; limit?: number; before?: string }) =>
    (await json<{ runs: Run[] }>("GET", `runs${query(filter)}`)).runs,
  run: (run: string) => json<RunDetail>("GET", `runs/${name(run)}`),
  log: async (run: string, offset: number) =>
    new Uint8Array(await (await ask("GET", `runs/${name(run)}/log${query({ offset })}`)).arrayBuffer()),
  approve: (run: string, digest: string) => json<RunDetail>("POST", `runs/${name(run)}/approve`, { digest }),
  reject: (run: string, reason: string) =>
    json<RunDetail>("POST", `runs/${name(run)}/reject`, reason ? { reason } : {}),
  retry: (run: string) => json<Run>("POST", `runs/${name(run)}/retry`),
  audit: async (filter: { limit?: number; before?: string }) =>
    (await json<{ entries: AuditEntry[] }>("GET", `audit${query(filter)}`)).entries,
};
