// SPDX-License-Identifier: Apache-2.0
// Small drawings beside words; they say nothing to a screen reader, the words do.

import { h, type Description } from "./dom";

const PATHS: Record<string, string> = {
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  dots: "M8 2.2a5.8 5.8 0 1 1-5.8 5.8",
  gap: "M2.5 8h2M7 8h2M11.5 8h2",
  pause: "M5.5 4v8M10.5 4v8",
  question: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.8-1.1 1.6M8 12.4v.1",
  ring: "M8 3.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9",
  skip: "M3.5 8h9M9.5 5l3 3-3 3",
  hand: "M8 2.2a5.8 5.8 0 1 1 0 11.6a5.8 5.8 0 1 1 0-11.6M8 4.8v3.4l2.2 1.6",
  warning: "M8 2.5l6 10.8H2zM8 6.6v3.2M8 11.5v.1",
  pencil: "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2zM9.4 4.4l2.2 2.2",
  stop: "M5.3 2.3h5.4l3 3v5.4l-3 3H5.3l-3-3V5.3zM5 8h6",
  up: "M8 13V3.5M4 7.3l4-4 4 4",
  down: "M8 3v9.5M4 8.7l4 4 4-4",
  right: "M3 8h9.5M8.7 4l4 4-4 4",
  link: "M6.5 9.5l3-3M7 4.8l1.6-1.6a2.9 2.9 0 0 1 4.1 4.1L11.2 9M9 11.2l-1.6 1.6a2.9 2.9 0 0 1-4.1-4.1L4.8 7",
  flash: "M9 1.8L3.5 9H7.6L7 14.2 12.5 7H8.4z",
  sluice: "M4 2v12M12 2v12M4 6.5h8M1.5 10.5q1.6-1.6 3.2 0t3.3 0 3.3 0 3.2 0",
};

export function icon(name: string, tone = ""): Description {
  return h(
    "svg.icon",
    { viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false", class: tone && `tone-${tone}` },
    h("path", { d: PATHS[name] ?? "" })
  );
}
