/**
 * CDN-Loop (RFC 8586): every request we send names us in it, and one that arrives with our name is refused before it
 * goes round again. The header is a list of `cdn-id *( ; parameter )`; commas and names inside quoted strings count for
 * nothing.
 */

/**
 * Who this edge is in `CDN-Loop`. The environment is part of it: one environment's edge in front of another's is a
 * chain, not a loop. Names of environments are DNS labels, so this is a valid pseudonym.
 */
export function loopIdOf(environment: string): string {
  return `fairlead-${environment}`;
}

/**
 * True when `value` names `loopId`. A header with an unclosed quote has no members that can be relied on; one that holds
 * our id anywhere is refused then. Otherwise a client could open a quote, have us append our id inside of it, and make
 * a loop that nobody ever sees.
 */
export function namesLoopId(value: string | null, loopId: string): boolean {
  if (value === null || !value.toLowerCase().includes(loopId)) return false;
  const members = splitMembers(value);
  return members === undefined || members.some((member) => idOf(member) === loopId);
}

/** Splits at commas outside of quoted strings; undefined when a quote stays open. */
function splitMembers(value: string): string[] | undefined {
  const members: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    const character = value[i];
    if (quoted && character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (character === "," && !quoted) {
      members.push(value.slice(start, i));
      start = i + 1;
    }
  }
  if (quoted) return undefined;
  members.push(value.slice(start));
  return members;
}

/** What is before the parameters; host names compare without case. */
function idOf(member: string): string {
  const semicolon = member.indexOf(";");
  return (semicolon < 0 ? member : member.slice(0, semicolon)).trim().toLowerCase();
}
