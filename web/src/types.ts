// SPDX-License-Identifier: Apache-2.0
// What the server tells: the schemas of src/server/openapi.yaml, by hand. Times are ISO 8601.

export type Role = "viewer" | "operator" | "approver";
export type Health = "ok" | "pending" | "failed" | "missing" | "off" | "unknown";

export interface Person {
  name: string;
  roles: Role[];
  groups?: string[];
}

export interface Problem {
  message: string;
  hint?: string | null;
}

export interface Overview {
  project: string | null;
  declarations: { commit?: string | null; branch?: string; title?: string | null; problem?: string | null };
  environments: Environment[];
}

export interface Environment {
  name: string;
  first?: boolean;
  approvals?: number;
  promotion?: "propose" | "manual";
  commit?: string | null;
  applied?: string | null;
  health: Health;
  observed?: string | null;
  problem?: string | null;
  behind?: { commit?: string; run?: string; why?: string } | null;
  run?: string | null;
  promotable?: number;
  holds?: Hold[];
  plugins?: { name: string; version: string }[];
  instances: Instance[];
}

export interface Hold {
  plugin: string;
  version: string;
  why: string;
  run?: string | null;
}

export interface Instance {
  name: string | null; // null: what belongs to no module
  health: Health;
  waiting?: boolean; // for its first promotion
  commit?: string | null;
  versions?: Version[];
  drift?: number;
  resources?: Resource[];
}

export interface Version {
  plugin: string;
  running?: string | null;
  locked?: string | null;
}

export interface Resource {
  address: string;
  kind: "topic" | "connector";
  name: string;
  cluster?: string;
  health: Health;
  state?: string | null;
  tasks?: number;
  running?: number;
  plugin?: string | null;
  version?: string | null;
  locked?: string | null;
  drift?: string[];
  trace?: string | null;
}

export type Cause = "push" | "build" | "promotion" | "retry" | "deploy" | "unhold" | "drift";

export interface Run {
  id: string;
  kind: "build" | "deploy";
  subject: string; // a plugin or an environment
  state: string;
  open: boolean;
  good?: boolean | null;
  cause: Cause;
  title?: string | null;
  commit?: string | null;
  version?: string | null;
  parent?: string | null;
  by?: string | null;
  created: string;
  started?: string | null;
  ended?: string | null;
  message?: string | null;
  hint?: string | null;
}

export interface RunDetail extends Run {
  steps?: Step[];
  artifact?: { maven?: string; version?: string; resolved?: string; size?: number; sha256?: string } | null;
  changes?: Move[];
  plan?: Plan | null;
  approval?: Approval | null;
  trace?: string | null;
  pushed?: string | null;
}

export type StepState = "pending" | "running" | "done" | "failed" | "skipped";

export interface Step {
  name: string;
  state: StepState;
  started?: string | null;
  ended?: string | null;
}

export interface Move {
  kind: "plugin" | "module";
  name: string;
  before?: string | null;
  after?: string | null;
}

export type Operation = "create" | "update" | "state" | "delete" | "rollout" | "settings";

export interface Plan {
  digest: string;
  settings?: boolean;
  created?: string;
  actions: Action[];
  warnings?: string[];
  problems?: { address?: string | null; message: string; hint?: string | null }[];
}

export interface Action {
  id: string;
  address: string;
  operation: Operation;
  changes?: Change[];
  name?: string | null; // of the connector or topic
  drift?: boolean; // changed by hand, not declared anew
  recreate?: boolean;
  stops?: boolean; // rather than being deleted
}

export interface Change {
  key: string;
  old?: string | null;
  new?: string | null;
  sensitive?: boolean;
  deferred?: string | null;
  drift?: boolean;
}

export interface Approval {
  needed: number;
  given: { by: string; at: string }[];
  approvers?: string[]; // empty: everyone with the role
  authors?: string[];
  expires?: string | null;
  may?: boolean;
  why_not?: string | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  by: string;
  act: "approve" | "reject" | "promote" | "retry" | "deploy" | "unhold" | "sign_in";
  run?: string | null;
  environment?: string | null;
  digest?: string | null;
  detail?: string | null;
}
