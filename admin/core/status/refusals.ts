/** What is wrong with a status before anybody reads it, and every fault as the answer to a cluster that has pushed one. */
import type { AdminProblemCode, AdminRefusal } from "../../../config/admin-problems.ts";
import { STATUS_BYTES_MAX } from "../../../config/cluster-status.ts";
import type { StatusFault } from "./read-status.ts";

export const faults = {
  signature: { code: "signature", sentence: "The status is not signed with the key of that cluster." },
  unknownCluster: { code: "unknownCluster", sentence: "The fleet has no cluster of that name." },
  tooLarge: { code: "tooLarge", sentence: `A status may have ${STATUS_BYTES_MAX} bytes at most.` },
  encoding: { code: "encoding", sentence: "The status is not valid UTF-8." },
} as const satisfies Readonly<Record<string, StatusFault>>;

/** A cluster that is not there is answered like one whose signature is wrong, so that strangers cannot tell. */
const CODES: Readonly<Record<StatusFault["code"], AdminProblemCode>> = {
  signature: "signatureInvalid",
  unknownCluster: "signatureInvalid",
  tooLarge: "bodyTooLarge",
  encoding: "bodyMalformed",
  json: "bodyMalformed",
  shape: "statusInvalid",
  otherCluster: "statusInvalid",
  clock: "statusInvalid",
  notNewer: "statusReplayed",
};

export function refusalOf({ code, sentence, errors }: StatusFault): AdminRefusal {
  return { code: CODES[code], detail: sentence, ...(errors === undefined ? {} : { errors }) };
}
