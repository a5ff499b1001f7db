// SPDX-License-Identifier: Apache-2.0
// Starts the page: who is asking, which view the address means, and what the server tells meanwhile.

import { api, onSignedOut, Refusal } from "./api";
import { audit } from "./audit";
import { h, render, type Child, type Description } from "./dom";
import { environment } from "./environment";
import { Events, type ServerEvent } from "./events";
import { icon } from "./icons";
import { listenToKeys, showKeys } from "./keys";
import { overview } from "./overview";
import { paced } from "./pace";
import { badge, link, problemBox } from "./parts";
import { find, Router, type MakeView, type Page, type Route, type View } from "./router";
import { run } from "./run";
import { runs } from "./runs";
import { SignIn } from "./signin";
import type { Person, Problem, Role } from "./types";

const ROUTES: Route[] = [
  { pattern: /^\/$/, make: overview },
  { pattern: /^\/environments\/([^/]+)$/, make: environment },
  { pattern: /^\/runs\/([^/]+)$/, make: run },
  { pattern: /^\/runs$/, make: runs },
  { pattern: /^\/audit$/, make: audit },
];
const PLACES: [path: string, words: string][] = [
  ["/", "Overview"],
  ["/runs", "Runs"],
  ["/audit", "Audit"],
];
const TICK_MS = 1_000;
const SLOW_TICK_MS = 20_000;
const RELOAD_PACE_MS = 500;

const notFound: MakeView = () => ({
  title: () => "There is no such page",
  load: () => Promise.resolve(),
  render: () => [
    h("h1", { tabindex: -1 }, "There is no such page"),
    h("p", {}, "The ", link("/", "overview"), " has everything that runs."),
  ],
});

class Application implements Page {
  private readonly root = document.createElement("div");
  private readonly router = new Router((scroll) => this.arrive(scroll));
  private readonly signIn = new SignIn(
    () => this.redraw(),
    (person) => this.enter(person)
  );
  private somebody: Person | null = null;
  private asked = false; // whether the server said who is asking
  private events: Events | null = null;
  private lost = false;
  private view: View | null = null;
  private loaded = false;
  private missed = false; // something may have changed since the view began to load
  private problem: Problem | null = null;
  private said = "";
  private drawing = false;
  readonly redraw = (): void => this.drawSoon();
  readonly reload = paced(() => this.load(), RELOAD_PACE_MS);
  readonly go = (path: string): void => this.router.go(path);

  get person(): Person {
    return this.somebody!;
  }

  may(role: Role): boolean {
    return this.somebody?.roles.includes(role) ?? false;
  }

  say(words: string): void {
    this.said = words;
    this.redraw();
  }

  async start(): Promise<void> {
    this.root.id = "page";
    document.body.append(this.root);
    onSignedOut(() => this.leave());
    listenToKeys((path) => this.somebody && this.go(path));
    setInterval(() => this.view?.ticks?.() && this.redraw(), TICK_MS);
    setInterval(() => this.redraw(), SLOW_TICK_MS);
    try {
      this.enter(await api.whoAmI());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.asked = error.status === 401;
      this.problem = this.asked ? null : error;
      this.redraw();
    }
  }

  private enter(person: Person): void {
    this.asked = true;
    this.somebody = person;
    this.problem = null;
    this.events = new Events({
      heard: (event) => this.heard(event),
      opened: () => this.opened(),
      lost: (refused) => this.lostEvents(refused),
    });
    this.router.start();
  }

  private leave(): void {
    if (!this.somebody) return;
    this.somebody = null;
    this.lost = false;
    this.events?.end();
    this.dropView();
    this.redraw();
  }

  private heard(event: ServerEvent): void {
    this.view?.heard?.(event);
  }

  // What happened while there was no connection was not heard.
  private opened(): void {
    this.setLost(false);
    if (this.loaded) this.reload();
    else this.missed = true;
  }

  private lostEvents(refused: boolean): void {
    this.setLost(true);
    if (refused) void this.checkSession();
  }

  // A server that takes no stream of events may have ended the session.
  private async checkSession(): Promise<void> {
    try {
      await api.whoAmI();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) this.leave();
    }
  }

  private setLost(lost: boolean): void {
    this.lost = lost;
    this.redraw();
  }

  private dropView(): void {
    this.view?.left?.();
    this.view = null;
    this.loaded = false;
    this.problem = null;
  }

  // A new address: its view is made, loaded, shown, and the focus put where reading begins.
  private arrive(scroll: number | null): void {
    if (!this.somebody) return;
    this.dropView();
    const route = find(ROUTES, location.pathname);
    const view = (route?.make ?? notFound)(this, route?.part ?? "", new URLSearchParams(location.search));
    this.view = view;
    this.redraw();
    void this.load().then(() => view === this.view && this.settle(scroll));
  }

  private async load(): Promise<void> {
    const view = this.view;
    try {
      await view?.load();
      if (view !== this.view) return;
      this.loaded = view !== null;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (view !== this.view) return;
      this.problem = error;
    }
    this.redraw();
  }

  private settle(scroll: number | null): void {
    this.draw();
    const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const heading = place
      ? place.querySelector<HTMLElement>("[tabindex]")
      : this.root.querySelector<HTMLElement>("main h1");
    heading?.focus({ preventScroll: true });
    if (scroll) window.scrollTo(0, scroll);
    else if (place) place.scrollIntoView({ block: "start" });
    else window.scrollTo(0, 0);
    if (this.missed && this.loaded) this.reload();
    this.missed = false;
  }

  private drawSoon(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.draw();
    });
  }

  private draw(): void {
    document.title = `${this.titleWords()} · Sluice`;
    render(this.root, [
      this.somebody && this.headerView(),
      h(
        "main",
        { id: "main", tabindex: -1, key: this.somebody ? location.pathname : "sign-in" },
        this.mainView()
      ),
      h("div.hidden-words", { id: "said", role: "status", "aria-live": "polite" }, this.said),
    ]);
  }

  private titleWords(): string {
    if (!this.somebody) return "Sign in";
    if (this.view && this.loaded) return this.view.title();
    return this.problem ? "Something is wrong" : "Loading";
  }

  private mainView(): Child[] {
    if (!this.asked) return [this.problem && this.troubleView(this.problem)];
    if (!this.somebody) return this.signIn.render();
    return [
      this.problem && this.troubleView(this.problem),
      this.view && this.loaded
        ? h("div.view", { key: location.pathname }, this.view.render())
        : !this.problem && h("p.loading", { role: "status" }, "Loading…"),
    ];
  }

  private troubleView(problem: Problem): Description {
    const again = (): void => (this.view ? this.reload() : location.reload());
    const retry = h("button.small", { type: "button", onclick: again }, "Try again");
    return h(
      "div.trouble",
      {},
      !this.loaded && h("h1", { tabindex: -1 }, "Something is wrong"),
      problemBox(problem, retry)
    );
  }

  private headerView(): Child[] {
    const { name, roles } = this.person;
    return [
      h("a.skip", { href: "#main", onclick: (event: Event) => this.skip(event) }, "Skip to the content"),
      h(
        "header",
        {},
        h("a.home", { href: "/" }, icon("sluice"), "Sluice"),
        h(
          "nav",
          { "aria-label": "Main" },
          PLACES.map(([path, words]) => this.placeView(path, words))
        ),
        this.lost &&
          h("div.lost", { role: "status" }, badge({ icon: "warning", tone: "bad" }, "Not live: connecting…")),
        h(
          "div.person",
          {},
          h("span.person-name", { title: roles.join(", ") }, name),
          h(
            "button.quiet-button",
            {
              type: "button",
              onclick: showKeys,
              "aria-label": "Keyboard shortcuts",
              title: "Keyboard shortcuts (?)",
            },
            "?"
          ),
          h("button.quiet-button", { type: "button", onclick: () => void this.signOut() }, "Sign out")
        )
      ),
    ];
  }

  private placeView(path: string, words: string): Description {
    const here = path === "/" ? location.pathname === "/" : location.pathname.startsWith(path);
    return h("a", { key: path, href: path, "aria-current": here && "page" }, words);
  }

  private skip(event: Event): void {
    event.preventDefault();
    document.getElementById("main")?.focus();
  }

  private async signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) {
        this.problem = error instanceof Refusal ? error : { message: "Signing out failed." };
        this.redraw();
        return;
      }
    }
    this.leave();
  }
}

void new Application().start();
