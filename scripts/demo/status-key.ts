/**
 * The keys that demo clusters sign their statuses with. Made from a secret of the state folder, so that they are the same
 * after a restart: with new ones every start would change the documents, and with them whatever somebody has done since.
 */
import { createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { STATUS_SIGNATURE_DOMAIN } from "../../config/cluster-status.ts";

/** RFC 8410 §7: what stands in front of the 32 bytes of a private key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

export type StatusKey = {
  /** 32 bytes in base64, as a Cluster document has it. */
  readonly publicKey: string;
  /** The value of the header that goes with a body. */
  readonly signatureOf: (body: string) => string;
};

export function statusKeyOf(secret: string, cluster: string): StatusKey {
  const seed = createHmac("sha256", secret).update(`status key of ${cluster}`).digest();
  const privateKey = createPrivateKey({
    ...{ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" },
  });
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return {
    publicKey: Buffer.from(x, "base64url").toString("base64"),
    signatureOf: (body) => {
      const signature = sign(null, Buffer.from(STATUS_SIGNATURE_DOMAIN + body), privateKey);
      return `ed25519=${signature.toString("base64")}`;
    },
  };
}
