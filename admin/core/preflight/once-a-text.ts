/** A parser that reads each text once: a thousand clusters say two or three things. For as long as one check runs. */
export function onceAText<T>(parse: (text: string) => T): (text: string) => T {
  const known = new Map<string, { readonly value: T }>();
  return (text) => {
    const found = known.get(text) ?? { value: parse(text) };
    known.set(text, found);
    return found.value;
  };
}
