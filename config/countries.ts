/**
 * Where countries are: continent, membership of the European Union, and one point for clients whose own coordinates
 * are missing. Continents use the letters of Cloudflare's `request.cf.continent`. Points are the "geographic
 * coordinates" of the CIA World Factbook (public domain), rounded to whole degrees: good for choosing a region, not
 * for navigation.
 */

/** A continent per line: `code latitude longitude` for each country, ISO 3166-1 alpha-2 (and XK, which is in use). */
const COUNTRIES_BY_CONTINENT = {
  AF: "AO -12 19,BF 13 -2,BI -3 30,BJ 10 2,BW -22 24,CD 0 25,CF 7 21,CG -1 15,CI 8 -5,CM 6 12,CV 16 -24,DJ 12 43,DZ 28 3,EG 27 30,EH 25 -13,ER 15 39,ET 8 38,GA -1 12,GH 8 -2,GM 13 -17,GN 11 -10,GQ 2 10,GW 12 -15,KE 1 38,KM -12 44,LR 7 -9,LS -29 29,LY 25 17,MA 32 -5,MG -20 47,ML 17 -4,MR 20 -12,MU -20 58,MW -13 34,MZ -18 35,NA -22 17,NE 16 8,NG 10 8,RE -21 56,RW -2 30,SC -5 56,SD 15 30,SH -16 -6,SL 9 -11,SN 14 -14,SO 10 49,SS 7 30,ST 1 7,SZ -26 32,TD 15 19,TG 8 1,TN 34 9,TZ -6 35,UG 1 32,YT -13 45,ZA -29 24,ZM -15 30,ZW -20 30",
  AN: "AQ -90 0,BV -54 3,GS -54 -37,HM -53 73,TF -49 69",
  AS: "AE 24 54,AF 33 65,AM 40 45,AZ 41 48,BD 24 90,BH 26 51,BN 5 115,BT 28 91,CC -12 97,CN 35 105,CX -10 106,GE 42 44,HK 22 114,ID -5 120,IL 31 35,IN 20 77,IO -6 72,IQ 33 44,IR 32 53,JO 31 36,JP 36 138,KG 41 75,KH 13 105,KP 40 127,KR 37 128,KW 30 46,KZ 48 68,LA 18 105,LB 34 36,LK 7 81,MM 22 98,MN 46 105,MO 22 114,MV 3 73,MY 3 113,NP 28 84,OM 21 57,PH 13 122,PK 30 70,PS 32 35,QA 26 51,RU 60 100,SA 25 45,SG 1 104,SY 35 38,TH 15 100,TJ 39 71,TM 40 60,TR 39 35,TW 24 121,UZ 41 64,VN 16 108,YE 15 48",
  EU: "AD 43 2,AL 41 20,AT 47 13,AX 60 20,BA 44 18,BE 51 4,BG 43 25,BY 53 28,CH 47 8,CY 35 33,CZ 50 16,DE 51 9,DK 56 10,EE 59 26,ES 40 -4,FI 64 26,FO 62 -7,FR 46 2,GB 54 -2,GG 49 -3,GI 36 -5,GR 39 22,HR 45 16,HU 47 20,IE 53 -8,IM 54 -4,IS 65 -18,IT 43 13,JE 49 -2,LI 47 10,LT 56 24,LU 50 6,LV 57 25,MC 44 7,MD 47 29,ME 43 19,MK 42 22,MT 36 15,NL 53 6,NO 62 10,PL 52 20,PT 40 -8,RO 46 25,RS 44 21,SE 62 15,SI 46 15,SJ 78 20,SK 49 20,SM 44 12,UA 49 32,VA 42 12,XK 43 21",
  NA: "AG 17 -62,AI 18 -63,AW 13 -70,BB 13 -60,BL 19 -63,BM 32 -65,BQ 12 -68,BS 24 -76,BZ 17 -89,CA 60 -95,CR 10 -84,CU 22 -80,CW 12 -69,DM 15 -61,DO 19 -71,GD 12 -62,GL 72 -40,GP 16 -62,GT 16 -90,HN 15 -86,HT 19 -72,JM 18 -77,KN 17 -63,KY 20 -80,LC 14 -61,MF 18 -64,MQ 15 -61,MS 17 -62,MX 23 -102,NI 13 -85,PA 9 -80,PM 47 -56,PR 18 -66,SV 14 -89,SX 18 -63,TC 22 -72,TT 11 -61,US 38 -97,VC 13 -61,VG 18 -65,VI 18 -65",
  OC: "AS -14 -170,AU -27 133,CK -21 -160,FJ -18 175,FM 7 158,GU 13 145,KI 1 173,MH 9 168,MP 15 146,NC -21 166,NF -29 168,NR -1 167,NU -19 -170,NZ -41 174,PF -15 -140,PG -6 147,PN -25 -130,PW 8 135,SB -8 159,TK -9 -172,TL -9 126,TO -20 -175,TV -8 178,UM 19 167,VU -16 167,WF -13 -176,WS -14 -172",
  SA: "AR -34 -64,BO -17 -65,BR -10 -55,CL -30 -71,CO 4 -72,EC -2 -77,FK -52 -59,GF 4 -53,GY 5 -59,PE -10 -76,PY -23 -58,SR 4 -56,UY -33 -56,VE 8 -66",
} as const;

export type Continent = keyof typeof COUNTRIES_BY_CONTINENT;

export const CONTINENTS = Object.keys(COUNTRIES_BY_CONTINENT) as readonly Continent[]; // keys of the literal above

export type Country = {
  readonly code: string;
  readonly continent: Continent;
  readonly latitude: number;
  readonly longitude: number;
};

export const COUNTRIES: ReadonlyMap<string, Country> = new Map(
  CONTINENTS.flatMap((continent) =>
    COUNTRIES_BY_CONTINENT[continent].split(",").map((entry): [string, Country] => {
      const [code = "", latitude, longitude] = entry.split(" ");
      return [code, { code, continent, latitude: Number(latitude), longitude: Number(longitude) }];
    }),
  ),
);

/** The 27 member states (european-union.europa.eu, as of 2026), for answers that lack `isEUCountry`. */
export const EU_COUNTRIES: ReadonlySet<string> = new Set(
  "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split(" "),
);
