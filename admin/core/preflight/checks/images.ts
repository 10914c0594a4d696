/** Images are named by what they are and not by a tag, which others may move between two clusters of one wave. */
import { parseImage } from "../../../../config/image.ts";
import { documentOf, type ExaminedCluster, type PreflightCheck, placed } from "../examined.ts";
import type { Found } from "../finding.ts";

export const checkImages: PreflightCheck = ({ clusters }) => clusters.flatMap(imageFindings);

function imageFindings(cluster: ExaminedCluster): readonly Found[] {
  const { image: text, reports } = cluster.spec;
  const image = text === undefined ? undefined : parseImage(text);
  if (image === undefined) return [];
  const about = { document: documentOf(cluster), clusters: [cluster.name] };
  if (image.digest === undefined) {
    const named = image.tag === undefined ? "without tag and digest" : "by a tag that can be moved";
    const sentence = `The image of ${placed(cluster)} is ${text}, ${named}: what runs may change without anybody's doing.`;
    return [{ code: "image.notPinned", ...about, path: ["spec", "image"], sentence }];
  }
  if (reports?.imageDigest === undefined || reports.imageDigest === image.digest) return [];
  const sentence = `The image of ${placed(cluster)} has the digest ${image.digest}, and the cluster must report ${reports.imageDigest}.`;
  return [{ code: "image.digestMismatch", ...about, path: ["spec", "reports", "imageDigest"], sentence }];
}
