// What a map keeps of the full space, in words.

/** Return a sentence about a quality, which may be null. */
export function kept(quality) {
  const share = quality?.neighbours_kept ?? null;
  if (share === null) return "There are too few words to say what it keeps.";
  const those = share >= 0.35 ? `${Math.round(10 * share)} of 10` : `1 of ${Math.min(999, Math.round(1 / share))}`;
  return `It keeps ${those} true neighbours: near means alike, far means little.`;
}
