// Numbers, shares and times as a person reads them.

const MINUS = "\u2212";
const THOUSANDS = new Intl.NumberFormat("en");

/** A score or margin with so many digits; a dash where there is none. */
export const score = (value, digits = 2) =>
  value === null || value === undefined ? "\u2013" : value.toFixed(digits).replace("-", MINUS);

export const count = (value) => THOUSANDS.format(value);

/** "1 word", "2,000 words". */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

export const percent = (share, digits = 0) => (share === null || share === undefined ? "\u2013" : `${(100 * share).toFixed(digits)} %`);

export const seconds = (value) => (value === null || value === undefined ? "\u2013" : value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`);

/** An amount: cents from a dollar on, millionths of a dollar below. */
export const dollars = (usd) => `USD ${usd >= 1 || usd === 0 ? usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }) : usd.toFixed(6)}`;

export const bytes = (value) => (value < 1e6 ? `${Math.round(value / 1e3)} KB` : `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} MB`);

/** The local date and time of an RFC 3339 text. */
export const when = (stamp) => new Date(stamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
