// SPDX-License-Identifier: Apache-2.0
// Describes what a part of the page should be, and makes it so in place: elements that are there already are
// kept, with their focus, scroll position and selection. Data becomes text and attributes, never markup.
//
//   render(root, [h("ul", {}, names.map((name) => h("li", { key: name }, name)))]);

type Listener = (event: Event) => void;
type Mount = (element: HTMLElement) => void;
type Value = string | number | boolean | null | undefined | Listener | Mount;

// Attributes and `on…` listeners, and three that are no attribute: `key` tells an element from its siblings;
// `mount` is called once, when the element is made; `own` leaves the children to whoever mounted it.
export interface Properties {
  mount?: Mount;
  own?: boolean;
  [attribute: string]: Value;
}

export interface Description {
  type: string; // "tag.class.class": siblings without a key are told apart by it
  key: string | null;
  properties: Properties;
  children: (Description | string)[];
}

export type Child = Description | string | number | null | undefined | false | Child[];

const SVG = new Set(["svg", "path", "circle", "rect"]);
// What the reader changes: set when the element is made, never again.
const READERS_OWN = new Set(["open", "value", "checked", "selected"]);
const NO_ATTRIBUTE = new Set(["key", "mount", "own"]);

const described = new WeakMap<Node, Description>();

export function h(type: string, properties: Properties = {}, ...children: Child[]): Description {
  const key = properties.key ?? properties.id ?? null;
  return { type, key: key === null ? null : String(key), properties, children: flatten(children) };
}

// Makes the content of `root` be what is described. Focus stays where it was; where its element is gone it
// goes to the start of the main content, so that a keyboard does not begin at the top again.
export function render(root: Element, children: Child[]): void {
  const focused = document.activeElement;
  patch(root, flatten(children));
  if (!(focused instanceof HTMLElement) || focused === document.activeElement || focused === document.body)
    return;
  const target = focused.isConnected ? focused : document.getElementById("main");
  target?.focus({ preventScroll: true });
}

function flatten(children: Child[], into: (Description | string)[] = []): (Description | string)[] {
  for (const child of children) {
    if (Array.isArray(child)) flatten(child, into);
    else if (typeof child === "number") into.push(String(child));
    else if (child) into.push(child);
  }
  return into;
}

function patch(parent: Element, wanted: (Description | string)[]): void {
  const there = group(parent);
  const nodes = wanted.map((child) => {
    const node = there.get(identity(child))?.shift();
    return node ? update(node, child) : create(child);
  });
  for (const left of there.values()) left.forEach((node) => node.remove());
  let place = parent.firstChild;
  for (const node of nodes) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}

// The children that are there, by what they may be used for.
function group(parent: Element): Map<string, ChildNode[]> {
  const groups = new Map<string, ChildNode[]>();
  for (const node of Array.from(parent.childNodes)) {
    const description = described.get(node);
    const name = description ? identity(description) : node instanceof Text ? "" : "?";
    const list = groups.get(name);
    if (list) list.push(node);
    else groups.set(name, [node]);
  }
  return groups;
}

function identity(child: Description | string): string {
  return typeof child === "string" ? "" : `${child.type} ${child.key ?? ""}`;
}

function create(child: Description | string): ChildNode {
  if (typeof child === "string") return document.createTextNode(child);
  const [tag = "div", ...classes] = child.type.split(".");
  const element = SVG.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(child.properties)) set(element, child, name, value);
  described.set(element, child);
  patch(element, child.children);
  child.properties.mount?.(element as HTMLElement);
  return element;
}

function update(node: ChildNode, child: Description | string): ChildNode {
  if (typeof child === "string") {
    if (node.textContent !== child) node.textContent = child;
    return node;
  }
  const element = node as Element;
  const before = described.get(element)!.properties;
  for (const [name, value] of Object.entries(child.properties))
    if (before[name] !== value && !READERS_OWN.has(name)) set(element, child, name, value);
  for (const name of Object.keys(before)) if (!(name in child.properties)) set(element, child, name, null);
  described.set(element, child);
  if (!child.properties.own) patch(element, child.children);
  return node;
}

function set(element: Element, child: Description, name: string, value: Value): void {
  if (NO_ATTRIBUTE.has(name)) return;
  if (name.startsWith("on")) {
    (element as unknown as Record<string, unknown>)[name] = value ?? null;
  } else if (name === "class") {
    const fixed = child.type.split(".").slice(1).join(" ");
    element.setAttribute("class", `${fixed} ${value || ""}`.trim());
  } else if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}
