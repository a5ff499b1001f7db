// SPDX-License-Identifier: Apache-2.0
// Addresses of the page, and what a view is to it.

import type { Child } from "./dom";
import type { ServerEvent } from "./events";
import type { Person, Role } from "./types";

// What a view may ask of the page around it.
export interface Page {
  readonly person: Person;
  may(role: Role): boolean;
  redraw(): void; // soon, once for many calls
  reload(): void; // loads the view again, and draws it
  go(path: string): void;
  say(words: string): void; // to a screen reader
}

export interface View {
  title(): string;
  load(): Promise<void>; // may be called again at any time; what it throws is shown
  render(): Child[]; // after it was loaded
  heard?(event: ServerEvent): void;
  ticks?(): boolean; // shows a time that runs
  left?(): void;
}

export type MakeView = (page: Page, part: string, query: URLSearchParams) => View;

export interface Route {
  pattern: RegExp; // its first group is the view's part
  make: MakeView;
}

interface Place {
  scroll: number;
}

export class Router {
  // `arrived` is told the address, and where to scroll to: null at a new place.
  constructor(private readonly arrived: (scroll: number | null) => void) {
    history.scrollRestoration = "manual";
    document.addEventListener("click", this.click);
    window.addEventListener("popstate", (event) => this.arrived((event.state as Place | null)?.scroll ?? 0));
    window.addEventListener("pagehide", this.remember);
  }

  // Where the reader was when the page was loaded anew.
  start(): void {
    this.arrived((history.state as Place | null)?.scroll ?? null);
  }

  go(path: string): void {
    this.remember();
    history.pushState({ scroll: 0 }, "", path);
    this.arrived(null);
  }

  private readonly remember = (): void => history.replaceState({ scroll: window.scrollY }, "");

  private readonly click = (event: MouseEvent): void => {
    const anchor = event.target instanceof Element ? event.target.closest("a") : null;
    if (!anchor || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const path = anchor.getAttribute("href") ?? "";
    if (!path.startsWith("/") || path.startsWith("/api/")) return;
    event.preventDefault();
    this.go(path);
  };
}

export function find(routes: Route[], path: string): { make: MakeView; part: string } | null {
  for (const { pattern, make } of routes) {
    const match = pattern.exec(path);
    if (match) return { make, part: decodeURIComponent(match[1] ?? "") };
  }
  return null;
}
