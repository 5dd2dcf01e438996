/** What was said in a call, as it is shown beside its sound. Pure. */

/** As much of an utterance as its place in time needs; seconds from the recording's beginning. */
export interface Spoken {
  speaker: string;
  start: number;
  end: number;
}

const FIRST = ["citizen", "agent"];
const LEAD = 0.15; // seconds: a word that is played from its very start seems cut

/** Where to play from so that an utterance is heard whole. */
export function playFrom(one: Spoken): number {
  return Math.max(0, one.start - LEAD);
}

/** The utterance being heard at `time`: of those that overlap the one begun last; or -1. */
export function heardAt(said: readonly Spoken[], time: number): number {
  let found = -1;
  said.forEach((one, index) => {
    if (one.start - LEAD <= time && time < one.end) found = index;
  });
  return found;
}

/** The one to go to from `time` with the key for the next (`1`) or the one before (`-1`). */
export function neighbour(said: readonly Spoken[], time: number, way: 1 | -1): number {
  if (way === 1) {
    const next = said.findIndex((one) => playFrom(one) > time + 0.01);
    return next === -1 ? said.length - 1 : next;
  }
  const here = heardAt(said, time);
  if (here !== -1) return Math.max(0, here - 1);
  const before = said.findLastIndex((one) => one.start < time);
  return Math.max(0, before);
}

/** One speaker's stretches of a recording, as shares of its length. */
export interface Lane {
  speaker: string;
  spans: { index: number; left: number; width: number }[];
}

/** Who speaks when: the citizen first, then the agent, then experts. */
export function lanes(said: readonly Spoken[], seconds: number): Lane[] {
  const speakers = [...new Set(said.map((one) => one.speaker))].sort(
    (a, b) => place(a) - place(b) || a.localeCompare(b),
  );
  return speakers.map((speaker) => ({
    speaker,
    spans: said.flatMap((one, index) =>
      one.speaker === speaker && seconds > 0
        ? [{ index, left: one.start / seconds, width: (one.end - one.start) / seconds }]
        : [],
    ),
  }));
}

function place(speaker: string): number {
  const found = FIRST.indexOf(speaker);
  return found === -1 ? FIRST.length : found;
}

/** A text in pieces, those that are searched for marked. */
export function marked(text: string, words: string): { text: string; hit: boolean }[] {
  const sought = [...new Set(words.split(/\s+/).filter(Boolean))].sort(
    (a, b) => b.length - a.length,
  );
  if (!sought.length) return [{ text, hit: false }];
  const escaped = sought.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text
    .split(new RegExp(`(${escaped.join("|")})`, "iu"))
    .map((piece, index) => ({ text: piece, hit: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}
