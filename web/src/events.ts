// SPDX-License-Identifier: Apache-2.0
// One stream of events from the server for the whole page. It is opened again when it breaks, and let go of
// while nobody looks and when the reader leaves: a browser has only six connections to a server, and pages
// that it keeps to go back to would hold theirs.

import type { Run } from "./types";

export type ServerEvent =
  | { kind: "run"; run: Run }
  | { kind: "environment"; name: string }
  | { kind: "log"; run: string; size: number };

export interface EventListener {
  heard(event: ServerEvent): void;
  opened(): void; // what changed before was missed
  lost(refused: boolean): void; // refused: the server answered, and it was no stream
}

const RETRY_MS = 3_000;
const HIDDEN_MS = 60_000;

export class Events {
  private source: EventSource | null = null;
  private timer: number | undefined;
  private ended = false;

  constructor(private readonly listener: EventListener) {
    document.addEventListener("visibilitychange", this.look);
    window.addEventListener("pagehide", this.close);
    window.addEventListener("pageshow", this.look);
    this.open();
  }

  end(): void {
    this.ended = true;
    document.removeEventListener("visibilitychange", this.look);
    window.removeEventListener("pagehide", this.close);
    window.removeEventListener("pageshow", this.look);
    this.close();
  }

  private readonly look = (): void => {
    if (!document.hidden && this.source === null) this.open();
    else if (document.hidden) this.later(() => this.close(), HIDDEN_MS);
    else clearTimeout(this.timer);
  };

  private open(): void {
    this.close();
    const source = new EventSource("/api/v1/events");
    this.source = source;
    source.onopen = () => this.listener.opened();
    source.onerror = () => {
      // The browser tries again by itself, unless the answer was an error.
      const refused = source.readyState === EventSource.CLOSED;
      this.listener.lost(refused);
      if (!refused || this.ended) return;
      this.source = null;
      this.later(() => this.open(), RETRY_MS);
    };
    this.hear(source, "run", (value) => ({ kind: "run", run: value as Run }));
    this.hear(source, "environment", (value) => ({
      kind: "environment",
      name: (value as { name: string }).name,
    }));
    this.hear(source, "log", (value) => ({ kind: "log", ...(value as { run: string; size: number }) }));
  }

  private hear(source: EventSource, name: string, read: (value: unknown) => ServerEvent): void {
    source.addEventListener(name, (event) => {
      this.listener.heard(read(JSON.parse((event as MessageEvent<string>).data)));
    });
  }

  private later(call: () => void, ms: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => !this.ended && call(), ms);
  }

  private readonly close = (): void => {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  };
}
