/**
 * The resources of the API, in the order in which a reader should meet them. Every operation names one; the description
 * shows those that have operations.
 */
export const TAGS = [
  {
    name: "service",
    description: "What needs no token: whether this Worker runs, which release it is, what errors mean.",
  },
  { name: "fleet", description: "The declared documents and the live overlays on top of them." },
  { name: "weights", description: "Regional weights of one rule of one route." },
  { name: "drains", description: "Regions and clusters that are taken out of service, and put back." },
  { name: "flags", description: "Flags that gate steering rules and are handed to clusters." },
  { name: "ofrep", description: "The protocol by which SDKs of OpenFeature ask for flags." },
  { name: "revisions", description: "The history: who changed what, when and why, and the way back." },
  { name: "plans", description: "What changes would do, before they are made; several changes as one." },
  { name: "approvals", description: "Changes that wait for a second person." },
  { name: "freezes", description: "Times in which nothing changes but what makes things safer." },
  { name: "overrides", description: "Safety rules that are set aside for a while, by name and on the record." },
  { name: "incidents", description: "What is wrong right now; while a serious one is open, little may be changed." },
  { name: "objectives", description: "What clients are promised in each region, and how much of it is left." },
  { name: "alerts", description: "Error budgets that burn too fast, one alert for each cause." },
  { name: "webhooks", description: "Where alerts and other events are sent, and what came of that." },
  { name: "explain", description: "Where a request would go, and why." },
  { name: "health", description: "What is believed of clusters, by whom, and how it came to that." },
  { name: "events", description: "What happens, as it happens." },
  { name: "status", description: "What clusters say of themselves, signed or asked for." },
  { name: "drift", description: "Where clusters differ from what is declared, and from each other." },
  { name: "timeline", description: "What happened, of every kind, in one order." },
  { name: "delivery", description: "How changes are delivered: the five figures of DORA." },
  { name: "secrets", description: "Which version of each secret clusters use, and its rotation. Never a value." },
  { name: "propagation", description: "How far a revision has travelled." },
  {
    name: "metrics",
    description:
      "What the edges answered, how fast, and what changed just before; and every figure, for monitoring systems.",
  },
  { name: "debug", description: "Tokens that make the edge show its decisions." },
  { name: "audit", description: "The log of every change and refusal, with proofs that nothing in it was altered." },
  { name: "backup", description: "The whole of an environment in one document, and back." },
] as const satisfies readonly { readonly name: string; readonly description: string }[];
