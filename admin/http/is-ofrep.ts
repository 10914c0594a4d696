/** Whether a request is one of OFREP, whose bodies are read and refused in that protocol's own way. */
export function isOfrep(request: { readonly url: string }): boolean {
  return new URL(request.url).pathname.startsWith("/ofrep/");
}
