/** What we use of the messages that OpenTelemetry's SDK generates from opentelemetry-proto; it has no types for them. */
declare module "@opentelemetry/otlp-transformer/build/src/generated/root.js" {
  /** Numbers of 64 bits. */
  type Long = { toString(): string };
  type Point = {
    readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    readonly startTimeUnixNano?: Long;
    readonly timeUnixNano?: Long;
  };
  type NumberPoint = Point & { readonly asInt?: Long; readonly asDouble?: number };
  type HistogramPoint = Point & {
    readonly count?: Long;
    readonly sum?: number;
    readonly bucketCounts: readonly Long[];
    readonly explicitBounds: readonly number[];
  };
  type Metric = {
    readonly name: string;
    readonly unit?: string | null;
    readonly gauge?: { readonly dataPoints: readonly NumberPoint[] };
    readonly sum?: {
      readonly dataPoints: readonly NumberPoint[];
      readonly aggregationTemporality: number;
      readonly isMonotonic: boolean;
    };
    readonly histogram?: { readonly dataPoints: readonly HistogramPoint[]; readonly aggregationTemporality: number };
  };
  type ExportMetricsServiceRequest = {
    readonly resourceMetrics: readonly {
      readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
    }[];
  };

  const root: {
    readonly opentelemetry: {
      readonly proto: {
        readonly collector: {
          readonly metrics: {
            readonly v1: {
              readonly ExportMetricsServiceRequest: {
                fromObject(object: Readonly<Record<string, unknown>>): ExportMetricsServiceRequest;
                toObject(message: ExportMetricsServiceRequest, options: { readonly longs: typeof String }): object;
                encode(message: ExportMetricsServiceRequest): { finish(): Uint8Array };
                decode(bytes: Uint8Array): ExportMetricsServiceRequest;
              };
            };
          };
        };
      };
    };
  };
  export = root;
}
