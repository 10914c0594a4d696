/** The description of the admin API, as its Worker serves it. Nothing of it depends on the platform, so Node will do. */
import { createApp } from "../../admin/app.ts";

export type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly headers: Readonly<Record<string, { readonly example: unknown }>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
};

export type Operation = {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Media; readonly required?: boolean };
  readonly responses: Readonly<
    Record<string, { readonly headers: Readonly<Record<string, unknown>>; readonly content?: Media }>
  >;
};

export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: { readonly example?: unknown };
};

/** As much of one as is looked at. */
export type Schema = {
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
};

type Media = Readonly<Record<string, { readonly example: unknown; readonly schema: Schema }>>;

export async function loadDescription(): Promise<Description> {
  const response = await createApp().request(
    "https://admin.fairlead.example/openapi.json",
    {},
    { ENVIRONMENT: "test" },
  );
  return (await response.json()) as Description; // linted by openapi-lint.test.ts, and then what the type says
}
