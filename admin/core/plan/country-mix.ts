/**
 * Where clients are until edges have reported some: what plans reckon with, and where the demo's visitors come from.
 * Countries are weighted by how many people use the internet there, in millions, rounded: the country reports of
 * DataReportal's "Digital 2024" (January 2024), which compile figures of the ITU, the World Bank and national bodies.
 * These 29 countries hold about three quarters of the world's internet users; the rest is left out. The figures give a
 * believable spread and are good for nothing else.
 */

export type CountryShare = {
  /** ISO 3166-1 alpha-2, or `XX` and `T1` as Cloudflare gives them: not known, and Tor. */
  readonly code: string;
  readonly name: string;
  readonly usersMillion: number;
  /** A large access network of the country, so that ASN rules have something to match. */
  readonly asn?: number;
};

export const COUNTRY_MIX: readonly CountryShare[] = [
  { code: "CN", name: "China", usersMillion: 1090, asn: 4134 },
  { code: "IN", name: "India", usersMillion: 752, asn: 55836 },
  { code: "US", name: "United States", usersMillion: 331, asn: 7922 },
  { code: "BR", name: "Brazil", usersMillion: 188, asn: 28573 },
  { code: "ID", name: "Indonesia", usersMillion: 185, asn: 7713 },
  { code: "RU", name: "Russia", usersMillion: 130, asn: 12389 },
  { code: "PK", name: "Pakistan", usersMillion: 111, asn: 17557 },
  { code: "MX", name: "Mexico", usersMillion: 107, asn: 8151 },
  { code: "JP", name: "Japan", usersMillion: 104, asn: 4713 },
  { code: "NG", name: "Nigeria", usersMillion: 103, asn: 29465 },
  { code: "PH", name: "Philippines", usersMillion: 87, asn: 9299 },
  { code: "EG", name: "Egypt", usersMillion: 82, asn: 8452 },
  { code: "DE", name: "Germany", usersMillion: 78, asn: 3320 },
  { code: "VN", name: "Vietnam", usersMillion: 78, asn: 45899 },
  { code: "BD", name: "Bangladesh", usersMillion: 77, asn: 24389 },
  { code: "TR", name: "Turkey", usersMillion: 74, asn: 9121 },
  { code: "IR", name: "Iran", usersMillion: 73, asn: 197207 },
  { code: "GB", name: "United Kingdom", usersMillion: 66, asn: 2856 },
  { code: "TH", name: "Thailand", usersMillion: 63, asn: 7470 },
  { code: "FR", name: "France", usersMillion: 61, asn: 3215 },
  { code: "IT", name: "Italy", usersMillion: 52, asn: 3269 },
  { code: "KR", name: "South Korea", usersMillion: 50, asn: 4766 },
  { code: "ES", name: "Spain", usersMillion: 46, asn: 3352 },
  { code: "ZA", name: "South Africa", usersMillion: 45, asn: 29975 },
  { code: "AR", name: "Argentina", usersMillion: 41, asn: 7303 },
  { code: "CO", name: "Colombia", usersMillion: 40, asn: 3816 },
  { code: "CA", name: "Canada", usersMillion: 37, asn: 577 },
  { code: "PL", name: "Poland", usersMillion: 37, asn: 5617 },
  { code: "AU", name: "Australia", usersMillion: 25, asn: 1221 },
  // Not from the source: chosen so that the demo shows the cases without a country every few seconds.
  { code: "XX", name: "(unknown)", usersMillion: 40 },
  { code: "T1", name: "(Tor)", usersMillion: 20 },
];
