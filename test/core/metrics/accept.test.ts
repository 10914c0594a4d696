/** Which format whom: the headers that scrapers really send, and RFC 9110's rules at their edges. */
import { expect, test } from "vitest";
import { chooseFormat } from "../../../admin/core/metrics/accept.ts";

const PROMETHEUS_2_42 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
const PROTOBUF_FIRST =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3";

test.each([
  [undefined, "prometheus"],
  ["", "prometheus"],
  ["*/*", "prometheus"],
  ["text/html,application/xhtml+xml,*/*;q=0.8", "prometheus"],
  ["text/plain", "prometheus"],
  ["application/json", "prometheus"],
  [PROMETHEUS_2_42, "openMetrics"],
  [PROMETHEUS_3, "openMetrics"],
  [PROTOBUF_FIRST, "prometheus"],
  ["application/openmetrics-text", "openMetrics"],
  ["Application/OpenMetrics-Text; Version=1.0.0; Charset=utf-8", "openMetrics"],
  ['application/openmetrics-text; version="1.0.0"', "openMetrics"],
  ["application/openmetrics-text; version=0.0.1", "prometheus"],
  ["application/openmetrics-text; version=2.0.0, text/plain", "prometheus"],
  ["application/openmetrics-text;q=0", "prometheus"],
  ["application/openmetrics-text;q=0.5, text/plain;q=0.5", "openMetrics"],
  ["application/openmetrics-text;q=0.4, text/plain;q=0.5", "prometheus"],
  ["application/openmetrics-text;q=0.4, text/*;q=0.5", "prometheus"],
  ["application/openmetrics-text;q=0.4, text/plain;q=0.3, */*", "openMetrics"],
  ["application/openmetrics-text;q=0.4, */*;q=0.5", "prometheus"],
  ["application/openmetrics-text;q=high, text/plain;q=0.9", "openMetrics"],
])("%s gets %s", (accept, format) => {
  expect(chooseFormat(accept)).toBe(format);
});
