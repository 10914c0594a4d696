/** What clusters are handed fits into a header, and what rules and sides go by can be reckoned with ahead of time. */
import type { Finding } from "../findings.ts";
import { flagMember, mayBeMember } from "../flags-header.ts";
import { FLAGS_HEADER_BYTES_MAX } from "../limits.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";

export function checkFlagsHeader({ services, flags }: CheckInput): readonly Finding[] {
  const longest = new Map(
    flags.map(({ document: { metadata, spec } }) => [
      metadata.name,
      Math.max(
        0,
        ...Object.entries(spec.variants).map(([variant, value]) => flagMember(metadata.name, variant, value).length),
      ),
    ]),
  );
  return services.flatMap((service) => {
    const { flags: names = [] } = service.document.spec;
    const bytes = names.reduce((sum, name) => sum + (longest.get(name) ?? 0) + ", ".length, 0);
    const message = `the values of these flags may take ${bytes} bytes of a header, and at most ${FLAGS_HEADER_BYTES_MAX} are sent`;
    return [
      ...names.flatMap((name, index) => {
        if (mayBeMember(name)) return [];
        const path = ["spec", "flags", index];
        const sentence = `"${name}" cannot be sent: the name of a flag that clusters are handed begins with a letter`;
        return [findingAt(service, { code: "field.format", path, message: sentence })];
      }),
      ...(bytes > FLAGS_HEADER_BYTES_MAX
        ? [findingAt(service, { code: "limit.exceeded", path: ["spec", "flags"], message })]
        : []),
    ];
  });
}
